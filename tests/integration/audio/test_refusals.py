"""The smallest file for each refusal of a parser, and joined files that are none."""

import struct
from pathlib import Path

import numpy as np
import pytest
from support import sound
from waveflow.audio.waveform.draw import draw
from waveflow.errors import WaveflowError

MP3 = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
FMT, SILENCE = sound.wav_format(rate=8000), bytes(200)


def riff(*chunks: bytes) -> bytes:
    """Write a WAV file of chunks, in any order."""
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(*chunks: tuple[bytes, bytes], kind: bytes = b"AIFF") -> bytes:
    """Write an AIFF file of chunks."""
    body = kind + b"".join(n + struct.pack(">I", len(b)) + b for n, b in chunks)
    return b"FORM" + struct.pack(">I", len(body)) + body


def comm(*, channels: int = 1, bits: int = 16, compression: bytes = b"") -> bytes:
    """Write the format of an AIFF file at 8,192 Hz, which is a power of two."""
    rate = struct.pack(">HQ", 16383 + 13, 1 << 63)
    return struct.pack(">HIH", channels, 100, bits) + rate + compression


def box(name: bytes, body: bytes = b"", *, size: int | None = None) -> bytes:
    """Write one box of an MPEG-4 file; `size` lies about its length."""
    return struct.pack(">I", 8 + len(body) if size is None else size) + name + body


FTYP = box(b"ftyp", b"M4A \0\0\2\0M4A isomiso2")
MOOV = box(b"moov", box(b"mvhd", bytes(12) + struct.pack(">I", 1000) + bytes(84)))
SSND = (b"SSND", bytes(8) + SILENCE)
UNKNOWN = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 16_000, 2, 16, 22, 16, 0)

REFUSED = {
    "WAV, half a format": (
        riff(sound.chunk(b"fmt ", FMT[:10]), sound.chunk(b"data", SILENCE)),
        "CORRUPT_AUDIO",
    ),
    "WAV, an unknown subformat": (
        riff(sound.chunk(b"fmt ", UNKNOWN + bytes(16)), sound.chunk(b"data", SILENCE)),
        "UNSUPPORTED_MEDIA",
    ),
    "WAV, data before the format": (
        riff(sound.chunk(b"data", SILENCE), sound.chunk(b"fmt ", FMT)),
        "CORRUPT_AUDIO",
    ),
    "WAV, no data": (riff(sound.chunk(b"fmt ", FMT)), "CORRUPT_AUDIO"),
    "AIFF, half a format": (form((b"COMM", comm()[:10]), SSND), "CORRUPT_AUDIO"),
    "AIFF, no channels": (form((b"COMM", comm(channels=0)), SSND), "CORRUPT_AUDIO"),
    "AIFF, no samples": (form((b"COMM", comm())), "CORRUPT_AUDIO"),
    "AIFF, no format": (form(SSND), "CORRUPT_AUDIO"),
    "AIFF, 64 bits": (form((b"COMM", comm(bits=64)), SSND), "CORRUPT_AUDIO"),
    "AIFF, an unknown codec": (
        form((b"COMM", comm(compression=b"Qclp\0\0")), SSND, kind=b"AIFC"),
        "UNSUPPORTED_MEDIA",
    ),
    "m4a, an empty box of 64-bit size": (
        FTYP + struct.pack(">I4sQ", 1, b"mdat", 16) + MOOV,
        "EMPTY_AUDIO",
    ),
    "m4a, an empty box until the end": (
        FTYP + MOOV + box(b"mdat", size=0),
        "EMPTY_AUDIO",
    ),
    "m4a, samples of no track": (
        FTYP + box(b"mdat", SILENCE) + MOOV,
        "CORRUPT_AUDIO",
    ),
    "QuickTime": (MOOV, "UNSUPPORTED_MEDIA"),
    "a tag alone": (b"ID3\4\0\0\0\0\0\5" + bytes(5), "UNSUPPORTED_MEDIA"),
    "half a page of Ogg": (b"OggS" + bytes(10), "UNSUPPORTED_MEDIA"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_refusal_has_its_code(tmp_path: Path, case: str):
    """A musician is told whether to export again, or to convert."""
    content, code = REFUSED[case]
    path = tmp_path / "a"
    path.write_bytes(content)

    with pytest.raises(WaveflowError) as refused:
        draw(path, 10)

    assert refused.value.code == code


@pytest.fixture(name="songs")
def _songs(tmp_path: Path) -> dict[str, bytes]:
    """Encode a second in mono, in stereo, and at another rate."""
    signals = {
        "mono": (sound.tone(1), 44_100),
        "stereo": (sound.music(1), 44_100),
        "slow": (sound.tone(1, rate=32_000), 32_000),
    }
    return {
        name: sound.write(tmp_path / name, samples, rate=rate, **MP3).read_bytes()
        for name, (samples, rate) in signals.items()
    }


@pytest.mark.parametrize("pair", [("mono", "stereo"), ("stereo", "mono")])
def test_joined_songs_may_change_their_channels(
    tmp_path: Path, songs: dict[str, bytes], pair: tuple[str, str]
):
    """A jingle in mono before a song in stereo is drawn with the song."""
    path = tmp_path / "a"
    path.write_bytes(b"".join(songs[name] for name in pair))

    waveform = draw(path, 2)

    assert abs(waveform.frames - 2 * 44_100) <= 4 * 1152
    assert np.min(waveform.peaks) > 0.1


def test_joined_songs_of_two_rates_are_refused(tmp_path: Path, songs: dict[str, bytes]):
    """An MP3 joined from two sample rates would be drawn at a wrong speed."""
    path = tmp_path / "a"
    path.write_bytes(songs["slow"] + songs["mono"])

    with pytest.raises(WaveflowError, match="sample rate changes") as refused:
        draw(path, 2)

    assert refused.value.code == "CORRUPT_AUDIO"
