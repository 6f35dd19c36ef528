"""Sum the stems of a mix into a file on the disk, each stem decoded once."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import cycle, groupby, islice, pairwise
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.mix.room import too_long_error, write_at
from waveflow.audio.mix.stem import Stem
from waveflow.audio.stream import FULL_SCALE
from waveflow.audio.waveform.parallel import CPUS

STEP_SAMPLES = 65_536  # of all channels, that are summed at once
SUM_BYTES = 4  # float32
DECODERS = 16  # open at once: each of AAC holds 2.5 MB
MAX_PARTS = 8  # a Lambda has six processors at most
MIN_SPLIT = 500_000  # frames: less is cheaper in one thread
# Float32 holds sums of 64 stems of 16 bits and so many channels without rounding,
# so that the order of the additions does not matter.
EXACT_CHANNELS = (1, 2, 4, 8)

Step = tuple[NDArray[np.float32], int]  # samples, and the frames that any stem has
Written = tuple[int, float]  # the frame behind the last that was written, the peak
Item = TypeVar("Item")


class Total:
    """Keep the sum of stems as interleaved float32 in a file.

    Parameters
    ----------
    file
        Empty, without a buffer, and open for reading and writing.
    most
        The largest number of frames.
    channels
        Of the sum.

    Attributes
    ----------
    frames
        Of the longest stem.
    peak
        The largest magnitude of the sum; 1.0 is full scale of one stem.
    """

    def __init__(self, file: IO[bytes], *, most: int, channels: int = 1) -> None:
        self._file, self._most = file, most
        self._channels, self._frame_bytes = channels, channels * SUM_BYTES
        self.step_frames = STEP_SAMPLES // channels
        self._is_exact, self._is_stopped = True, False
        self.frames, self.peak = 0, 0.0

    def add(self, stems: Sequence[Stem]) -> None:
        """Decode the stems, and add them to the sum in their order."""
        for first in range(0, len(stems), DECODERS):
            self._add_group(stems[first : first + DECODERS])

    def read(self, at: int, into: NDArray[np.float32]) -> int:
        """Read the sum from the frame `at` on; return the number of frames read.

        Parameters
        ----------
        into
            Shape (frames, channels).
        """
        read = os.preadv(self._file.fileno(), [into.data], at * self._frame_bytes)
        return read // self._frame_bytes

    def _add_group(self, stems: Sequence[Stem]) -> None:
        self._is_exact = self._is_exact and all(map(_is_exact, stems))
        if self._is_exact:
            stems = sorted(stems, key=_layout)
        longest = max(self.frames, *(stem.seekable_frames for stem in stems))
        splits = longest >= MIN_SPLIT and all(stem.seekable_frames for stem in stems)
        parts = _processors()
        with ThreadPoolExecutor(parts) as pool:
            if splits:
                ends = self._write_parts(stems, longest, pool=pool, parts=parts)
            else:
                ends = [self._write(self._in_turn(stems, pool=pool, parts=parts))]
        self.frames = max(end for end, _ in ends)
        self.peak = max(peak for _, peak in ends)

    def _write_parts(
        self, stems: Sequence[Stem], frames: int, *, pool: Executor, parts: int
    ) -> list[Written]:
        """Write the sum in parts of the time line, each part in a thread of its own."""
        steps = -(-frames // parts // self.step_frames)

        def write(start: int) -> Written:
            here = [stem.starting_at(start) for stem in stems] if start else stems
            added = _add(here, self._steps(start), exactly=self._is_exact)
            return self._write(islice(added, steps), at=start)

        try:
            return list(pool.map(write, range(0, frames, steps * self.step_frames)))
        except BaseException:
            self._is_stopped = True  # the other parts end at their next step
            raise

    def _in_turn(
        self, stems: Sequence[Stem], *, pool: Executor, parts: int
    ) -> Iterator[Step]:
        """Yield the steps, to which several threads in turn add some of the stems."""
        parts = min(parts, len(stems))
        edges = [len(stems) * part // parts for part in range(parts + 1)]
        steps = self._steps(0, buffers=parts + 1)
        for start, stop in pairwise(edges):
            steps = _add(stems[start:stop], steps, exactly=self._is_exact)
            if stop < len(stems):
                steps = _ahead(steps, pool)
        return steps

    def _steps(self, at: int, *, buffers: int = 1) -> Iterator[Step]:
        """Yield the sum so far from a frame on, step by step, then endless silence."""
        shape = self.step_frames, self._channels
        for step in cycle([np.empty(shape, np.float32) for _ in range(buffers)]):
            # A hole left by another part's writing is not part of the sum.
            frames = self.read(at, step[: max(0, self.frames - at)])
            step[frames:] = 0
            yield step, frames
            at += len(step)

    def _write(self, steps: Iterator[Step], *, at: int = 0) -> Written:
        """Write steps from a frame on, up to the first step without frames."""
        end, peak = 0, 0.0
        for step, frames in steps:
            if not frames or self._is_stopped:
                break
            end = at + frames
            if end > self._most:
                raise too_long_error()
            data = step[:frames].data
            write_at(self._file, data, at * self._frame_bytes)
            at = end
            peak = max(peak, float(step.max()), -float(step.min()))
        return end, peak


def _ahead(items: Iterator[Item], pool: Executor) -> Iterator[Item]:
    """Yield items, each made in another thread while the one before is used."""
    coming = pool.submit(next, items, None)
    while (item := coming.result()) is not None:
        coming = pool.submit(next, items, None)
        yield item


def _add(
    stems: Sequence[Stem], steps: Iterator[Step], *, exactly: bool
) -> Iterator[Step]:
    """Yield the steps with the next frames of some stems added."""
    adders: Sequence[Stem | _Integers] = stems
    if exactly:
        adders = [_Integers(list(alike)) for _, alike in groupby(stems, key=_layout)]
    for step, frames in steps:
        yield step, max(frames, *(adder.add_to(step) for adder in adders))


class _Integers:
    """Add 16-bit stems of one layout as integers, and join their channels once."""

    def __init__(self, stems: Sequence[Stem]) -> None:
        self._stems = stems
        channels, is_interleaved = _layout(stems[0])
        self._sum = np.empty((STEP_SAMPLES, channels), np.int32)
        if not is_interleaved:
            self._sum = np.asfortranarray(self._sum)
        self._mono = np.empty(STEP_SAMPLES, np.float32)
        self._unit = np.float32(1 / (FULL_SCALE["i2"] * channels))

    def add_to(self, step: NDArray[np.float32]) -> int:
        """Add the next frames of all stems to a step; return their number."""
        self._sum[:] = 0
        frames = max([stem.add_integers_to(self._sum) for stem in self._stems])
        first, *others = self._sum.T
        for other in others:
            first += other
        np.multiply(
            first, self._unit, out=self._mono, casting="unsafe", dtype=np.float32
        )
        step[:, 0] += self._mono
        return frames


def _is_exact(stem: Stem) -> bool:
    if stem.is_measured:
        return False
    block = stem.peek()
    return block.dtype == np.int16 and block.shape[1] in EXACT_CHANNELS


def _layout(stem: Stem) -> tuple[int, bool]:
    block = stem.peek()
    return block.shape[1], block.flags.c_contiguous


def _processors() -> int:
    """Return the number of processors to use, MAX_PARTS at most."""
    return min(CPUS or 1, MAX_PARTS)
