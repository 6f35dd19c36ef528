"""AIFF of every writer: types, orders of bytes, rates and counts."""

import struct
from pathlib import Path

import numpy as np
import pytest
from support import chunked, sound
from waveflow.audio import codec
from waveflow.audio.stream import BLOCK_SAMPLES

TONE = sound.tone(0.2)
WHOLE = len(TONE)
BODY = np.rint(TONE * 32_767).astype(">i2").tobytes()


def opened(path: Path, content: bytes) -> codec.Stream:
    """Open some content."""
    path.write_bytes(content)
    return codec.open_audio(path)


def packed(samples: np.ndarray, *, width: int, order: str) -> bytes:
    """Write samples of 24 or 32 bits."""
    wide = np.rint(samples.astype(float) * (2**31 - 256)).astype(f"{order}i4")
    octets = wide.view(np.uint8).reshape(-1, 4)
    first = 4 - width
    return (octets[:, first:] if order == "<" else octets[:, :width]).tobytes()


def enda(little: int) -> bytes:
    """Write QuickTime's atoms for 24 bits, with or without the order turned round."""
    atoms = struct.pack(">I4s4sI4sHI4x", 12, b"frma", b"in24", 10, b"enda", little, 8)
    return chunked.aiff_chunk(b"wave", atoms)


@pytest.mark.parametrize(
    ("kind", "width", "order", "between"),
    [
        (b"in24", 3, ">", b""),
        (b"in24", 3, "<", enda(1)),
        (b"in24", 3, ">", enda(0)),
        (b"42ni", 3, "<", b""),
        (b"in32", 4, ">", b""),
        (b"23ni", 4, "<", b""),
    ],
)
def test_no_order_of_bytes_is_drawn_as_noise(
    tmp_path: Path, kind: bytes, width: int, order: str, between: bytes
):
    """Samples read from the wrong end are noise at full scale in a mix."""
    body = packed(TONE, width=width, order=order)
    made = chunked.aiff(body, bits=8 * width, codec=kind, between=between)

    stream = opened(tmp_path / "a", made)
    read = np.concatenate([block.copy() for block in stream.read(0, BLOCK_SAMPLES)])

    assert np.abs(read[:, 0] / 2**31 - TONE).max() < 2**-20


def test_the_order_of_bytes_may_stand_behind_the_samples(tmp_path: Path):
    """Chunks of AIFF have no order."""
    body = packed(TONE, width=3, order="<")
    made = chunked.aiff(body, bits=24, codec=b"in24", behind=enda(1))

    stream = opened(tmp_path / "a", made)
    read = np.concatenate([block.copy() for block in stream.read(0, BLOCK_SAMPLES)])

    assert np.abs(read[:, 0] / 2**31 - TONE).max() < 2**-20


@pytest.mark.parametrize(
    ("claimed", "warnings"),
    [(WHOLE, set()), (WHOLE // 2, set()), (0, set()), (2 * WHOLE, {"TRUNCATED"})],
)
def test_a_count_of_frames_decides_nothing_but_a_warning(
    tmp_path: Path, claimed: int, warnings: set[str]
):
    """Samples count; a header that promises more tells of a loss."""
    path = tmp_path / "a"
    path.write_bytes(chunked.aiff(BODY, frames=claimed))

    assert chunked.heard(path) == (WHOLE, warnings)


def test_a_recording_of_soxs_to_a_pipe_is_whole(tmp_path: Path):
    """SoX cannot go back in a pipe: the sizes say 0x7F000000 bytes."""
    path = tmp_path / "a"
    made = chunked.aiff(BODY, frames=0x3F80_0000, claim=0x7F00_0008)
    path.write_bytes(made)

    assert chunked.heard(path) == (WHOLE, set())


@pytest.mark.parametrize("claim", [0, 8])
def test_an_unclosed_recording_is_whole(tmp_path: Path, claim: int):
    """The first size is written before any sample, and again when all is over."""
    path = tmp_path / "a"
    path.write_bytes(chunked.aiff(BODY, frames=0, claim=claim))

    assert chunked.heard(path) == (WHOLE, set())


@pytest.mark.parametrize("first", [0, 400])
def test_two_sound_chunks_are_both_played(tmp_path: Path, first: int):
    """An empty first chunk once made a whole recording empty."""
    path = tmp_path / "a"
    rest = chunked.aiff_chunk(b"SSND", bytes(8) + BODY[first:])
    path.write_bytes(chunked.aiff(BODY[:first], frames=WHOLE, behind=rest))

    assert chunked.heard(path) == (WHOLE, set())


@pytest.mark.parametrize(
    ("rate", "expected"), [(44_100, 44_100), (22_254.5454, 22_255), (11_127.27, 11_127)]
)
def test_rates_are_rounded_as_ffmpeg_does(tmp_path: Path, rate: float, expected: int):
    """Old Macintosh rates are no integer; half a hertz less is another length."""
    mantissa, exponent = np.frexp(rate)
    wide = struct.pack(">HQ", 16_382 + int(exponent), int(mantissa * 2.0**64))

    stream = opened(tmp_path / "a", chunked.aiff(BODY, rate=wide))

    assert stream.sample_rate == expected
