"""More channels than a frame of FFmpeg has pointers for in itself: eight."""

from pathlib import Path

import numpy as np
import pytest
from support import sound
from waveflow.audio.codec import blocks, open_audio
from waveflow.audio.peaks import draw

LEVELS = np.linspace(0.9, 0.15, 16, dtype=np.float32)


@pytest.fixture(name="sixteen")
def _sixteen(tmp_path: Path) -> Path:
    """Encode sixteen channels of AAC, each of a tone at a level of its own."""
    time = np.arange(48_000) / 48_000
    tones = [np.sin(2 * np.pi * (300 + 40 * i) * time) for i in range(16)]
    samples = (np.stack(tones, axis=1) * LEVELS).astype(np.float32)
    path = tmp_path / "a.m4a"
    return sound.encode(path, samples, rate=48_000, codec="aac", container="ipod")


def test_sixteen_channels_are_each_read_from_their_own_plane(sixteen: Path):
    """PyAV counts planes until a null pointer, and behind the eighth stands none."""
    decoded = blocks(open_audio(sixteen))

    samples = np.concatenate([np.array(block) for block in decoded])
    assert samples.shape[1] == 16
    levels = np.sqrt(2) * samples[4_800:-4_800].std(axis=0)
    assert levels == pytest.approx(LEVELS, rel=0.05)


def test_sixteen_channels_are_drawn(sixteen: Path):
    """The loudest channel's level, which AAC overshoots where a tone begins."""
    waveform = draw(sixteen, 100)

    assert waveform.channels == 16
    assert 0.88 < waveform.peak < 1.3
