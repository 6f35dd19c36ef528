"""Turn samples into 16-bit mono levels by audiowaveform's rounding."""

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import kernels
from waveflow.audio.kernels import INT16_MAX, INT16_MIN
from waveflow.audio.stream import Rounding, Samples

HALF = 0.5  # of full scale: the sum of two quieter channels is within 16 bits
UPPER_PLUS_LOWER = np.int32(0x1_0001)  # factor that adds the lower half to the upper
FLOAT_SCALE = 32_767
FLOOR_SCALE = 32_768
# audiowaveform clips what libmad decodes to plus and minus 32,767.
MAD_LOWEST = -32_767 / FLOOR_SCALE
# Flooring each channel loses half a step on average; the sum is floored once.
FLOOR_LOSS = 0.5


class ChannelSums:
    """Sum the channels of blocks by audiowaveform's rules, in memory that is reused."""

    def __init__(self, rounding: Rounding) -> None:
        self._rounding = rounding
        self._changed: Samples = np.empty((0, 0), np.float32)
        self._total: Samples = np.empty(0, np.float32)

    def fold(
        self, block: Samples, starts: NDArray[np.int64], *, loudest: float = np.inf
    ) -> tuple[Samples, Samples]:
        """Return the smallest and the largest sum of channels in each bucket.

        Parameters
        ----------
        block, starts
            Shape (frames, channels), and the frame at which each bucket starts.
        loudest
            The block's largest magnitude in units of full scale, where it is known:
            a quieter block takes fewer passes.

        Returns
        -------
        tuple
            Two arrays, ready for `to_16_bits`: exact integers, or floats for lossy
            sources.
        """
        self._reserve(block)
        pairs, total = kernels.int16_pairs(block), self._total[: len(block)]
        if pairs is None or loudest >= HALF:
            return kernels.fold(self._sum(block, loudest), starts)
        # The upper half becomes the sum; the lower half does not change the order.
        low, high = kernels.fold(
            np.multiply(pairs, UPPER_PLUS_LOWER, out=total), starts
        )
        return low >> 16, high >> 16

    def _reserve(self, block: Samples) -> None:
        if len(block) > len(self._total) or block.dtype != self._changed.dtype:
            self._changed = np.empty_like(block)
            wide = np.int32 if block.dtype.kind == "i" else np.float32
            self._total = np.empty(len(block), wide)

    def _sum(self, block: Samples, loudest: float) -> Samples:
        changed = self._changed[: len(block)]
        lowest = MAD_LOWEST if self._rounding is Rounding.FLOOR else -1.0
        if block.dtype == np.int32:
            block = np.right_shift(block, 16, out=changed)
        elif block.dtype == np.float32 and self._rounding is Rounding.TRUNCATE:
            block = np.multiply(block, np.float32(FLOAT_SCALE), out=changed)
            if loudest > 1:
                np.clip(block, INT16_MIN, INT16_MAX, out=block)
            np.trunc(block, out=block)  # sums of a few integers stay exact
        elif block.dtype == np.float32 and loudest > -lowest:
            block = np.clip(block, lowest, 1, out=changed)
        return kernels.channel_sum(
            block, out=self._total[: len(block)], spare=kernels.int16_pairs(changed)
        )


def to_16_bits(
    extremes: Samples, channels: int, *, rounding: Rounding
) -> NDArray[np.int16]:
    """Turn sums of channels into 16-bit mono levels, clipped.

    Rounding is monotonic, so that only the extremes of `channels` sums need it.
    """
    values: NDArray[np.number] = extremes
    if extremes.dtype.kind == "f" and rounding is Rounding.FLOOR:
        lost = FLOOR_LOSS * (channels - 1)
        values = np.floor(extremes * float(FLOOR_SCALE) - lost)
    elif extremes.dtype.kind == "f" and rounding is Rounding.NEAREST:
        values = np.rint(extremes * float(FLOAT_SCALE))
    mean = kernels.divide_towards_zero(values, channels)
    return np.clip(mean, INT16_MIN, INT16_MAX).astype(np.int16)


def to_8_bits(levels: NDArray[np.int16]) -> NDArray[np.int8]:
    """Turn 16-bit levels into 8-bit levels, rounded towards zero."""
    return kernels.divide_towards_zero(levels, 256).astype(np.int8)
