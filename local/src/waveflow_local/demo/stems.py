"""Synthesise a short piece on four instruments, the same samples every time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Audio = NDArray[np.float32]

BPM = 112
BEAT_S = 60 / BPM
_SEED = 20261121
# Am, F, C, G as MIDI notes: two beats each, over and over.
_CHORDS = ((57, 60, 64), (53, 57, 60), (48, 55, 64), (55, 59, 62))
_MELODY = (69, 72, 76, 74, 72, 69, 67, 69, 72, 71, 67, 64)
# Half beats of two bars on which the drums play.
_KICKS, _SNARES = (0, 4, 8, 11, 12), (2, 6, 10, 14)
# Half beats of a bar on which the bass leaps or is silent.
_OCTAVES, _RESTS = (5,), (3, 6)
# Notes of the melody that are held, and before which the singer breathes.
_LONG_NOTES, _BREATHS = (3,), (5,)
_FORMANTS_HZ = ((700, 110, 1.0), (1220, 140, 0.55), (2600, 180, 0.3))  # "ah"


@dataclass(frozen=True)
class Instrument:
    """Describe one instrument's audio file, and the function that synthesises it."""

    filename: str
    seconds: float
    sample_rate: int
    subtype: str
    play: Callable[[float, int], Audio]


def write_stems(folder: Path) -> list[Path]:
    """Write every stem as WAV, FLAC or MP3, with different lengths and rates."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for instrument in INSTRUMENTS:
        path = folder / instrument.filename
        rate = instrument.sample_rate
        samples = instrument.play(instrument.seconds, rate)
        soundfile.write(path, samples, rate, subtype=instrument.subtype)
        paths.append(path)
    return paths


def drums(seconds: float, sample_rate: int) -> Audio:
    """Return samples of kick, snare and hi-hat; shape (frames, 2), range [-1, 1]."""
    noise = np.random.default_rng(_SEED)
    kick = _kick(sample_rate)
    snare = _burst(noise, sample_rate, length_s=0.19, decay_s=0.06)
    hat = np.diff(_burst(noise, sample_rate, length_s=0.06, decay_s=0.014), prepend=0)
    track = np.zeros((_frames(seconds, sample_rate), 2))
    for half_beat in range(int(seconds / BEAT_S * 2) + 1):
        at = half_beat * BEAT_S / 2
        accent = 0.45 if half_beat % 2 else 0.3
        _add(track, hat * accent, at, sample_rate, pan=0.35)
        if half_beat % 16 in _KICKS:
            _add(track, kick * 0.85, at, sample_rate, pan=0)
        if half_beat % 16 in _SNARES:
            _add(track, snare * 0.5, at, sample_rate, pan=-0.1)
    return _level(track, 0.92)


def bass(seconds: float, sample_rate: int) -> Audio:
    """Return samples of a plucked bass; shape (frames,), range [-1, 1]."""
    track = np.zeros(_frames(seconds, sample_rate))
    for half_beat in range(int(seconds / BEAT_S * 2)):
        root = min(_CHORDS[half_beat // 4 % 4]) - 24
        jump = 12 if half_beat % 8 in _OCTAVES else 0
        if half_beat % 8 in _RESTS:
            continue
        time = np.arange(int(BEAT_S * 0.55 * sample_rate)) / sample_rate
        note = sum(
            np.sin(2 * np.pi * k * _hz(root + jump) * time) / k**1.4
            for k in range(1, 7)
        )
        envelope = np.minimum(time / 0.004, 1) * np.exp(-time / 0.22)
        _add(track, note * envelope, half_beat * BEAT_S / 2, sample_rate)
    return _level(track, 0.8)


def chords(seconds: float, sample_rate: int) -> Audio:
    """Return samples of soft chords with tremolo; shape (frames, 2), range [-1, 1]."""
    track = np.zeros((_frames(seconds, sample_rate), 2))
    length_s = 2 * BEAT_S
    time = np.arange(int(length_s * 1.15 * sample_rate)) / sample_rate
    envelope = np.minimum(time / 0.09, 1) * np.minimum((time[-1] - time) / 0.3, 1)
    for bar, notes in enumerate(_CHORDS):
        for voice, note in enumerate(notes):
            tone = sum(
                np.sin(2 * np.pi * k * _hz(note) * (1 + 0.0015 * d) * time + d) / k**2
                for k in (1, 2, 3)
                for d in (-1, 1)
            )
            tremolo = 0.8 + 0.2 * np.sin(2 * np.pi * 4.2 * time + voice)
            for at in np.arange(bar, seconds / length_s, len(_CHORDS)):
                sound = tone * envelope * tremolo
                _add(track, sound, at * length_s, sample_rate, pan=0.6 * (voice - 1))
    return _level(track, 0.62)


def voice(seconds: float, sample_rate: int) -> Audio:
    """Return samples of a lead that sings "ah"; shape (frames,), range [-1, 1]."""
    track = np.zeros(_frames(seconds, sample_rate))
    at = BEAT_S  # the voice starts one beat after the others
    for count, pitch in enumerate(_MELODY):
        length_s = BEAT_S * (1.5 if count % 4 in _LONG_NOTES else 0.75)
        if count % 6 in _BREATHS:
            at += BEAT_S
        note = _sung_note(_hz(pitch), length_s * 0.95, sample_rate)
        _add(track, note, at, sample_rate)
        at += length_s
    return _level(track, 0.7)


def _sung_note(hz: float, length_s: float, sample_rate: int) -> NDArray[np.float64]:
    time = np.arange(int(length_s * sample_rate)) / sample_rate
    vibrato = 1 + 0.012 * np.minimum(time / 0.25, 1) * np.sin(2 * np.pi * 5.4 * time)
    phase = 2 * np.pi * np.cumsum(hz * vibrato) / sample_rate
    note = np.zeros_like(time)
    for k in range(1, int(4000 / hz)):
        weight = sum(
            gain * np.exp(-(((k * hz - centre) / width) ** 2) / 2)
            for centre, width, gain in _FORMANTS_HZ
        )
        note += (weight + 0.05 / k) * np.sin(k * phase)
    ends = np.minimum(time / 0.09, 1) * np.minimum((time[-1] - time) / 0.2, 1)
    swell = 0.55 + 0.45 * np.exp(-(((time / time[-1] - 0.35) / 0.3) ** 2))
    wobble = 1 + 0.16 * np.sin(2 * np.pi * 5.4 * time) + 0.05 * np.sin(47 * time)
    shaped: NDArray[np.float64] = note * np.sin(ends * np.pi / 2) ** 2 * swell * wobble
    return shaped


def _kick(sample_rate: int) -> NDArray[np.float64]:
    time = np.arange(int(0.28 * sample_rate)) / sample_rate
    phase = 2 * np.pi * np.cumsum(48 + 130 * np.exp(-time / 0.025)) / sample_rate
    hit: NDArray[np.float64] = np.sin(phase) * np.exp(-time / 0.09)
    return hit


def _burst(
    noise: np.random.Generator, sample_rate: int, *, length_s: float, decay_s: float
) -> NDArray[np.float64]:
    time = np.arange(int(length_s * sample_rate)) / sample_rate
    hit: NDArray[np.float64] = noise.standard_normal(len(time)) * np.exp(
        -time / decay_s
    )
    return hit


def _add(
    track: NDArray[np.float64],
    sound: NDArray[np.float64],
    at_s: float,
    sample_rate: int,
    *,
    pan: float = 0,
) -> None:
    """Add a sound to a track in place; pan goes from -1 (left) to 1 (right)."""
    begin = int(at_s * sample_rate)
    sound = sound[: max(0, len(track) - begin)]
    part = track[begin : begin + len(sound)]
    if track.ndim == 1:
        part += sound
    else:
        part += sound[:, None] * np.sqrt([(1 - pan) / 2, (1 + pan) / 2])


def _level(track: NDArray[np.float64], peak: float) -> Audio:
    """Return a track scaled to the peak `peak`, with a fade-out at its end."""
    fade = np.minimum(np.arange(len(track), 0, -1) / 4000, 1)
    faded = track * (fade if track.ndim == 1 else fade[:, None])
    levelled: Audio = (faded * (peak / np.abs(faded).max())).astype(np.float32)
    return levelled


def _frames(seconds: float, sample_rate: int) -> int:
    return round(seconds * sample_rate)


def _hz(note: float) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


INSTRUMENTS = (
    Instrument("drums.wav", 8.6, 44100, "PCM_16", drums),
    Instrument("bass.mp3", 8.4, 44100, "MPEG_LAYER_III", bass),
    Instrument("chords.flac", 9.1, 44100, "PCM_24", chords),
    Instrument("voice.wav", 8.0, 48000, "PCM_24", voice),
)
