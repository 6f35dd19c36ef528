"""Kinds of samples in WAV that are rare: each rightly read, none drawn as noise."""

import struct
from pathlib import Path

import numpy as np
import pytest
from support import chunked, corpus, sound
from waveflow.audio import codec

TONE = sound.tone(0.2)
AMBISONIC = bytes.fromhex("2107d3118644c8c1ca000000")


def read(path: Path, content: bytes) -> np.ndarray:
    """Decode some content."""
    path.write_bytes(content)
    blocks = codec.blocks(codec.open_audio(path))
    return np.concatenate([block.copy() for block in blocks])


@pytest.mark.parametrize(("tag", "bits"), [(1, 16), (3, 32)])
def test_ambisonic_b_format_is_read(tmp_path: Path, tag: int, bits: int):
    """Four channels of a microphone array are plain samples under another name."""
    plain = sound.wav_format(tag=0xFFFE, channels=4, bits=bits)
    fmt = plain + struct.pack("<HHII", 22, bits, 0, tag) + AMBISONIC
    frames = np.repeat(TONE[:, None], 4, axis=1)
    body = sound.pcm16(frames) if tag == 1 else frames.astype("<f4").tobytes()

    samples = read(tmp_path / "a", sound.wav(body, fmt=fmt))

    scale = 2.0**15 if tag == 1 else 1
    assert samples.shape == frames.shape
    assert np.abs(samples / scale - frames).max() < 1e-4


def test_cool_edits_float_is_no_noise(tmp_path: Path):
    """Cool Edit wrote floats under the tag of integers, at 16-bit scale."""
    fmt = sound.wav_format(bits=32) + b"\2\0\1\0"
    body = (TONE * 32_768).astype("<f4").tobytes()

    samples = read(tmp_path / "a", sound.wav(body, fmt=fmt))

    assert np.abs(samples[:, 0] - TONE).max() < 1e-6


def test_integers_of_32_bits_stay_integers(tmp_path: Path):
    """The bytes that mark Cool Edit's floats are absent in every other file."""
    body = np.rint(TONE.astype(float) * 2**31).astype("<i4").tobytes()
    fmt = sound.wav_format(bits=32) + b"\0\0"

    samples = read(tmp_path / "a", sound.wav(body, fmt=fmt))

    assert samples.tobytes() == body


# A block of 65 bytes lasts 320 frames.
GSM = struct.pack("<HHIIHHHH", 0x31, 1, 8_000, 1_625, 65, 0, 2, 320)
BLOCK = bytes(65)


@pytest.mark.parametrize(
    ("behind", "claim", "warnings"),
    [
        (b"", 65 * 9, set()),
        (b"\0", 65 * 9, set()),
        (b"\0", 65 * 9 + 1, set()),
        (bytes(30), 65 * 9 + 30, {"TRUNCATED"}),
        (b"", 65 * 18, {"TRUNCATED"}),
    ],
)
def test_a_pad_byte_behind_gsm_is_no_loss(
    tmp_path: Path, behind: bytes, claim: int, warnings: set[str]
):
    """A block is odd: SoX counts the pad byte among the samples."""
    path = tmp_path / "a"
    path.write_bytes(sound.wav(BLOCK * 9 + behind, fmt=GSM, claim=claim))

    assert chunked.heard(path) == (9 * 320, warnings)


FOUND = corpus.FOLDER.parent / "found" / "audio"
ANSWERS = {
    "ambisonic-bformat-pcm24.wav": 4_000,
    "c_gsm.wav": 960,
    "cooledit-float-tag1-32-int-scaled.wav": 8_000,
    "crashed-recorder-looks-like-chunk.wav": 20_000,
    "empty-data-then-data.wav": 20_000,
    "gsm.wav": 24_000,
    "23ni-le32.aifc": 20_000,
    "in24-le-wave-chunk.aifc": 20_000,
    "comm-frames-fewer.aiff": 20_000,
}


@pytest.mark.skipif(not FOUND.exists(), reason=corpus.ABSENT)
@pytest.mark.parametrize("name", ANSWERS)
def test_found_files_are_read_whole(name: str):
    """Files that strangers sent broke each of these rules."""
    assert chunked.heard(FOUND / name) == (ANSWERS[name], set())
