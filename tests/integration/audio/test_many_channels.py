"""Files of eight channels and more decode, although PyAV misreads their planes."""

from pathlib import Path

import numpy as np
import pytest
from support import sound
from waveflow.audio.codec import blocks, open_audio
from waveflow.audio.waveform.draw import draw

RATE = 48_000
# FFmpeg encodes more than eight channels in AAC only.
CASES = [(8, "aac"), (8, "libopus"), (8, "vorbis"), (7, "aac"), (16, "aac")]


def encode(path: Path, channels: int, codec: str) -> tuple[Path, np.ndarray]:
    """Return a file of a second of tones, with its channels' levels."""
    levels = np.linspace(0.9, 0.15, channels, dtype=np.float32)
    time = np.arange(RATE) / RATE
    # Low tones: in most layouts one channel carries nothing above 120 Hz.
    tones = [np.sin(2 * np.pi * (60 + 2 * i) * time) for i in range(channels)]
    samples = (np.stack(tones, axis=1) * levels).astype(np.float32)
    if codec == "vorbis":
        sound.write(path, samples, rate=RATE, format="OGG", subtype="VORBIS")
    else:
        container = "ipod" if codec == "aac" else "ogg"
        sound.encode(path, samples, rate=RATE, codec=codec, container=container)
    return path, levels


@pytest.mark.parametrize(("channels", "codec"), CASES)
def test_each_channel_is_read_from_its_own_plane(
    tmp_path: Path, channels: int, codec: str
):
    """A channel read from a wrong plane would be drawn, or crash the function."""
    path, levels = encode(tmp_path / "a", channels, codec)

    decoded = blocks(open_audio(path))

    samples = np.concatenate([np.array(block) for block in decoded])
    found = np.sqrt(2) * samples[4_800:-4_800].std(axis=0)
    full_scale = 1.0 if samples.dtype.kind == "f" else 32_768.0
    assert sorted(found / full_scale) == pytest.approx(sorted(levels), rel=0.1)


def test_sixteen_channels_are_drawn(tmp_path: Path):
    """A user's file of 16 channels must be drawn at the loudest channel's level."""
    path, _ = encode(tmp_path / "a", 16, "aac")

    waveform = draw(path, 100)

    assert waveform.channels == 16
    assert 0.88 < np.median(waveform.peaks) * waveform.peak < 0.95
