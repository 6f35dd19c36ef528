"""Collect the peaks and data of a stream while its blocks pass by."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import kernels
from waveflow.audio.stream import Rounding, Samples
from waveflow.audio.waveform import levels

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


@dataclass(frozen=True, slots=True)
class Grid:
    """Buckets of equal size, as near as whole frames allow.

    Bucket i starts at frame floor(i * frames / buckets).

    Parameters
    ----------
    frames
        What is cut.
    buckets
        Into how many; not more than frames.
    """

    frames: int
    buckets: int

    def cut(self, position: int, count: int) -> tuple[slice, NDArray[np.int64]]:
        """Cut a block.

        Parameters
        ----------
        position
            The block's first frame.
        count
            Its length.

        Returns
        -------
        tuple
            The buckets that it touches, and where each starts inside it.
        """
        first = self._holding(position)
        stop = self._holding(position + count - 1) + 1
        starts = np.arange(first, stop) * self.frames // self.buckets - position
        starts[0] = 0
        return slice(first, stop), starts

    def _holding(self, frame: int) -> int:
        return ((frame + 1) * self.buckets - 1) // self.frames


class Extremes:
    """The smallest and largest value of each bucket.

    Parameters
    ----------
    size
        How many buckets.
    """

    def __init__(self, size: int) -> None:
        self.low: NDArray[Any] | None = None
        self.high: NDArray[Any] | None = None
        self._size = size

    def add(
        self, values: NDArray[Any], where: slice, *, starts: NDArray[np.int64]
    ) -> None:
        """Take in the values of a block.

        Parameters
        ----------
        values
            Shape (frames,).
        where
            The buckets that they fall into.
        starts
            Where each of those starts.
        """
        low, high = kernels.fold(values, starts)
        if self.low is None or self.high is None:
            self.low = np.full(self._size, _greatest(values.dtype), values.dtype)
            self.high = np.full(self._size, _least(values.dtype), values.dtype)
        np.minimum(self.low[where], low, out=self.low[where])
        np.maximum(self.high[where], high, out=self.high[where])

    def merge(self, other: "Extremes") -> None:
        """Take in the values of another part.

        Parameters
        ----------
        other
            Of the same size.
        """
        if self.low is None or self.high is None:
            self.low, self.high = other.low, other.high
        elif other.low is not None and other.high is not None:
            np.minimum(self.low, other.low, out=self.low)
            np.maximum(self.high, other.high, out=self.high)

    def interleaved(self) -> NDArray[Any]:
        """Give low and high in turn.

        Returns
        -------
        NDArray
            Shape (2 * size,).
        """
        if self.low is None or self.high is None:
            return np.zeros(0, np.int64)
        return np.stack((self.low, self.high), axis=1).reshape(-1)


def _greatest(dtype: "np.dtype[Any]") -> float:
    return np.inf if dtype.kind == "f" else int(np.iinfo(dtype).max)


def _least(dtype: "np.dtype[Any]") -> float:
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)
