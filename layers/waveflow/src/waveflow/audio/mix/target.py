"""Find the gain with which a mix reaches a loudness below a ceiling of its peak."""

from dataclasses import dataclass
from math import floor, inf, log10

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.loudness import (
    HOPS_PER_SECOND,
    MOMENTARY_HOPS,
    LoudnessMeter,
    gated_loudness,
)
from waveflow.audio.mix.chunk_levels import MAX_REDUCTION_DB, ChunkLevels
from waveflow.audio.mix.limiter import Limiter
from waveflow.audio.mix.settings import LoudnessTarget
from waveflow.audio.mix.summing import StemSum
from waveflow.audio.stream import Block

CLOSE_LU, CLOSE_DB = 0.03, 0.03  # what is nearer is not corrected
ROUNDS = 4  # of measuring the limited sum, at most
MARGIN_DB = 0.1  # FFmpeg reads peaks between the samples a little higher
GAIN_STEP_DB = 0.001
SECANTS = 16
LEAST_SLOPE = 0.1  # LU per dB
BATCH_CHUNKS = 1 << 16  # of the levels, at once in memory


@dataclass(frozen=True, slots=True)
class Aim:
    """Hold the gain and the ceiling with which a sum is limited.

    Parameters
    ----------
    gain_db
        In dB, before the limiter.
    ceiling_db
        Of what the limiter finds, in dB of full scale.
    is_known
        Whether there is a loudness to aim at: neither silence nor below 400 ms.
    is_most
        Whether a larger gain would make the limiter reduce too much.
    """

    gain_db: float
    ceiling_db: float
    is_known: bool
    is_most: bool


def aim(
    summed: StemSum,
    levels: ChunkLevels,
    target: LoudnessTarget,
    *,
    deadline: float | None,
) -> Aim:
    """Find the gain for a loudness target: predict, measure, correct, and repeat.

    The loudness that the levels predict is exact below the ceiling. Where the limiter
    acts, the limited sum is measured, and the prediction is corrected by the error.
    """
    highest_db = ceiling_db = target.true_peak - MARGIN_DB
    wanted = target.integrated
    for _ in range(ROUNDS):
        prediction = Prediction(levels, ceiling_db)
        found = prediction.aim_at(wanted)
        if not prediction.is_limited(found.gain_db):
            break
        measured = _measure(summed, levels, found, deadline=deadline)
        over = (measured.true_peak or -inf) - highest_db
        short = _shortfall(found, measured, target)
        if over <= CLOSE_DB and abs(short) <= CLOSE_LU:
            break
        ceiling_db -= max(0.0, over)
        wanted += short
    return found


def _shortfall(found: Aim, measured: Loudness, target: LoudnessTarget) -> float:
    """Return by how many LU the loudness is to be corrected."""
    if measured.integrated is None or not found.is_known:
        return 0.0
    short = target.integrated - measured.integrated
    return 0.0 if short > 0 and found.is_most else short


def _measure(
    summed: StemSum, levels: ChunkLevels, found: Aim, *, deadline: float | None
) -> Loudness:
    """Return the loudness of the limited sum."""
    limiter = Limiter(levels, gain_db=found.gain_db, ceiling_db=found.ceiling_db)
    meter = LoudnessMeter(summed.sample_rate, summed.channels)
    for at, block in summed.blocks(deadline=deadline):
        limiter.apply(block, at)
        meter.add(Block(block, summed.sample_rate))
    return meter.finish()


def decibels(factor: float) -> float:
    """Return a factor of amplitudes in dB, -inf for 0."""
    return 20 * log10(factor) if factor > 0 else -inf


def _whole_steps(gain_db: float) -> float:
    """Round a gain down, so that the last bits of a measurement do not show."""
    return floor(gain_db / GAIN_STEP_DB) * GAIN_STEP_DB


class Prediction:
    """Predict the loudness of a limited mix from the levels of its chunks."""

    def __init__(self, levels: ChunkLevels, ceiling_db: float) -> None:
        self._levels, self._ceiling_db = levels, ceiling_db
        self._peak_db = decibels(levels.peak)

    def aim_at(self, loudness: float) -> Aim:
        """Return the gain that is predicted to give a loudness in LUFS, or the largest.

        Without a loudness of the sum itself there is no gain.
        """
        most = self._ceiling_db - self._peak_db + MAX_REDUCTION_DB
        raw = _integrated(self._levels.powers)
        gain_db = 0.0 if raw is None else self._solve(loudness, loudness - raw, most)
        return Aim(
            gain_db=_whole_steps(min(gain_db, most)),
            ceiling_db=self._ceiling_db,
            is_known=raw is not None,
            is_most=gain_db > most - GAIN_STEP_DB,
        )

    def _solve(self, loudness: float, gain_db: float, most: float) -> float:
        """Return the gain of a loudness by secants, from a gain that is too low."""
        gain_db, slope = min(most, gain_db), 1.0
        found = self.loudness(gain_db)
        for _ in range(SECANTS):
            step = min(most - gain_db, (loudness - found) / slope)
            if abs(step) < GAIN_STEP_DB:
                break
            gain_db += step
            before, found = found, self.loudness(gain_db)
            # The more the limiter takes, the less a gain brings.
            slope = min(1.0, max(LEAST_SLOPE, (found - before) / step))
        return gain_db

    def is_limited(self, gain_db: float) -> bool:
        """Tell whether the limiter acts at all with a gain in dB."""
        return self._peak_db + gain_db > self._ceiling_db

    def loudness(self, gain_db: float) -> float:
        """Return the integrated loudness with a gain in LUFS, -inf for silence."""
        powers = self._levels.powers * 10 ** (gain_db / 10)
        if self.is_limited(gain_db):
            powers = powers * self._shares(gain_db)
        found = _integrated(powers)
        return -inf if found is None else found

    def _shares(self, gain_db: float) -> NDArray[np.float64]:
        """Return which share of its power the limiter leaves to each 100 ms."""
        levels = self._levels
        limiter = Limiter(levels, gain_db=gain_db, ceiling_db=self._ceiling_db)
        before, after = np.zeros((2, len(levels.powers) + 1))
        hop = levels.sample_rate // HOPS_PER_SECOND
        for first in range(0, levels.count, BATCH_CHUNKS):
            stop = min(first + BATCH_CHUNKS, levels.count)
            middles = np.arange(first, stop) * levels.chunk + levels.chunk // 2
            hops = np.minimum(middles // hop, len(levels.powers))
            power = levels.read(first, stop)[:, 1].astype(np.float64) ** 2
            curve = limiter.curve(first, stop).astype(np.float64)
            before += np.bincount(hops, power, len(before))
            after += np.bincount(hops, power * curve**2, len(after))
        return (after / np.maximum(before, np.finfo(float).tiny))[:-1]


def _integrated(powers: NDArray[np.float64]) -> float | None:
    """Return the loudness of powers of 100 ms each in LUFS, None for silence."""
    if len(powers) < MOMENTARY_HOPS:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(powers, MOMENTARY_HOPS)
    return gated_loudness(windows.mean(axis=1))
