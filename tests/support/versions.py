"""Versions of music that differ in a known way: songs of stems, and edits of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE = 44_100
BEAT_S = 0.55
SCALE = (0, 2, 3, 5, 7, 8, 10)

Audio = np.ndarray  # float32, shape (frames, channels)


@dataclass(frozen=True)
class Song:
    """A song of four stereo stems that never repeats itself exactly."""

    voice: Audio
    drums: Audio
    bass: Audio
    chords: Audio

    def mix(self, **stems: Audio) -> Audio:
        """Return the sum of the stems; a stem given by name replaces the song's."""
        names = ("voice", "drums", "bass", "chords")
        return sum(stems.get(name, getattr(self, name)) for name in names)


def song(seed: int, *, seconds: float = 40, rate: int = RATE) -> Song:
    """Return a song that is another for every seed."""
    random = np.random.default_rng(seed)
    frames = round(seconds * rate)
    return Song(
        voice=_take(random, frames, rate=rate),
        drums=_drums(random, frames, rate=rate),
        bass=_line(random, frames, rate=rate, low=33, length=1, decay=0.25),
        chords=sum(
            _line(random, frames, rate=rate, low=low, length=4, decay=2.0, pan=pan)
            for low, pan in ((52, -0.6), (57, 0.1), (62, 0.5))
        ),
    )


def take(seed: int, *, seconds: float = 40, rate: int = RATE) -> Audio:
    """Return another take of a voice."""
    return _take(np.random.default_rng(seed), round(seconds * rate), rate=rate)


def hiss(seconds: float) -> Audio:
    """Return swelling noise of the treble, another in each channel."""
    random = np.random.default_rng(1)
    noise = random.standard_normal((round(seconds * RATE), 2))
    swell = 0.025 * (1 + np.sin(np.arange(len(noise)) / RATE * 9))[:, None]
    return (np.diff(noise, axis=0, prepend=0) * swell).astype(np.float32)


def _take(random: np.random.Generator, frames: int, *, rate: int) -> Audio:
    track = np.zeros(frames, np.float64)
    at = BEAT_S
    while at * rate < frames:
        length = BEAT_S * random.choice((0.5, 1, 1.5, 2))
        if random.random() < 0.15:  # a breath
            at += BEAT_S * random.choice((1, 2))
        hz = _hz(60 + random.choice(SCALE) + 12 * random.integers(0, 2))
        time = np.arange(int(length * rate)) / rate
        bend = 1 + 0.01 * np.sin(2 * np.pi * random.uniform(4.8, 6) * time)
        phase = 2 * np.pi * np.cumsum(hz * bend) / rate
        note = sum(
            np.sin(k * phase) * (np.exp(-(((k * hz - 900) / 700) ** 2)) + 0.1 / k)
            for k in range(1, int(5000 / hz))
        )
        note *= np.minimum(time / 0.06, 1) * np.minimum((time[-1] - time) / 0.1, 1)
        _add(track, note * random.uniform(0.5, 1), int(at * rate))
        at += length
    return _stereo(track, 0.2)


def _drums(random: np.random.Generator, frames: int, *, rate: int) -> Audio:
    track = np.zeros((frames, 2))
    for half in range(int(frames / rate / BEAT_S * 2) + 1):
        start = int(half * BEAT_S / 2 * rate)
        hit = random.standard_normal(int(0.05 * rate))
        hit = np.diff(hit * np.exp(-np.arange(len(hit)) / rate / 0.012), prepend=0)
        _add(track[:, 1], hit * random.uniform(0.1, 0.3), start)
        _add(track[:, 0], hit * random.uniform(0.05, 0.2), start)
        if half % 4 == 0 or random.random() < 0.15:
            time = np.arange(int(0.25 * rate)) / rate
            sweep = 2 * np.pi * np.cumsum(48 + 130 * np.exp(-time / 0.025)) / rate
            kick = np.sin(sweep) * np.exp(-time / 0.09) * random.uniform(0.7, 1)
            _add(track[:, 0], kick, start)
            _add(track[:, 1], kick, start)
        if half % 4 == 2:
            snare = random.standard_normal(int(0.2 * rate))
            snare *= np.exp(-np.arange(len(snare)) / rate / 0.06) * 0.5
            _add(track[:, 0], snare, start)
            _add(track[:, 1], snare * 0.8, start)
    return _scaled(track, 0.3)


def _line(  # noqa: PLR0913 - what a part of a song is made of
    random: np.random.Generator,
    frames: int,
    *,
    rate: int,
    low: int,
    length: int,
    decay: float,
    pan: float = 0.0,
) -> Audio:
    track = np.zeros(frames)
    for beat in range(0, int(frames / rate / BEAT_S), length):
        hz = _hz(low + random.choice(SCALE))
        time = np.arange(int(BEAT_S * length * 1.05 * rate)) / rate
        note = sum(np.sin(2 * np.pi * k * hz * time + k) / k**1.5 for k in range(1, 8))
        note *= np.minimum(time / 0.01, 1) * np.exp(-time / decay)
        note *= np.minimum((time[-1] - time) / 0.05, 1)
        _add(track, note * random.uniform(0.6, 1), int(beat * BEAT_S * rate))
    return _stereo(track, 0.15, pan=pan)


