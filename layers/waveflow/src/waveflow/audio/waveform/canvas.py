"""Collect the peaks and data of a stream while its blocks pass by."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import kernels
from waveflow.audio.stream import Rounding, Samples
from waveflow.audio.waveform import levels
from waveflow.audio.waveform.buckets import Extremes, Grid

MIN_SAMPLES_PER_PIXEL = 2  # audiowaveform's own minimum


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a stream of a known or guessed length is cut.

    Parameters
    ----------
    frames
        The length, at least 1.
    num_peaks
        How many peaks, at least 1.
    rounding
        How samples become 16 bits.
    """

    frames: int
    num_peaks: int
    rounding: Rounding

    @property
    def samples_per_pixel(self) -> int:
        """Tell how many frames share a pair of data."""
        return max(MIN_SAMPLES_PER_PIXEL, -(-self.frames // self.num_peaks))

    @property
    def length(self) -> int:
        """Count the pairs of data."""
        return -(-self.frames // self.samples_per_pixel)


class Canvas:
    """What was seen of a stream from a frame on.

    Parameters
    ----------
    plan
        Where to cut.
    position
        The first frame to be seen.
    """

    def __init__(self, plan: Plan, *, position: int = 0) -> None:
        self.plan = plan
        self.position = position
        filled = min(plan.num_peaks, plan.frames)
        self._peak_grid = Grid(plan.frames, filled)
        padded = plan.length * plan.samples_per_pixel
        self._data_grid = Grid(padded, plan.length)
        self.magnitudes = np.zeros(filled)
        self.levels = Extremes(plan.length)

    def add_all(self, blocks: Iterable[Samples]) -> None:
        """Take in blocks; frames beyond the plan are only counted.

        Parameters
        ----------
        blocks
            Each of shape (frames, channels).
        """
        for block in blocks:
            room = max(0, self.plan.frames - self.position)
            if room:
                self._add(block[:room])
            self.position += len(block)

    def _add(self, block: Samples) -> None:
        if not len(block):
            return
        where, starts = self._peak_grid.cut(self.position, len(block))
        found = kernels.magnitudes(block, starts)
        found /= kernels.FULL_SCALE[block.dtype.str[1:]]
        np.maximum(self.magnitudes[where], found, out=self.magnitudes[where])
        where, starts = self._data_grid.cut(self.position, len(block))
        loudest = float(found.max())
        sums = levels.summed(block, self.plan.rounding, loudest=loudest)
        self.levels.add(sums, where, starts=starts)

    def merge(self, other: "Canvas") -> None:
        """Take in what was seen of another part of the same stream.

        Parameters
        ----------
        other
            A canvas of the same plan.
        """
        np.maximum(self.magnitudes, other.magnitudes, out=self.magnitudes)
        self.levels.merge(other.levels)

    def peaks(self) -> tuple[NDArray[np.float64], float]:
        """Give the peaks and the level that they are relative to.

        Returns
        -------
        tuple
            Shape (num_peaks,), 0 to 1; and the largest magnitude.
        """
        peak = float(self.magnitudes.max(initial=0.0))
        # More peaks than frames: an empty bucket takes frame floor(i * n / N).
        index = np.arange(self.plan.num_peaks, dtype=np.int64)
        spread = index * len(self.magnitudes) // self.plan.num_peaks
        return self.magnitudes[spread] / (peak or 1.0), peak

    def data(self, channels: int) -> NDArray[np.int8]:
        """Give audiowaveform's pairs.

        Parameters
        ----------
        channels
            Of the source.

        Returns
        -------
        NDArray
            int8, shape (2 * length,).
        """
        extremes = self.levels.interleaved()
        settled = levels.settled(extremes, channels, rounding=self.plan.rounding)
        return levels.eight_bits(settled)
