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
        Shape (n,).
    starts
        The index at which each bucket starts, rising strictly, the first at 0.

    Returns
    -------
    tuple
        Two arrays, one value for each bucket.
    """
    return np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)


def magnitudes(block: Samples, starts: NDArray[np.int64]) -> NDArray[np.float64]:
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
        folded = [fold(channel, starts) for channel in block.T]
        low = np.min([low for low, _ in folded], axis=0)
        high = np.max([high for _, high in folded], axis=0)
    # Adding 0 turns the -0.0 of silence into 0.0.
    return np.maximum(high.astype(np.float64), -low.astype(np.float64)) + 0.0


def channel_sum(block: Samples) -> Samples:
    """Add the channels of each audio frame without integer overflow.

    Parameters
    ----------
    block
        Shape (frames, channels), int16, int32 with 16-bit values, or float32.

    Returns
    -------
    NDArray
        Shape (frames,); integers stay exact.
    """
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    if block.dtype == np.int16 and channels == STEREO and block.flags.c_contiguous:
        return _stereo_sum(block.view(np.int32)[:, 0])
    wide = np.int32 if block.dtype == np.int16 else block.dtype
    total: Samples = np.add(block[:, 0], block[:, 1], dtype=wide)
    for channel in range(2, channels):
        np.add(total, block[:, channel], out=total)
    return total


def _stereo_sum(pairs: NDArray[np.int32]) -> NDArray[np.int32]:
    """Add left and right 16-bit samples that are packed into one int32 each."""
    low = pairs << 16
    low >>= 16
    low += pairs >> 16
    return low


def divide_towards_zero(values: NDArray[Number], divisor: int) -> NDArray[np.int64]:
    """Divide integers by a divisor above 0, rounding towards zero as C does."""
    wide = values.astype(np.int64)
    quotient: NDArray[np.int64] = np.sign(wide) * (np.abs(wide) // divisor)
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
    channels = block.shape[1]
    full_scale = FULL_SCALE[block.dtype.str[1:]]
    if block.dtype == np.int32:
        block = block.astype(np.float32)
    return channel_sum(block).astype(np.float32) * np.float32(
        1 / (full_scale * channels)
    )
