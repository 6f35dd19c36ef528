"""Turn samples into 16-bit mono levels by audiowaveform's rounding."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import kernels
from waveflow.audio.kernels import INT16_MAX, INT16_MIN
from waveflow.audio.stream import Rounding, Samples, Sums

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

    def of(self, block: Samples, *, loudest: float = np.inf) -> Sums:
        """Return the sums of channels, which are valid until the next block.

        Parameters
        ----------
        block
            Shape (frames, channels).
        loudest
            The block's largest magnitude in units of full scale, where it is known:
            a quieter block takes fewer passes.
        """
        self._reserve(block)
        pairs, total = kernels.int16_pairs(block), self._total[: len(block)]
        if pairs is None or loudest >= HALF:
            return Sums(self._sum(block, loudest))
        # The upper half becomes the sum; the lower half does not change the order.
        return Sums(np.multiply(pairs, UPPER_PLUS_LOWER, out=total), shift=16)

    def lanes(self, block: Samples) -> Iterator[Sums]:
        """Yield each channel as if it were a sum, valid until the next channel."""
        pairs = kernels.int16_pairs(block)
        if pairs is None:
            for channel in range(block.shape[1]):
                yield self.of(block[:, channel : channel + 1])
            return
        self._reserve(block)
        left = np.left_shift(pairs, 16, out=self._total[: len(block)])
        yield Sums(left, shift=16)
        # The right channel in the upper half decides the order of pairs.
        yield Sums(pairs, shift=16)

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


def fold(sums: Sums, starts: NDArray[np.int64]) -> tuple[Samples, Samples]:
    """Return the smallest and the largest sum of channels in each bucket."""
    low, high = kernels.fold(sums.values, starts)
    if not sums.shift:
        return low, high
    return np.right_shift(low, sums.shift), np.right_shift(high, sums.shift)


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
