"""Waveforms of signals with known answers."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support import sound
from waveflow.audio.stream import Block, Rounding
from waveflow.audio.waveform import levels
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.audio.waveform.draw import draw, waveform_document
from waveflow.errors import ResourceLimitError


def wav(path: Path, samples: np.ndarray, channels: int = 1) -> Path:
    """Write a 16-bit WAV, and return its path."""
    body = sound.pcm16(samples)
    path.write_bytes(sound.wav(body, fmt=sound.wav_format(channels=channels)))
    return path


@pytest.mark.parametrize("frames", [1, 2, 999, 1000, 1001, 44_100, 131_073])
@pytest.mark.parametrize("num_peaks", [1, 7, 1000])
def test_a_click_in_the_last_sample_is_in_the_last_bucket(
    tmp_path: Path, frames: int, num_peaks: int
):
    """A click at the end would vanish in buckets of a rounded size."""
    click = np.zeros(frames)
    click[-1] = 0.5

    waveform = draw(wav(tmp_path / "a", click), num_peaks)

    assert len(waveform.peaks) == num_peaks
    assert waveform.peaks[-1] == 1
    assert waveform.data[-1] == 64
    assert len(waveform.data) // 2 <= max(num_peaks, 1)


def test_more_peaks_than_frames_repeat_frames(tmp_path: Path):
    """A file shorter than its peaks must fill every peak: frame floor(i * n / N)."""
    waveform = draw(wav(tmp_path / "a", np.array([0.25, -0.5, 1.0])), 7)

    expected = [0.25, 0.25, 0.25, 0.5, 0.5, 1.0, 1.0]
    assert waveform.peaks == pytest.approx(expected, abs=1e-4)


def test_peaks_are_exact_buckets_of_the_loudest_channel(tmp_path: Path):
    """Peaks must be the contract's, on lengths that divide badly, or clients differ."""
    samples = sound.music(1.237)
    stored = np.rint(samples * 32_767).astype(np.float64) / 32_768

    waveform = draw(wav(tmp_path / "a", samples.reshape(-1), channels=2), 640)

    n = len(stored)
    edges = [i * n // 640 for i in range(641)]
    loud = [np.abs(stored[a:b]).max() for a, b in pairwise(edges)]
    assert waveform.peaks == pytest.approx(np.array(loud) / max(loud), abs=1e-12)
    assert waveform.peak == max(loud)


def test_samples_of_lossy_files_keep_their_fractions():
    """Floats taken for integers would draw every MP3, Ogg and M4A as silence."""
    samples = np.array([[0.5, 0.5], [-0.25, -0.25]], np.float32)
    canvas = Canvas(Plan(2, 1, Rounding.NEAREST, 2))

    canvas.add(Block(samples, 44_100))

    assert canvas.finish().data.tolist() == [-32, 63]


def test_anti_phase_stereo_does_not_vanish(tmp_path: Path):
    """A user would see silence where both speakers play at full level."""
    tone = sound.tone(0.5)
    both = np.stack([tone, -tone], axis=1)

    waveform = draw(wav(tmp_path / "a", both.reshape(-1), channels=2), 10)

    assert waveform.peaks.min() > 0.99
    assert not waveform.data.any()


def test_silence_stays_silent(tmp_path: Path):
    """Normalising must not divide by zero, nor write -0.0."""
    waveform = draw(wav(tmp_path / "a", np.zeros(5000)), 100)

    assert not waveform.peaks.any()
    assert str(waveform.peak) == "0.0"


def test_a_deadline_ends_drawing(tmp_path: Path):
    """A stage must answer before its Lambda is killed."""
    path = wav(tmp_path / "a", np.zeros(5000))

    with pytest.raises(ResourceLimitError):
        draw(path, 100, deadline=0.0)


def test_document_is_what_browsers_load(tmp_path: Path):
    """A document without one of its fields would break a browser's package."""
    waveform = draw(wav(tmp_path / "a", sound.tone(1)), 1024)

    raw = waveform_document(
        waveform, audio_hash="ab", created_at="2026-01-01T00:00:00Z"
    )

    document = json.loads(raw)
    assert list(document) == [
        "version",
        "channels",
        "sample_rate",
        "samples_per_pixel",
        "bits",
        "length",
        "data",
        "peaks",
        "duration",
        "num_peaks",
        "peak",
        "audio_hash",
        "created_at",
        "algorithm",
    ]
    assert document["samples_per_pixel"] == 44
    assert document["length"] == len(document["data"]) // 2 == 1003
    assert document["duration"] == 1
    assert all(0 <= peak <= 1 for peak in document["peaks"])
    assert b" " not in raw


@pytest.mark.parametrize("channels", [1, 2])
def test_full_scale_mp3_is_cut_where_libmad_cuts(channels: int):
    """Audiowaveform's decoder of MP3 ends at -32,767: one in five values was off."""
    block = np.array([-1.2, -1.0, -0.5, 1.0, 1.2], np.float32)
    both = np.repeat(block[:, None], channels, axis=1)

    added = levels.ChannelSums(Rounding.FLOOR).of(both, loudest=1.2)
    sums, _ = levels.fold(added, np.arange(5))
    sixteen = levels.to_16_bits(sums, channels, rounding=Rounding.FLOOR)

    assert sixteen.tolist() == [-32_767, -32_767, -16_384, 32_767, 32_767]
    assert levels.to_8_bits(sixteen).tolist() == [-127, -127, -64, 127, 127]
