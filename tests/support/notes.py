"""Sounds of known tempo and key: clicks, drums, chords and melodies."""

from collections.abc import Sequence

import numpy as np

RATE = 22_050
MIDDLE_C = 60
HARMONICS = range(1, 9)
Progression = tuple[tuple[int, ...], ...]

# Semitones from the tonic: I IV V I, with the bass an octave below.
MAJOR_CADENCE: Progression = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))
MINOR_CADENCE: Progression = ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7))
# Melodies in semitones from the tonic, up and down the scale.
MAJOR_MELODY: Progression = tuple(
    (n,) for n in (0, 4, 7, 4, 0, 7, 5, 2, 0, 7, 9, 7, 5, 4, 2, 0)
)
MINOR_MELODY: Progression = tuple(
    (n,) for n in (0, 3, 7, 3, 0, 7, 5, 2, 0, 7, 8, 7, 5, 3, 2, 0)
)


def clicks(bpm: float, seconds: float) -> np.ndarray:
    """Return a metronome: equal bursts of 1 kHz."""
    return clicks_at(np.arange(0.1, seconds - 0.1, 60 / bpm), seconds)


def clicks_at(times: Sequence[float], seconds: float) -> np.ndarray:
    """Return equal bursts of 1 kHz that begin at the given seconds."""
    time = np.arange(int(0.05 * RATE)) / RATE
    click = np.sin(2 * np.pi * 1000 * time) * np.exp(-time / 0.01)
    out = np.zeros(int(seconds * RATE))
    for beat in times:
        _mix(out, click, at=beat)
    return out.astype(np.float32)


def drums(bpm: float, seconds: float) -> np.ndarray:
    """Return kick and snare in turn, with a hi-hat twice per beat."""
    noise = np.random.default_rng(3)
    time = np.arange(int(0.3 * RATE)) / RATE
    kick = np.sin(2 * np.pi * (50 * time - 0.7 * np.exp(-30 * time))) * np.exp(
        -12 * time
    )
    snare = noise.standard_normal(len(time)) * np.exp(-20 * time) * 0.6
    hat = np.diff(noise.standard_normal(len(time) + 1)) * np.exp(-60 * time) * 0.2
    out = np.zeros(int(seconds * RATE))
    for step, at in enumerate(np.arange(0, seconds - 0.5, 30 / bpm)):
        _mix(out, hat, at=at)
        if step % 2 == 0:
            _mix(out, kick if step % 4 == 0 else snare, at=at)
    return (0.3 * out).astype(np.float32)


def chords(
    progression: Sequence[Sequence[int]], tonic: int, *, seconds: float = 1.0
) -> np.ndarray:
    """Return chords of rich tones, one after the other; `tonic` 0 is C."""
    played = [
        sum(_tone(MIDDLE_C + tonic + note, seconds) for note in (*notes, notes[0] - 12))
        for notes in progression
    ]
    return (0.05 * np.concatenate(played)).astype(np.float32)


def pad(seconds: float) -> np.ndarray:
    """Return chords that swell and overlap, without a beginning of any tone."""
    bars = int(seconds / 4)
    played = []
    for bar in range(bars):
        chord = MAJOR_CADENCE[bar % len(MAJOR_CADENCE)]
        swell = np.sin(np.pi * np.arange(4 * RATE) / (4 * RATE)) ** 2
        tones = (_wave(MIDDLE_C + note, 4, harmonics=range(1, 3)) for note in chord)
        played.append(swell * sum(tones))
    return (0.1 * np.concatenate(played)).astype(np.float32)


def noise(seconds: float) -> np.ndarray:
    """Return white noise."""
    frames = int(seconds * RATE)
    return (0.1 * np.random.default_rng(5).standard_normal(frames)).astype(np.float32)


def _tone(note: int, seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    edges = np.minimum(1, time / 0.01) * np.minimum(1, (seconds - time) / 0.05)
    return edges * _wave(note, seconds, harmonics=HARMONICS)


def _wave(note: int, seconds: float, *, harmonics: Sequence[int]) -> np.ndarray:
    hz = 440 * 2 ** ((note - 69) / 12)
    time = np.arange(int(seconds * RATE)) / RATE
    waves = (np.sin(2 * np.pi * hz * n * time) / n for n in harmonics)
    return sum(waves, np.zeros(len(time)))


def _mix(out: np.ndarray, sound: np.ndarray, *, at: float) -> None:
    start = round(at * RATE)
    room = out[start : start + len(sound)]
    room += sound[: len(room)]
