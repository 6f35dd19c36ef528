"""Draw peaks and audiowaveform's data while the blocks of a file are decoded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import kernels
from waveflow.audio.stream import FULL_SCALE, MAX_LEVEL, Block, Rounding
from waveflow.audio.waveform import levels

MIN_SAMPLES_PER_PIXEL = 2  # audiowaveform's own minimum


@dataclass(frozen=True, slots=True)
class Plan:
    """Say how a file of known or guessed length is divided into peaks and data.

    Both numbers, `frames` and `num_peaks`, are at least 1.
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
    """Draw a waveform from the decoded blocks of a file, or of a part of the file.

    Parameters
    ----------
    start
        The first frame that the canvas will hear.
    stop
        The frame to end the drawing at; the end of the plan if None.
    """

    def __init__(self, plan: Plan, *, start: int = 0, stop: int | None = None) -> None:
        self.plan = plan
        self.position = start
        self._stop = plan.frames if stop is None else stop
        filled = min(plan.num_peaks, plan.frames)
        self._peak_grid = Grid(plan.frames, filled)
        self._data_grid = Grid(plan.length * plan.samples_per_pixel, plan.length)
        self.magnitudes = np.zeros(filled)
        self.low = np.full(plan.length, np.inf)
        self.high = np.full(plan.length, -np.inf)
        self._sums = levels.ChannelSums(plan.rounding)
        self._dtype: np.dtype[np.generic] = np.dtype(np.int32)  # of the sums

    def add(self, block: Block) -> None:
        """Draw one block of samples; frames beyond the end are only counted."""
        count = min(len(block.decoded), self._stop - self.position)
        if count > 0:
            self._draw(block, count)
        self.position += len(block.decoded)

    def _draw(self, block: Block, count: int) -> None:
        where, starts = self._peak_grid.cut(self.position, count)
        samples = block.decoded[:count]
        found = kernels.magnitudes(samples, starts)
        most = found.max()
        if not most <= MAX_LEVEL:  # a NaN makes the comparison false
            samples = block.samples[:count]
            found = kernels.magnitudes(samples, starts)
            most = found.max()
        full_scale = FULL_SCALE[samples.dtype.str[1:]]
        found /= full_scale
        largest = self.magnitudes[where]
        np.maximum(largest, found, out=largest)
        where, starts = self._data_grid.cut(self.position, count)
        sums = self._sums.of(samples, loudest=float(most) / full_scale)
        if count == len(block.decoded):
            block.sums = sums
        low, high = levels.fold(sums, starts)
        lowest, highest = self.low[where], self.high[where]
        np.minimum(lowest, low, out=lowest)
        np.maximum(highest, high, out=highest)
        self._dtype = low.dtype

    def merge(self, other: "Canvas") -> None:
        """Take over what another canvas of the same plan drew of another part."""
        np.maximum(self.magnitudes, other.magnitudes, out=self.magnitudes)
        np.minimum(self.low, other.low, out=self.low)
        np.maximum(self.high, other.high, out=self.high)

    def finish(self) -> Drawing:
        """Return the peaks and data of all blocks that the canvas has drawn."""
        magnitudes = self.magnitudes + 0.0  # the -0.0 of silence becomes 0.0
        peak = float(magnitudes.max(initial=0.0))
        # More peaks than frames: an empty bucket takes frame floor(i * n / N).
        index = np.arange(self.plan.num_peaks, dtype=np.int64)
        spread = index * len(magnitudes) // self.plan.num_peaks
        extremes = np.stack((self.low, self.high), axis=1).reshape(-1)
        channels, rounding = self.plan.channels, self.plan.rounding
        sums = extremes.astype(self._dtype)
        sixteen = levels.to_16_bits(sums, channels, rounding=rounding)
        return Drawing(
            peaks=magnitudes[spread] / (peak or 1.0),
            peak=peak,
            data=levels.to_8_bits(sixteen),
        )


class Grid:
    """Divide audio frames into buckets of equal size, as near as whole frames allow.

    Bucket i starts at frame floor(i * frames / buckets); no bucket may be empty.
    """

    def __init__(self, frames: int, buckets: int) -> None:
        self._frames, self._buckets = frames, buckets
        self._edges = np.arange(buckets, dtype=np.int64) * frames // buckets

    def cut(self, position: int, count: int) -> tuple[slice, NDArray[np.int64]]:
        """Find the buckets that a block of `count` frames at `position` falls into.

        Returns
        -------
        tuple
            The buckets that the block touches, and where each starts inside it.
        """
        first = self._bucket_of(position)
        stop = self._bucket_of(position + count - 1) + 1
        starts = self._edges[first:stop] - position
        starts[0] = 0
        return slice(first, stop), starts

    def _bucket_of(self, frame: int) -> int:
        return ((frame + 1) * self._buckets - 1) // self._frames
