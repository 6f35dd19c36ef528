"""Measure loudness and true peak of a sum of stems, in chunks of a few frames."""

import os
from typing import IO

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.listen.loudness import HOPS_PER_SECOND
from waveflow.audio.listen.true_peak import ENOUGH_HZ, REACH, RUN, interpolator
from waveflow.audio.listen.weighting import RUN as WEIGHTING_RUN
from waveflow.audio.listen.weighting import KWeighting
from waveflow.audio.mix.room import check_time, write_at
from waveflow.audio.mix.summing import StemSum

MAX_REDUCTION_DB = 12.0  # of the limiter, by contract
CHUNK, SHORT_CHUNK = 16, 4  # frames; the short one keeps 5 ms of low rates smooth
LOW_HZ = 32_000
# Points per sample, twice as many as BS.1770 asks for: FFmpeg looks at other points,
# and would find higher peaks in tones near half the sample rate.
POINTS = 8
LEVEL_BYTES = 8  # of a chunk: peak and loudness as float32
BATCH = 256  # runs in one product: always the same shape gives always the same bits

Floats = NDArray[np.float32]


def chunk_of(sample_rate: int) -> int:
    """Return the number of frames that share one level."""
    return CHUNK if sample_rate >= LOW_HZ else SHORT_CHUNK


class ChunkLevels:
    """Keep the levels of all chunks of a sum in a file.

    Parameters
    ----------
    file
        Empty, without a buffer, and open for reading and writing.

    Attributes
    ----------
    peak
        The true peak of the whole; 1.0 is full scale.
    powers
        Shape (hops,): mean K-weighted power of each 100 ms, over all channels.
    """

    def __init__(self, file: IO[bytes], summed: StemSum) -> None:
        self._file = file
        self.sample_rate = summed.sample_rate
        self.chunk = chunk_of(summed.sample_rate)
        self.count = -(-summed.frames // self.chunk)
        self.peak = 0.0
        self.powers: NDArray[np.float64] = np.zeros(0)

    def measure(self, summed: StemSum, *, deadline: float | None) -> None:
        """Measure the whole sum in one pass."""
        scan = _Scan(summed)
        hop, rest = summed.sample_rate // HOPS_PER_SECOND, np.zeros(0)
        sums = [rest]
        for at in range(0, summed.frames, summed.total.step_frames):
            check_time(deadline, at)
            peaks, squares = scan.levels(at)
            levels = np.stack((peaks, self._loudness(squares)), axis=1)
            write_at(self._file, levels.data, at // self.chunk * LEVEL_BYTES)
            squares = np.concatenate((rest, squares))
            whole = len(squares) // hop * hop
            sums.append(squares[:whole].reshape(-1, hop).sum(axis=1))
            rest = squares[whole:]
        self.peak = scan.peak
        self.powers = np.concatenate(sums) / hop

    def _loudness(self, squares: NDArray[np.float64]) -> Floats:
        padded = np.zeros(-(-len(squares) // self.chunk) * self.chunk)
        padded[: len(squares)] = squares
        power: NDArray[np.float64] = padded.reshape(-1, self.chunk).mean(axis=1)
        return np.sqrt(power).astype(np.float32)

    def read(self, first: int, stop: int) -> Floats:
        """Return levels of chunks, silence before the first and behind the last.

        Returns
        -------
        NDArray
            Shape (stop - first, 2): the true peak over all channels, and the root of
            the mean K-weighted power.
        """
        levels = np.zeros((stop - first, 2), np.float32)
        inside = levels[max(0, -first) : max(0, self.count - first)]
        at = max(0, first) * LEVEL_BYTES
        os.preadv(self._file.fileno(), [inside.data], at)
        return levels


class _Scan:
    """Read the sum step by step, with the frames around each step."""

    def __init__(self, summed: StemSum) -> None:
        self.peak = 0.0  # so far
        self._summed = summed
        self._chunk = chunk_of(summed.sample_rate)
        self._is_dense = summed.sample_rate >= ENOUGH_HZ
        self._weighting = KWeighting(summed.sample_rate, summed.channels)
        self._table = interpolator(POINTS)
        self._bound = float(np.abs(self._table).sum(axis=0).max())

    def levels(self, at: int) -> tuple[Floats, NDArray[np.float64]]:
        """Return the peaks of the step's chunks, and its K-weighted squares."""
        frames = min(self._summed.total.step_frames, self._summed.frames - at)
        around = self._around(at, -(-frames // WEIGHTING_RUN) * WEIGHTING_RUN)
        inside = around[:, REACH : -REACH - 1]
        weighted = self._weighting.filter(inside)
        squares = np.square(weighted, out=weighted).sum(axis=0)[:frames]
        peaks = self._peaks(around)
        return peaks[: -(-frames // self._chunk)], squares

    def _around(self, at: int, frames: int) -> Floats:
        """Return a step with REACH frames before it and REACH + 1 behind it.

        The last gap between samples reaches one frame further than the first.

        Returns
        -------
        NDArray
            Shape (channels, frames).
        """
        shape = frames + 2 * REACH + 1, self._summed.channels
        around = np.zeros(shape, np.float32)
        missing = max(0, REACH - at)
        self._summed.total.read(at - REACH + missing, around[missing:])
        return np.ascontiguousarray(around.T)

    def _peaks(self, around: Floats) -> Floats:
        """Return the largest magnitude of each chunk, between the samples too."""
        inside = np.abs(around[:, REACH : -REACH - 1]).max(axis=0)
        peaks: Floats = inside.reshape(-1, self._chunk).max(axis=1)
        self.peak = max(self.peak, float(peaks.max()))
        if not self._is_dense:
            runs = peaks.reshape(-1, RUN // self._chunk)
            for channel in around:
                self._look_between(channel, runs)
        return peaks

    def _look_between(self, channel: Floats, runs: Floats) -> None:
        """Raise the peaks in `runs`, shape (runs, chunks), to those between samples.

        The limiter reduces by 12 dB at most, so that quieter runs never matter.
        """
        windows = np.lib.stride_tricks.sliding_window_view(channel[1:], 2 * RUN)[::RUN]
        loudest = np.maximum(windows.max(axis=1), -windows.min(axis=1))
        least = self.peak / (self._bound * 10 ** (MAX_REDUCTION_DB / 20))
        hopeful = np.flatnonzero(loudest > least)
        batch = np.zeros((BATCH, 2 * RUN), np.float32)
        for start in range(0, len(hopeful), BATCH):
            chosen = hopeful[start : start + BATCH]
            batch[: len(chosen)] = windows[chosen]
            points = (batch @ self._table)[: len(chosen)]
            found = np.abs(points).reshape(len(chosen), runs.shape[1], -1).max(axis=2)
            runs[chosen] = np.maximum(runs[chosen], found)
            self.peak = max(self.peak, float(found.max()))
