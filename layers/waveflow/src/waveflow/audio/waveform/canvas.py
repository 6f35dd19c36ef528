"""Draw peaks and audiowaveform's data while the blocks of a file are decoded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import kernels
from waveflow.audio.stream import FULL_SCALE, Block, Rounding
from waveflow.audio.waveform import levels
from waveflow.audio.waveform.levels import Sums

MIN_SAMPLES_PER_PIXEL = 2  # audiowaveform's own minimum


@dataclass(frozen=True, slots=True)
class Plan:
    """Say how a file of known or guessed length is divided into peaks and data.

    Parameters
    ----------
    frames
        The length, at least 1.
    num_peaks
        The number of peaks, at least 1.
    rounding
        The rule by which samples become 16 bits.
    channels
        Of the source.
    """

    frames: int
    num_peaks: int
    rounding: Rounding
    channels: int

    @property
    def samples_per_pixel(self) -> int:
        """Return the number of frames that share one min/max pair of the data."""
        return max(MIN_SAMPLES_PER_PIXEL, -(-self.frames // self.num_peaks))

    @property
    def length(self) -> int:
        """Return the number of min/max pairs in the waveform data."""
        return -(-self.frames // self.samples_per_pixel)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Hold the peaks and the waveform data of a whole file.

    Parameters
    ----------
    peaks
        Shape (num_peaks,), 0 to 1: largest magnitude over all channels,
        relative to `peak`.
    peak
        The largest magnitude of the stream; 1.0 is full scale.
    data
        Shape (2 * length,): minimum, maximum, minimum … by audiowaveform's rules.
    """

    peaks: NDArray[np.float64]
    peak: float
    data: NDArray[np.int8]


class Canvas:
    """Draw a waveform from the decoded blocks of a file, from a frame on.

    Parameters
    ----------
    position
        The first frame that the canvas will hear.
    """

    def __init__(self, plan: Plan, *, position: int = 0) -> None:
        self.plan = plan
        self.position = position
        filled = min(plan.num_peaks, plan.frames)
        self._peak_grid = Grid(plan.frames, filled)
        padded = plan.length * plan.samples_per_pixel
        self._data_grid = Grid(padded, plan.length)
        self.magnitudes = np.zeros(filled)
        self.extremes = Extremes(plan.length)

    def add(self, block: Block) -> None:
        """Draw one block of samples; frames beyond the plan are only counted."""
        samples = block.samples[: max(0, self.plan.frames - self.position)]
        if len(samples):
            where, starts = self._peak_grid.cut(self.position, len(samples))
            found = kernels.magnitudes(samples, starts)
            found /= FULL_SCALE[samples.dtype.str[1:]]
            largest = self.magnitudes[where]
            np.maximum(largest, found, out=largest)
            where, starts = self._data_grid.cut(self.position, len(samples))
            sums = levels.sum_channels(
                samples, self.plan.rounding, loudest=float(found.max())
            )
            self.extremes.add(sums, where, starts=starts)
        self.position += len(block.samples)

    def merge(self, other: "Canvas") -> None:
        """Take over what another canvas of the same plan drew of another part."""
        np.maximum(self.magnitudes, other.magnitudes, out=self.magnitudes)
        self.extremes.merge(other.extremes)

    def finish(self) -> Drawing:
        """Return the peaks and data of all blocks that the canvas has drawn."""
        peak = float(self.magnitudes.max(initial=0.0))
        # More peaks than frames: an empty bucket takes frame floor(i * n / N).
        index = np.arange(self.plan.num_peaks, dtype=np.int64)
        spread = index * len(self.magnitudes) // self.plan.num_peaks
        sixteen = levels.to_16_bits(
            self.extremes.interleave(), self.plan.channels, rounding=self.plan.rounding
        )
        return Drawing(
            peaks=self.magnitudes[spread] / (peak or 1.0),
            peak=peak,
            data=levels.to_8_bits(sixteen),
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """Divide audio frames into buckets of equal size, as near as whole frames allow.

    Bucket i starts at frame floor(i * frames / buckets).

    Parameters
    ----------
    frames
        The length that is cut.
    buckets
        The number of buckets; not more than frames.
    """

    frames: int
    buckets: int

    def cut(self, position: int, count: int) -> tuple[slice, NDArray[np.int64]]:
        """Find the buckets that a block of `count` frames at `position` falls into.

        Returns
        -------
        tuple
            The buckets that the block touches, and where each starts inside it.
        """
        first = self._bucket_of(position)
        stop = self._bucket_of(position + count - 1) + 1
        starts = np.arange(first, stop) * self.frames // self.buckets - position
        starts[0] = 0
        return slice(first, stop), starts

    def _bucket_of(self, frame: int) -> int:
        return ((frame + 1) * self.buckets - 1) // self.frames


class Extremes:
    """Keep the smallest and largest sample of each of `size` buckets."""

    def __init__(self, size: int) -> None:
        self.low: Sums | None = None
        self.high: Sums | None = None
        self._size = size

    def add(self, values: Sums, where: slice, *, starts: NDArray[np.int64]) -> None:
        """Take in samples, shape (frames,), whose buckets `where` start at `starts`."""
        low, high = kernels.fold(values, starts)
        if self.low is None or self.high is None:
            self.low, self.high = _empty_extremes(self._size, values)
        np.minimum(self.low[where], low, out=self.low[where])
        np.maximum(self.high[where], high, out=self.high[where])

    def merge(self, other: "Extremes") -> None:
        """Take over smaller minima and larger maxima of another part of the file."""
        if self.low is None or self.high is None:
            self.low, self.high = other.low, other.high
        elif other.low is not None and other.high is not None:
            np.minimum(self.low, other.low, out=self.low)
            np.maximum(self.high, other.high, out=self.high)

    def interleave(self) -> Sums:
        """Return minima and maxima in turn, shape (2 * size,)."""
        if self.low is None or self.high is None:
            return np.zeros(0, np.int32)
        return np.stack((self.low, self.high), axis=1).reshape(-1)


def _empty_extremes(size: int, values: Sums) -> tuple[Sums, Sums]:
    """Return minima and maxima of empty buckets, at the bounds of the number type."""
    kind, low, high = values.dtype, -np.inf, np.inf
    if kind.kind == "i":
        low, high = np.iinfo(kind.name).min, np.iinfo(kind.name).max
    return np.full(size, high, kind), np.full(size, low, kind)
