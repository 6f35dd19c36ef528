"""Find the tempo of an excerpt, or say why there is none.

librosa finds the onsets, and is imported on the first call with all its needs.
librosa's own tempo is a whole number of frames apart (at 120 BPM the next steps are
117.5 and 123), so that the period is measured here.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.listen.excerpt import SAMPLE_RATE, is_silent
from waveflow.audio.listen.findings import Tempo
from waveflow.audio.listen.loops import import_librosa

HOP = 256  # samples, 11.6 ms
WINDOW = 1_024
FRAMES_PER_SECOND = SAMPLE_RATE / HOP
LEVEL_RANGE_DB = 60  # quieter ripples are no onsets
MIN_SECONDS = 5.0  # five beats at the slowest tempo
SLOWEST, FASTEST = 55.0, 215.0  # BPM, searched; a margin around 60 to 200
USUAL = 120.0  # BPM; an octave from here counts 0.61 of it
SMOOTHING = 9  # frames; periods that lie between two frames must not count less
EVEN = (
    0.96  # share of the strongest period: of beats without accents the fastest counts
)
TIED = 0.97  # share of the best period's weight: the likest to itself wins
RIVAL = 0.9  # share of the best period's weight from which 2:3 is as likely
DOTTED = (2 / 3, 3 / 2)  # tempos of a listener who counts three for two
NEAR = 0.04  # a period is a whole number of time frames: 3 % at 215 BPM
MIN_ONSET_DB = 1.0  # a synthesiser pad without a beat stays below
MIN_CONFIDENCE = 0.4
HALVED = 100.0  # BPM; from here on the alternative is half the tempo, else double
HARMONICS = (1, 2, 3)
SEARCHES = ((0.06, 121), (0.003, 61))  # reach to either side, and steps

Floats = NDArray[np.float64]


def find_tempo(excerpt: NDArray[np.float32]) -> Tempo:
    """Find the tempo of an excerpt; the same excerpt always has the same tempo.

    Parameters
    ----------
    excerpt
        Shape (frames,), at 22,050 Hz.
    """
    if is_silent(excerpt):
        return _no_tempo("SILENT")
    if len(excerpt) < MIN_SECONDS * SAMPLE_RATE:
        return _no_tempo("TOO_SHORT")
    onsets = onset_strength(excerpt)
    if onsets.max() < MIN_ONSET_DB:
        return _no_tempo("NO_BEAT")
    taper = np.hanning(SMOOTHING + 2)[1:-1]
    onsets = np.convolve(onsets, taper / taper.sum(), "same")
    onsets -= onsets.mean()
    lag, confidence, rival = _find_period(onsets)
    if confidence < MIN_CONFIDENCE:
        return _no_tempo("NO_BEAT", confidence)
    value = 60 * _refine_frequency(onsets, FRAMES_PER_SECOND / lag)
    ratio = rival or (1 / 2 if value >= HALVED else 2)
    return Tempo(
        value=round(value, 2),
        confidence=round(confidence, 2),
        alternative=round(value * ratio, 2),
        reason=None,
    )


def onset_strength(excerpt: NDArray[np.float32]) -> Floats:
    """Measure how strongly sounds begin in each time frame of an excerpt.

    Parameters
    ----------
    excerpt
        Shape (frames,), at 22,050 Hz.

    Returns
    -------
    NDArray
        Shape (frames / HOP,), in dB, at least 0.
    """
    librosa = import_librosa()
    power = librosa.feature.melspectrogram(
        y=excerpt, sr=SAMPLE_RATE, n_fft=WINDOW, hop_length=HOP
    )
    levels = librosa.power_to_db(power, ref=np.max, top_db=LEVEL_RANGE_DB)
    strength: Floats = librosa.onset.onset_strength(
        S=levels, sr=SAMPLE_RATE, n_fft=WINDOW, hop_length=HOP
    ).astype(np.float64)
    return strength


def _find_period(onsets: Floats) -> tuple[int, float, float | None]:
    """Return the beat's period in time frames, its strength, and a rival's ratio.

    The strength tells how much the onsets repeat, from 0 to 1. The rival is a tempo
    of 2/3 or 3/2 that is as likely, if there is one.
    """
    count = len(onsets)
    longest = int(np.ceil(60 / SLOWEST * FRAMES_PER_SECOND))
    alike = import_librosa().autocorrelate(onsets, max_size=longest + 2)
    alike = alike * (count / (count - np.arange(len(alike)))) / alike[0]
    lags = np.arange(int(60 / FASTEST * FRAMES_PER_SECOND), longest + 1)
    lags = lags[(alike[lags] >= alike[lags - 1]) & (alike[lags] >= alike[lags + 1])]
    if not len(lags):
        return longest, 0.0, None
    strengths = alike[lags]
    octaves = np.log2(60 * FRAMES_PER_SECOND / lags / USUAL)
    weights = strengths * np.exp(-0.5 * octaves**2)
    # A lossy codec moves weights in the third digit: tied periods must not change.
    tied = weights >= TIED * weights.max()
    chosen = int(np.where(tied, strengths, -1).argmax())
    even = np.flatnonzero(strengths >= EVEN * strengths.max())
    if len(even) > 1:  # a metronome: all other periods are multiples of the first
        chosen = int(even[0])
    rival = _dotted_rival(lags[chosen] / lags, weights / weights[chosen])
    return int(lags[chosen]), float(np.clip(strengths[chosen], 0, 1)), rival


def _dotted_rival(tempos: Floats, weights: Floats) -> float | None:
    """Return 2/3 or 3/2 where this multiple of the tempo is as likely as the tempo."""
    found = {
        float(weights[near].max()): ratio
        for ratio in DOTTED
        if (near := (np.abs(tempos / ratio - 1) < NEAR) & (weights >= RIVAL)).any()
    }
    return found[max(found)] if found else None


def _refine_frequency(onsets: Floats, beats_per_second: float) -> float:
    """Return the frequency of the beat, searched near a first guess."""
    times = np.arange(len(onsets)) / FRAMES_PER_SECOND
    best = beats_per_second
    for reach, steps in SEARCHES:
        tried = best * np.linspace(1 - reach, 1 + reach, steps)
        found = np.zeros(steps)
        for harmonic in HARMONICS:
            waves = np.exp(-2j * np.pi * harmonic * np.outer(tried, times))
            found += np.abs(waves @ onsets)
        best = float(tried[found.argmax()])
    return best


def _no_tempo(
    reason: Literal["SILENT", "TOO_SHORT", "NO_BEAT"], confidence: float = 0.0
) -> Tempo:
    return Tempo(
        value=None, confidence=round(confidence, 2), alternative=None, reason=reason
    )
