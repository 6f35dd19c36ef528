"""Find the musical key of an excerpt, or say why there is none.

librosa measures how strong each of the twelve pitch classes is; the key is the
candidate whose profile those strengths resemble most (Albrecht and Shanahan, Music
Perception 31(1), 2013, from 982 pieces). librosa is imported on the first call.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.listen.excerpt import SAMPLE_RATE, is_silent
from waveflow.audio.listen.findings import MusicalKey
from waveflow.audio.listen.loops import import_librosa

PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# Shares of the degrees of the scale, in thousandths, the tonic first.
MAJOR = (238, 6, 111, 6, 137, 94, 16, 214, 9, 80, 8, 81)
MINOR = (220, 6, 104, 123, 19, 103, 12, 214, 62, 22, 61, 52)
HOP = 1_024
MIN_SECONDS = 3.0
MIN_CONFIDENCE = 0.6
MIN_CONTRAST = 0.16  # noise and cymbals stay below 0.15, a choir with drums above 0.17
PITCHED_CONTRAST = 0.35  # drums and speech below, chords and notes mostly above
MIN_LEAD = 0.03  # a single note fits two keys equally well
RELATIVE_STEPS = 3  # semitones from a minor key up to the major key with its notes


def find_key(excerpt: NDArray[np.float32]) -> MusicalKey:
    """Find an excerpt's musical key; the same excerpt always has the same key.

    Parameters
    ----------
    excerpt
        Shape (frames,), at 22,050 Hz.
    """
    if is_silent(excerpt):
        return _no_key("SILENT")
    if len(excerpt) < MIN_SECONDS * SAMPLE_RATE:
        return _no_key("TOO_SHORT")
    strengths = pitch_classes(excerpt)
    if strengths is None or (contrast := _contrast(strengths)) < MIN_CONTRAST:
        return _no_key("NO_PITCH")
    fits = profile_fits(strengths)
    second, first = np.sort(fits)[-2:]
    confidence = round(float(np.clip(first, 0, 1)), 2)
    if first < MIN_CONFIDENCE and contrast < PITCHED_CONTRAST:
        return _no_key("NO_PITCH")
    if first < MIN_CONFIDENCE or first - second < MIN_LEAD:
        return _no_key("NO_KEY", confidence)
    tonic, minor = int(fits.argmax()) % 12, int(fits.argmax()) >= len(PITCHES)
    other = tonic + RELATIVE_STEPS if minor else tonic - RELATIVE_STEPS
    return MusicalKey(
        value=_key_name(tonic, minor=minor),
        confidence=confidence,
        relative=_key_name(other, minor=not minor),
        reason=None,
    )


def pitch_classes(excerpt: NDArray[np.float32]) -> NDArray[np.float64] | None:
    """Measure the mean strength of the twelve pitch classes, whatever the tuning.

    Parameters
    ----------
    excerpt
        Shape (frames,), at 22,050 Hz.

    Returns
    -------
    NDArray or None
        Shape (12,), C first; None where nothing has a pitch.
    """
    librosa = import_librosa()
    pitches, strengths = librosa.piptrack(y=excerpt, sr=SAMPLE_RATE)
    heard = pitches > 0
    if not heard.any():
        return None
    loud = pitches[heard & (strengths >= np.median(strengths[heard]))]
    chroma = librosa.feature.chroma_cqt(
        y=excerpt,
        sr=SAMPLE_RATE,
        hop_length=HOP,
        tuning=librosa.pitch_tuning(loud),
    )
    means: NDArray[np.float64] = chroma.mean(axis=1, dtype=np.float64)
    return means


def profile_fits(strengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlate the pitch classes with the profile of every musical key.

    Parameters
    ----------
    strengths
        Shape (12,), not all equal.

    Returns
    -------
    NDArray
        Shape (24,), -1 to 1: twelve major keys from C, then twelve minor.
    """
    profiles = [np.roll(mode, tonic) for mode in (MAJOR, MINOR) for tonic in range(12)]
    return np.array([np.corrcoef(strengths, profile)[0, 1] for profile in profiles])


def _contrast(strengths: NDArray[np.float64]) -> float:
    """Return how much the pitch classes differ, as a share of their mean."""
    return float(strengths.std() / max(strengths.mean(), np.finfo(float).tiny))


def _key_name(tonic: int, *, minor: bool) -> str:
    return f"{PITCHES[tonic % 12]} {'minor' if minor else 'major'}"


def _no_key(
    reason: Literal["SILENT", "TOO_SHORT", "NO_PITCH", "NO_KEY"],
    confidence: float = 0.0,
) -> MusicalKey:
    return MusicalKey(value=None, confidence=confidence, relative=None, reason=reason)
