"""Turn samples into 16-bit mono levels by audiowaveform's rounding."""

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.kernels import (
    INT16_MAX,
    INT16_MIN,
    channel_sum,
    divide_towards_zero,
)
from waveflow.audio.stream import Rounding, Samples

# Sums over channels, in units that `to_16_bits` understands.
Sums = Samples

INT16_BYTES = 2
FLOAT_SCALE = 32_767
FLOOR_SCALE = 32_768
# audiowaveform clips what libmad decodes to plus and minus 32,767.
MAD_LOWEST = -32_767 / FLOOR_SCALE
# Flooring each channel loses half a step on average; the sum is floored once.
FLOOR_LOSS = 0.5


def sum_channels(
    block: Samples, rounding: Rounding, *, loudest: float | None = None
) -> Sums:
    """Sum the channels of each audio frame, ready for `to_16_bits` to round.

    Parameters
    ----------
    block
        Shape (frames, channels).
    loudest
        The block's largest magnitude in units of full scale, where it is known:
        a block within full scale need not be clipped.

    Returns
    -------
    NDArray
        Shape (frames,); exact integers, or floats for lossy sources.
    """
    if block.dtype.kind == "i":
        wide = block.dtype.itemsize > INT16_BYTES
        return channel_sum(np.right_shift(block, 16) if wide else block)
    if rounding is Rounding.TRUNCATE:
        scaled = block * np.float32(FLOAT_SCALE)
        if loudest is None or loudest > 1:
            np.clip(scaled, INT16_MIN, INT16_MAX, out=scaled)
        np.trunc(scaled, out=scaled)  # sums of a few integers stay exact
        return channel_sum(scaled)
    lowest = MAD_LOWEST if rounding is Rounding.FLOOR else -1.0
    if loudest is None or loudest > -lowest:
        block = block.clip(lowest, 1)
    return channel_sum(block)


def to_16_bits(
    extremes: Sums, channels: int, *, rounding: Rounding
) -> NDArray[np.int16]:
    """Turn sums of channels into 16-bit mono levels, clipped.

    Rounding is monotonic, so that only the extremes need it.

    Parameters
    ----------
    channels
        The number of channels that were summed.

    Returns
    -------
    NDArray
        Clipped, of the same shape.
    """
    values: NDArray[np.number] = extremes
    if extremes.dtype.kind == "f" and rounding is Rounding.FLOOR:
        lost = FLOOR_LOSS * (channels - 1)
        values = np.floor(extremes * float(FLOOR_SCALE) - lost)
    elif extremes.dtype.kind == "f" and rounding is Rounding.NEAREST:
        values = np.rint(extremes * float(FLOAT_SCALE))
    mean = divide_towards_zero(values, channels)
    return np.clip(mean, INT16_MIN, INT16_MAX).astype(np.int16)


def to_8_bits(levels: NDArray[np.int16]) -> NDArray[np.int8]:
    """Turn 16-bit levels into 8-bit levels, rounded towards zero."""
    return divide_towards_zero(levels, 256).astype(np.int8)
