"""Find the gain with which a mix reaches a loudness below a ceiling of its peak."""

import time
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
from waveflow.audio.mix.levels import MAX_REDUCTION_DB, Levels
from waveflow.audio.mix.limiter import Limiter
from waveflow.audio.mix.settings import LoudnessTarget
from waveflow.audio.mix.summing import StemSum
from waveflow.audio.stream import Block
from waveflow.errors import ResourceLimitError

TOLERANCE_LU = 0.1  # of the result
CLOSE_LU, CLOSE_DB = 0.03, 0.03  # what is nearer is not corrected
ROUNDS = 4  # of measuring the limited sum, at most
MARGIN_DB = 0.1  # FFmpeg reads peaks between the samples a little higher
GAIN_STEP_DB = 0.001
SECANT_STEPS = 16
LEAST_SLOPE = 0.1  # LU per dB
BATCH_CHUNKS = 1 << 16  # of the levels, at once in memory


@dataclass(frozen=True, slots=True)
class Aim:
    """Say with which gain and ceiling a sum is to be limited.

    Parameters
    ----------
    gain_db
        In dB, before the limiter.
    ceiling_db
        Of what the limiter finds, in dB of full scale.
    is_known
        Whether there is a loudness to aim at: neither silence nor below 400 ms.
    """

    gain_db: float
    ceiling_db: float
    is_known: bool


def aim(
    total: StemSum, levels: Levels, target: LoudnessTarget, *, deadline: float | None
) -> Aim:
    """Find the gain for a loudness target: predict, measure, correct, and repeat.

    The loudness that the levels predict is exact below the ceiling. Where the limiter
    acts, the limited sum is measured, and the prediction is corrected by the error.
    """
    highest_db = ceiling_db = target.true_peak - MARGIN_DB
    error_lu = 0.0
    for _ in range(ROUNDS):
        prediction = Prediction(levels, ceiling_db)
        most, is_known = prediction.most_gain_db, prediction.loudness(0) is not None
        gain_db = min(0.0, most)
        if is_known:
            gain_db = prediction.gain_for(target.integrated - error_lu)
        found = Aim(_whole_steps(gain_db), ceiling_db, is_known)
        if not prediction.is_limited(gain_db):
            break
        measured = _measure(total, levels, found, deadline=deadline)
        loudness, peak = measured.integrated or -inf, measured.true_peak or -inf
        short = target.integrated - loudness if is_known else 0.0
        is_over = peak > highest_db + CLOSE_DB
        if not is_over and (abs(short) <= CLOSE_LU or (short > 0 and gain_db >= most)):
            break
        ceiling_db -= max(0.0, peak - highest_db)
        error_lu = loudness - (prediction.loudness(found.gain_db) or -inf)
    return found


def _measure(
    total: StemSum,
    levels: Levels,
    found: Aim,
    *,
    deadline: float | None,
) -> Loudness:
    """Return the loudness of the limited sum."""
    limiter = Limiter(levels, gain_db=found.gain_db, ceiling_db=found.ceiling_db)
    meter = LoudnessMeter(total.sample_rate, total.channels)
    for at, block in total.blocks():
        if deadline is not None and time.monotonic() > deadline:
            raise ResourceLimitError(f"Time ran out after {at} frames of the sum.")
        limiter.apply(block, at)
        meter.add(Block(block, total.sample_rate))
    return meter.finish()


def decibels(factor: float) -> float:
    """Return a factor of amplitudes in dB, -inf for 0."""
    return 20 * log10(factor) if factor > 0 else -inf


def _whole_steps(gain_db: float) -> float:
    """Round a gain down, so that the last bits of a measurement do not show."""
    return floor(gain_db / GAIN_STEP_DB) * GAIN_STEP_DB


class Prediction:
    """Predict the loudness of a limited mix from the levels of its chunks."""

    def __init__(self, levels: Levels, ceiling_db: float) -> None:
        self._levels, self._ceiling_db = levels, ceiling_db
        self._peak_db = decibels(levels.peak)

    @property
    def most_gain_db(self) -> float:
        """Return the gain beyond which the limiter would reduce too much."""
        return self._ceiling_db - self._peak_db + MAX_REDUCTION_DB

    def gain_for(self, loudness: float) -> float:
        """Return the gain in dB that is predicted to give a loudness in LUFS.

        Where the limiter would reduce too much, it is the largest gain.
        """
        most, raw = self.most_gain_db, self.loudness(0)
        if raw is None:
            return 0.0
        gain, slope = min(most, loudness - raw), 1.0
        found = self.loudness(gain) or -inf
        for _ in range(SECANT_STEPS):
            step = min(most - gain, (loudness - found) / slope)
            if abs(step) < GAIN_STEP_DB:
                break
            gain += step
            before, found = found, self.loudness(gain) or -inf
            # The more the limiter takes, the less a gain brings.
            slope = min(1.0, max(LEAST_SLOPE, (found - before) / step))
        return gain

    def is_limited(self, gain_db: float) -> bool:
        """Tell whether the limiter acts at all with a gain in dB."""
        return self._peak_db + gain_db > self._ceiling_db

    def loudness(self, gain_db: float) -> float | None:
        """Return the integrated loudness with a gain in LUFS, None for silence."""
        gain = 10 ** (gain_db / 20)
        powers = self._levels.powers * gain**2
        if self.is_limited(gain_db):
            powers = powers * self._shares(gain_db)
        if len(powers) < MOMENTARY_HOPS:
            return None
        windows = np.lib.stride_tricks.sliding_window_view(powers, MOMENTARY_HOPS)
        return gated_loudness(windows.mean(axis=1))

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
