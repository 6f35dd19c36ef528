"""Mixes made in one call, and the rules of a mix once more in plain NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, pi, sin
from pathlib import Path

import numpy as np
import soundfile
import soxr
from waveflow.audio.mix.render import Rendered, render
from waveflow.audio.mix.settings import MixSettings, StemSettings, StemSource
from waveflow.audio.mix.stem import Stem, StemFindings, open_source
from waveflow.audio.mix.summing import sum_stems

from support import sound

FLAT = StemSettings()


@dataclass(frozen=True)
class Mixed:
    """Hold a mixed file, and what was found while it was made."""

    path: Path
    rendered: Rendered
    stems: tuple[StemFindings, ...]

    def samples(self) -> np.ndarray:
        """Return the file's samples as float64, shape (frames, channels)."""
        return soundfile.read(self.path, dtype="float64", always_2d=True)[0]


def mixed(
    folder: Path,
    stems: Sequence[Path | tuple[Path, StemSettings]],
    settings: MixSettings | None = None,
    **how: object,
) -> Mixed:
    """Mix stems to the file `mix` of a folder; a bare path is a stem as it is."""
    settings = settings or MixSettings()
    placed = [stem if isinstance(stem, tuple) else (stem, FLAT) for stem in stems]
    sources = [StemSource(path, path.name, place) for path, place in placed]
    out = folder / f"mix.{settings.format.kind}"
    with sum_stems(sources, settings, folder) as total:
        rendered = render(total, out, settings, **how)
        return Mixed(out, rendered, total.stems)


def odd_stems(folder: Path, *, seconds: float = 1) -> list[Path]:
    """Write stems of several kinds, one of them of another rate."""
    music = sound.music(seconds)
    slow = sound.music(seconds, rate=32_000, channels=1)
    return [
        sound.write(folder / "a.wav", music, subtype="PCM_16"),
        sound.write(folder / "b.wav", sound.tone(seconds, hz=300), subtype="FLOAT"),
        sound.write(folder / "c.flac", music[:, :1], subtype="PCM_24"),
        sound.write(folder / "d.wav", slow, rate=32_000, subtype="PCM_24"),
    ]


def mono_stem(path: Path, *, sample_rate: int | None = None) -> Stem:
    """Return a stem of a mix of one channel, at its own rate or another in Hz."""
    source = StemSource(path, path.name)
    stream = open_source(source)
    return Stem(
        stream,
        source,
        sample_rate=sample_rate or stream.sample_rate,
        channels=1,
        measure=False,
        deadline=None,
    )


def expected(
    stems: Sequence[tuple[Path, StemSettings]], *, rate: int, channels: int = 2
) -> np.ndarray:
    """Return the sum by the rules, float64, read and resampled by other libraries."""
    parts = [_part(path, place, rate, channels) for path, place in stems]
    total = np.zeros((max(map(len, parts)), channels))
    for part in parts:
        total[: len(part)] += part
    return total


def _part(path: Path, place: StemSettings, rate: int, channels: int) -> np.ndarray:
    """Return what one stem adds: gain, polarity, offset, channels, in this order."""
    samples, own_rate = soundfile.read(path, dtype="float64", always_2d=True)
    if own_rate != rate:
        samples = soxr.resample(samples, own_rate, rate, quality="VHQ")
    samples = samples * 10 ** (place.gain_db / 20) * (-1 if place.invert else 1)
    offset = floor(place.offset_ms * rate / 1000 + 0.5)
    late = np.zeros((max(0, offset), samples.shape[1]))
    samples = np.concatenate((late, samples[max(0, -offset) :]))
    if channels == 1 or samples.shape[1] > 2:
        samples = samples.mean(axis=1, keepdims=True)
    return samples if channels == 1 else _panned(samples, place.pan)


def _panned(samples: np.ndarray, pan: float | None) -> np.ndarray:
    """Return two channels by the text of the Web Audio API, StereoPannerNode."""
    left, right = samples[:, 0], samples[:, -1]
    if pan is None:
        return np.stack((left, right), axis=1)
    if samples.shape[1] == 1:
        x = (pan + 1) / 2
        return np.stack((left * cos(x * pi / 2), left * sin(x * pi / 2)), axis=1)
    x = pan + 1 if pan <= 0 else pan
    gain_left, gain_right = cos(x * pi / 2), sin(x * pi / 2)
    if pan <= 0:
        return np.stack((left + right * gain_left, right * gain_right), axis=1)
    return np.stack((left * gain_left, right + left * gain_right), axis=1)


def null_db(got: np.ndarray, wanted: np.ndarray) -> float:
    """Return the level of the difference of two signals below the second one."""
    assert got.shape == wanted.shape
    rest = np.sqrt(((got - wanted) ** 2).mean())
    return float(20 * np.log10((rest + 1e-30) / np.sqrt((wanted**2).mean())))
