"""Turn samples into 16-bit mono levels by audiowaveform's rules."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.kernels import (
    INT16_MAX,
    INT16_MIN,
    channel_sum,
    divide_towards_zero,
)
from waveflow.audio.stream import Rounding, Samples

FLOAT_SCALE = 32_767
FLOOR_SCALE = 32_768
# Flooring each channel loses half a step on average; the sum is floored once.
FLOOR_LOSS = 0.5


def summed(
    block: Samples, rounding: Rounding, *, loudest: float | None = None
) -> NDArray[Any]:
    """Add the channels of each frame in units that `settled` understands.

    Parameters
    ----------
    block
        Shape (frames, channels).
    rounding
        How the source's samples become 16 bits.
    loudest
        The block's largest magnitude in units of full scale, where it is known.

    Returns
    -------
    NDArray
        Shape (frames,); exact integers, or floats for lossy sources.
    """
    if rounding is Rounding.SHIFT:
        return channel_sum(block if block.dtype == np.int16 else block >> 16)
    if block.dtype != np.float32:
        return channel_sum(block >> 16 if block.dtype == np.int32 else block)
    if rounding is Rounding.TRUNCATE:
        scaled = block * np.float32(FLOAT_SCALE)
        if loudest is None or loudest > 1:
            np.clip(scaled, INT16_MIN, INT16_MAX, out=scaled)
        np.trunc(scaled, out=scaled)  # sums of a few integers stay exact
        return channel_sum(scaled)
    if loudest is None or loudest > 1:
        block = np.clip(block, -1, 1)
    return channel_sum(block)


def settled(
    extremes: NDArray[Any], channels: int, *, rounding: Rounding
) -> NDArray[np.int16]:
    """Turn sums of channels into 16-bit levels.

    Rounding is monotonic, so it is done on the extremes alone.

    Parameters
    ----------
    extremes
        Sums over channels.
    channels
        How many were summed.
    rounding
        As for `summed`.

    Returns
    -------
    NDArray
        int16, clipped, same shape.
    """
    if extremes.dtype.kind == "f" and rounding is Rounding.FLOOR:
        lost = FLOOR_LOSS * (channels - 1)
        extremes = np.floor(extremes * float(FLOOR_SCALE) - lost)
    elif extremes.dtype.kind == "f" and rounding is Rounding.NEAREST:
        extremes = np.rint(extremes * float(FLOAT_SCALE))
    mean = divide_towards_zero(extremes, channels)
    return np.clip(mean, INT16_MIN, INT16_MAX).astype(np.int16)


def eight_bits(levels: NDArray[np.int16]) -> NDArray[np.int8]:
    """Keep the upper eight bits, rounded towards zero.

    Parameters
    ----------
    levels
        16-bit levels.

    Returns
    -------
    NDArray
        int8, same shape.
    """
    return divide_towards_zero(levels, 256).astype(np.int8)
