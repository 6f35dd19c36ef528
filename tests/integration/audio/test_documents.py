"""Documents of PCM and FLAC are the same to the byte, release after release."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from waveflow.audio.waveform.draw import draw, waveform_document

FRAMES, LONG = 200_003, 1_200_007  # two blocks and more, and two decoders' parts
QUIET, LOUD = 2, 0  # bits that a signal is shifted down by


def signal(frames: int, channels: int, *, shift: int) -> np.ndarray:
    """Return a signal of 32 bits, made of integers alone: no processor differs."""
    at = np.arange(frames, dtype=np.uint64)[:, None]
    channel = np.arange(1, channels + 1, dtype=np.uint64)
    noise = (at * at * channel * 2_654_435_761 + at * 40_503) % 2**32
    swell = (at % 50_021) * 2**32 // 50_021
    samples = (noise * (swell >> 16) >> 16).astype(np.int64) - (swell >> 1).astype(
        np.int64
    )
    return np.clip(samples >> shift, -(2**31), 2**31 - 1).astype(np.int32)


# Format, subtype, channels, frames, shift; then the start of the document's SHA-256.
DOCUMENTS = {
    ("WAV", "PCM_16", 2, FRAMES, QUIET): "5f9f8b1c038a38d3",
    ("WAV", "PCM_16", 2, FRAMES, LOUD): "c3c0fd1aa08f6301",
    ("WAV", "PCM_16", 2, LONG, LOUD): "f733ccfe18c28a26",
    ("WAV", "PCM_16", 1, FRAMES, LOUD): "c585d865a44a40a1",
    ("WAV", "PCM_16", 6, FRAMES, LOUD): "7b24cff3559a7e52",
    ("WAV", "PCM_U8", 2, FRAMES, LOUD): "0bdb4ee2640ad1a9",
    ("WAV", "PCM_24", 2, FRAMES, LOUD): "9ff15aba023f77c4",
    ("WAV", "PCM_32", 2, FRAMES, QUIET): "5dec3667aad5e6e6",
    ("WAV", "FLOAT", 2, FRAMES, QUIET): "09b78434443eb997",
    ("WAV", "FLOAT", 2, FRAMES, LOUD): "d5b3d0b64b817eb5",
    ("WAV", "DOUBLE", 1, FRAMES, LOUD): "42a28e2cb2910033",
    ("WAV", "ALAW", 2, FRAMES, LOUD): "17596476d1bfdca5",
    ("WAV", "ULAW", 1, FRAMES, LOUD): "aa66113ea132393d",
    ("AIFF", "PCM_16", 2, FRAMES, LOUD): "c3c0fd1aa08f6301",
    ("AIFF", "PCM_24", 2, FRAMES, QUIET): "c104e227040f5db7",
    ("FLAC", "PCM_16", 2, FRAMES, QUIET): "5f9f8b1c038a38d3",
    ("FLAC", "PCM_16", 2, LONG, LOUD): "f733ccfe18c28a26",
    ("FLAC", "PCM_24", 2, FRAMES, LOUD): "9ff15aba023f77c4",
    ("FLAC", "PCM_S8", 1, FRAMES, LOUD): "050d3b5d4776f720",
    ("FLAC", "PCM_16", 6, FRAMES, LOUD): "7b24cff3559a7e52",
}


@pytest.mark.parametrize("case", DOCUMENTS, ids=lambda case: "-".join(map(str, case)))
def test_a_document_of_exact_samples_never_changes(
    tmp_path: Path, case: tuple[str, str, int, int, int]
):
    """A faster canvas that moves one value would change what users have stored."""
    container, subtype, channels, frames, shift = case
    path = tmp_path / "a"
    samples = signal(frames, channels, shift=shift)
    if subtype in ("FLOAT", "DOUBLE"):
        samples = samples / 2**30  # twice full scale: clipped where it is loud
    soundfile.write(path, samples, 44_100, subtype, format=container)

    waveform = draw(path, 4_000)

    document = waveform_document(waveform, audio_hash="", created_at="")
    assert hashlib.sha256(document).hexdigest()[:16] == DOCUMENTS[case]
