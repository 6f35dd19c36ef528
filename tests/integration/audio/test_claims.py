"""Headers that lie: the samples that are there count, not the claims."""

import struct
from pathlib import Path

import pytest
from support import hostile, sound
from waveflow.audio.waveform.draw import draw

SAMPLES = sound.music(3, channels=1)
LENGTH = len(SAMPLES)


def answer(path: Path, content: bytes) -> tuple[str, int, tuple[str, ...]]:
    """Return format, frames and warnings of a file's content."""
    path.write_bytes(content)
    waveform = draw(path, 10)
    return waveform.format, waveform.frames, waveform.warnings


@pytest.fixture
def flac(tmp_path: Path) -> bytes:
    """Return a FLAC of three seconds."""
    how = {"format": "FLAC", "subtype": "PCM_16"}
    return sound.write(tmp_path / "flac", SAMPLES, **how).read_bytes()


@pytest.mark.parametrize("claimed", [10_000, 2**36 - 1])
def test_flac_that_lies_about_its_length_is_whole(
    tmp_path: Path, flac: bytes, claimed: int
):
    """A decoder that believes the header stops early, or expects 18 days of audio."""
    packed = int.from_bytes(flac[18:26], "big") >> 36 << 36 | claimed
    lie = flac[:18] + packed.to_bytes(8, "big") + flac[26:]

    warnings = ("TRUNCATED",) if claimed > LENGTH else ()
    assert answer(tmp_path / "a", lie) == ("flac", LENGTH, warnings)


def test_flac_is_not_longer_for_what_looks_like_a_frame_behind_it(
    tmp_path: Path, flac: bytes
):
    """Junk that looks like a FLAC frame must not make a user's file longer."""
    false = b"\xff\xf8\xc9\x08\xfcAAAAA"
    behind = bytes(24) + false + bytes([hostile.crc8(false)]) + bytes(40)

    assert answer(tmp_path / "a", flac + behind) == ("flac", LENGTH, ())


@pytest.mark.parametrize("claimed", [1, 0xFFFF_FFF0])
def test_adpcm_that_lies_about_its_length_is_whole(tmp_path: Path, claimed: int):
    """A false count in a header must not refuse or cut a short file."""
    path = sound.write(tmp_path / "a.wav", SAMPLES, subtype="IMA_ADPCM")
    content = bytearray(path.read_bytes())
    _, whole, _ = answer(path, content)
    fact = content.index(b"fact") + 8
    content[fact : fact + 4] = struct.pack("<I", claimed)

    found, frames, _ = answer(path, content)

    assert found == "wav"
    assert frames == whole >= LENGTH


@pytest.mark.parametrize("claimed", [0, 3600 * sound.RATE])
def test_m4a_that_lies_about_its_packets_is_whole(tmp_path: Path, claimed: int):
    """An M4A whose tables claim an hour per packet must keep its real length."""
    path = sound.encode(tmp_path / "a", SAMPLES, codec="aac", container="ipod")
    content = bytearray(path.read_bytes().replace(b"edts", b"free"))
    _, whole, _ = answer(path, content)
    for table, offset, duration in (
        (b"stts", 16, claimed),
        (b"mdhd", 20, min(100 * claimed, 2**32 - 1)),
    ):
        start = content.index(table) + offset
        content[start : start + 4] = struct.pack(">I", duration)

    found, frames, _ = answer(path, content)

    assert (found, frames) == ("m4a", whole)


@pytest.mark.parametrize("claimed", [3, 2**31])
def test_xing_lie_changes_nothing(tmp_path: Path, claimed: int):
    """A count of 2^31 frames once became a buffer of 36 TiB, and killed a function."""
    content = hostile.mp3_of_silence(10, xing_frames=claimed)

    found, frames, _ = answer(tmp_path / "a", content)

    assert found == "mp3"
    assert abs(frames - 160_000) <= 2 * 576
