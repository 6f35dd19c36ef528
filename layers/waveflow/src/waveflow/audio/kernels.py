"""Reduce arrays of samples with plain NumPy."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.stream import FULL_SCALE, Samples

Number = TypeVar("Number", bound=np.number[Any])

STEREO = 2
INT16_MIN, INT16_MAX = -32_768, 32_767


def fold(
    values: NDArray[Number], starts: NDArray[np.int64]
) -> tuple[NDArray[Number], NDArray[Number]]:
    """Return the smallest and the largest value of each bucket of samples.

    Parameters
    ----------
    values
        Shape (n,) or (n, channels).
    starts
        The index at which each bucket starts, rising strictly, the first at 0.
    """
    return np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)


def magnitudes(block: Samples, starts: NDArray[np.int64]) -> NDArray[np.floating]:
    """Return the largest magnitude of each bucket, over all channels.

    Parameters
    ----------
    block
        Shape (frames, channels).
    starts
        The frame at which each bucket starts.

    Returns
    -------
    NDArray
        Shape (buckets,), in the units of the block.
    """
    if block.flags.c_contiguous:
        low, high = fold(block.reshape(-1), starts * block.shape[1])
    else:
        lows, highs = fold(block, starts)
        low, high = lows.min(axis=1), highs.max(axis=1)
    # Floats stay as they are: NumPy would warn of a signalling NaN that it converts.
    wide = np.float64 if block.dtype.kind == "i" else block.dtype
    largest: NDArray[np.floating] = np.maximum(high, np.negative(low, dtype=wide))
    return largest


def channel_sum(
    block: Samples, *, out: Samples | None = None, spare: Samples | None = None
) -> Samples:
    """Add the channels of each audio frame without integer overflow.

    Parameters
    ----------
    block
        Shape (frames, channels), int16, int32 with 16-bit values, or float32.
    out, spare
        Shape (frames,), int32 or float32: memory for the sum, and for int16.

    Returns
    -------
    NDArray
        Shape (frames,); integers stay exact.
    """
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    pairs = int16_pairs(block)
    if pairs is not None:
        left = np.left_shift(pairs, 16, out=out)
        left >>= 16
        return np.add(left, np.right_shift(pairs, 16, out=spare), out=left)
    wide = np.int32 if block.dtype == np.int16 else block.dtype
    total: Samples = np.add(block[:, 0], block[:, 1], dtype=wide, out=out)
    for channel in range(2, channels):
        np.add(total, block[:, channel], out=total)
    return total


def int16_pairs(block: Samples) -> NDArray[np.int32] | None:
    """Return interleaved 16-bit stereo as one int32 a frame, None for other blocks.

    The upper half of an int32 is the right channel.
    """
    is_stereo = block.dtype == np.int16 and block.shape[1] == STEREO
    if not (is_stereo and block.flags.c_contiguous):
        return None
    return block.view(np.int32)[:, 0]


def divide_towards_zero(
    values: NDArray[Number], divisor: int
) -> NDArray[np.int32 | np.int64]:
    """Divide whole numbers by a divisor above 0, rounding towards zero as C does."""
    is_narrow = values.dtype.kind == "i" and values.itemsize <= np.int32().itemsize
    quotient: NDArray[np.int32 | np.int64] = values.astype(
        np.int32 if is_narrow else np.int64
    )
    # NumPy rounds downwards: a negative number is raised first.
    np.add(quotient, divisor - 1, out=quotient, where=quotient < 0)
    quotient //= divisor
    return quotient


def mono(block: Samples) -> NDArray[np.float32]:
    """Average the channels of each audio frame to one channel.

    Parameters
    ----------
    block
        Shape (frames, channels).

    Returns
    -------
    NDArray
        Shape (frames,), in units of full scale; never a view.
    """
    scale = np.float32(1 / (FULL_SCALE[block.dtype.str[1:]] * block.shape[1]))
    if block.dtype == np.int32:
        block = block.astype(np.float32)
    return channel_sum(block).astype(np.float32) * scale