def _hz(note: float) -> float:
    return 440 * 2 ** ((note - 69) / 12)


def _add(track: np.ndarray, sound: np.ndarray, start: int) -> None:
    part = track[start : start + len(sound)]
    part += sound[: len(part)]


def _stereo(track: np.ndarray, level: float, *, pan: float = 0.0) -> Audio:
    both = track[:, None] * np.sqrt([(1 - pan) / 2, (1 + pan) / 2])
    return _scaled(both, level)


def _scaled(track: np.ndarray, level: float) -> Audio:
    return (track * (level / np.abs(track).max())).astype(np.float32)


def gain(audio: Audio, db: float, *, start_s: float = 0, end_s: float = 1e9) -> Audio:
    """Return audio that is louder by `db` between two times."""
    edited = audio.copy()
    edited[round(start_s * RATE) : round(min(end_s, 1e4) * RATE)] *= 10 ** (db / 20)
    return edited


def late(audio: Audio, frames: float) -> Audio:
    """Return audio of the same length that comes later by frames, also by a part."""
    whole = int(np.floor(frames))
    moved = np.concatenate((np.zeros((max(whole, 0), audio.shape[1])), audio))
    if part := frames - whole:
        size = len(moved) + 4096
        turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size) * part)[:, None]
        moved = np.fft.irfft(np.fft.rfft(moved, size, axis=0) * turn, size, axis=0)
    return moved[: len(audio)].astype(np.float32)


def inserted(audio: Audio, other: Audio, at_s: float) -> Audio:
    """Return audio with another passage inserted at a time."""
    at = round(at_s * RATE)
    return np.concatenate((audio[:at], other, audio[at:]))


def cut(audio: Audio, start_s: float, end_s: float) -> Audio:
    """Return audio without the passage between two times."""
    return np.concatenate(
        (audio[: round(start_s * RATE)], audio[round(end_s * RATE) :])
    )


def shelved(audio: Audio, db: float, *, above_hz: float) -> Audio:
    """Return audio whose treble is louder by `db`."""
    hz = np.fft.rfftfreq(len(audio), 1 / RATE)
    rise = 1 / (1 + (above_hz / np.maximum(hz, 1)) ** 4)
    spectrum = np.fft.rfft(audio, axis=0) * (10 ** (db * rise / 20))[:, None]
    return np.fft.irfft(spectrum, len(audio), axis=0).astype(np.float32)


def reverberant(audio: Audio, db: float, *, seed: int = 5) -> Audio:
    """Return audio with a reverberation that is quieter by `db`."""
    random = np.random.default_rng(seed)
    tail = random.standard_normal(RATE) * np.exp(-np.arange(RATE) / RATE / 0.3)
    size = 1 << (len(audio) + RATE - 1).bit_length()
    wet = np.fft.irfft(
        np.fft.rfft(audio, size, axis=0) * np.fft.rfft(tail, size)[:, None],
        size,
        axis=0,
    )[: len(audio)]
    wet *= np.sqrt((audio.astype(float) ** 2).mean() / (wet**2).mean())
    return (audio + wet * 10 ** (db / 20)).astype(np.float32)


def limited(audio: Audio, db: float) -> Audio:
    """Return louder audio whose peaks are squashed softly below full scale."""
    driven = audio * (10 ** (db / 20) / np.abs(audio).max() * 0.9)
    knee = 0.7
    over = np.maximum(np.abs(driven) - knee, 0)
    squashed = knee + (1 - knee) * np.tanh(over / (1 - knee))
    shaped = np.where(over > 0, np.sign(driven) * squashed, driven)
    return (shaped * (np.abs(audio).max() / 0.9)).astype(np.float32)


def panned(audio: Audio, left_db: float, right_db: float) -> Audio:
    """Return stereo with a gain for each channel."""
    return audio * (10 ** (np.array([left_db, right_db], np.float32) / 20))


def dithered(audio: Audio, *, bits: int = 16, seed: int = 3) -> Audio:
    """Return audio rounded to so many bits with triangular noise."""
    random = np.random.default_rng(seed)
    noise = random.random(audio.shape) - random.random(audio.shape)
    steps = 2.0 ** (bits - 1)
    return (np.rint(audio * steps + noise) / steps).astype(np.float32)


def at_rate(audio: Audio, rate: int, *, source: int = RATE) -> Audio:
    """Return audio at another sample rate."""
    return soxr.resample(audio, source, rate, quality="VHQ")


def write(
    path: Path, audio: Audio, *, rate: int = RATE, subtype: str = "FLOAT"
) -> Path:
    """Write a WAV file and return its path."""
    soundfile.write(path, audio, rate, subtype=subtype)
    return path
