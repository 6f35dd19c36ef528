"""Decoded samples, beside checksums and PCM of other people."""

import hashlib
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from support import corpus, sound
from waveflow.audio import codec
from waveflow.audio.stream import FULL_SCALE
from waveflow.audio.waveform.draw import draw
from waveflow.errors import WaveflowError

FLACS = sorted(corpus.FOLDER.glob("ietf-flac/*.flac"))
MINIMP3 = sorted(corpus.FOLDER.glob("minimp3/*.bit"))
MD5 = slice(26, 42)


def decoded(path: Path) -> np.ndarray:
    """Return all samples of a file."""
    stream = codec.open_audio(path)
    return np.concatenate([block.copy() for block in codec.blocks(stream)])


@pytest.mark.skipif(not FLACS, reason=corpus.ABSENT)
@pytest.mark.parametrize("path", FLACS, ids=lambda path: path.stem)
def test_flac_decodes_to_its_own_md5(path: Path):
    """A decoder's error in FLAC must be seen by the MD5 that STREAMINFO holds."""
    head = path.read_bytes()[:42]
    bits = (int.from_bytes(head[18:26], "big") >> 36 & 31) + 1
    try:
        samples = decoded(path)
    except WaveflowError as error:
        pytest.skip(f"rejected as {error.code}")
    if not any(head[MD5]) or "faulty" in path.name:
        pytest.skip("its encoder left no true MD5")

    width = (bits + 7) // 8
    unshifted = samples.astype("<i4") >> (samples.itemsize * 8 - bits)
    raw = unshifted.reshape(-1, 1).view(np.uint8)[:, :width].tobytes()

    assert hashlib.md5(raw, usedforsecurity=False).digest() == head[MD5]


# Streams that are not decoded to the reference, each with its reason.
OTHER_PCM = {
    **dict.fromkeys(
        ("l2-fl10", "l2-fl11", "l2-fl12"),
        "FFmpeg drops a frame of this layer II stream; mpg123 does not",
    ),
    "l2-nonstandard-test32-size": "breaks the standard; mpg123 differs as much",
    "l3-nonstandard-compl-sideinfo-bigvalues": "breaks the standard; mpg123 gives up",
    "l3-test46": "its first frames lack their bit reservoir; mpg123 differs too",
    "l3-he_mode": "alternates mono and stereo, the reference interleaves them raw",
}
# Frames by which a stream is shorter or longer than its reference.
OTHER_LENGTH = {
    # The reference goes on behind the stream's last header.
    **dict.fromkeys(("l1-fl3", "l1-fl4", "l1-fl5", "l1-fl6", "l1-fl8"), -13_952),
    "l1-fl7": -8_576,
    "l2-fl16": -9_344,
    # The reference lacks the stream's last frame.
    **dict.fromkeys(("l3-compl", "l3-he_32khz", "l3-si_block", "l3-si_huff"), 1_152),
}


@pytest.mark.skipif(not MINIMP3, reason=corpus.ABSENT)
@pytest.mark.parametrize("path", MINIMP3, ids=lambda path: path.stem)
def test_mpeg_audio_decodes_to_minimp3s_pcm(path: Path):
    """A decoder's error in MPEG audio must be seen: 1 step of 16 bits is the limit."""
    reference = path.with_suffix(".pcm")
    if path.stem in OTHER_PCM or not reference.exists():
        pytest.skip(OTHER_PCM.get(path.stem, "no reference beside it"))
    expected = np.fromfile(reference, "<i2").astype(int)
    try:
        samples = decoded(path)
    except WaveflowError as error:
        pytest.skip(f"rejected as {error.code}")

    scale = 32_768 / FULL_SCALE[samples.dtype.str[1:]]
    got = np.clip(np.rint(samples * scale), -32_768, 32_767).astype(int).reshape(-1)

    longer = OTHER_LENGTH.get(path.stem, 0) * samples.shape[1]
    assert len(got) == len(expected) + longer
    shared = min(len(got), len(expected))
    assert np.abs(got[:shared] - expected[:shared]).max() <= 1


FORMATS = {
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    "flac24": {"format": "FLAC", "subtype": "PCM_24"},
    "wav": {"format": "WAV", "subtype": "PCM_16"},
    "wav24": {"format": "WAV", "subtype": "PCM_24"},
    "float": {"format": "WAV", "subtype": "FLOAT"},
    "aiff": {"format": "AIFF", "subtype": "PCM_16"},
    "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
    "ogg": {"format": "OGG", "subtype": "VORBIS"},
}


@pytest.mark.parametrize("name", FORMATS)
def test_parts_decoded_at_once_give_the_same_bits(tmp_path: Path, name: str):
    """A user must get the same waveform from one decoder and from several."""
    path = sound.write(tmp_path / "a", sound.music(25, channels=1), **FORMATS[name])

    one = draw(path, 777, decoders=1)
    several = [draw(path, 777, decoders=parts) for parts in (2, 3)]

    for many in several:
        assert (one.data == many.data).all()
        assert (one.peaks == many.peaks).all()
        assert (one.peak, one.frames) == (many.peak, many.frames)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone binds a process")
def test_one_cpu_gets_one_decoder():
    """A second decoder on one CPU takes a user's time and gives nothing back."""
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from waveflow.audio.waveform.parallel import DECODERS; print(DECODERS)"
    )

    said = subprocess.run([sys.executable, "-c", program], stdout=PIPE, check=True)

    assert said.stdout == b"1\n"


PCM = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"]


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64", "AIFF", "RIFX"])
@pytest.mark.parametrize("subtype", PCM)
def test_uncompressed_samples_are_libsndfiles(
    tmp_path: Path, container: str, subtype: str
):
    """A parser's error in WAV or AIFF must be seen, sample by sample."""
    import soundfile

    endian = "BIG" if container == "RIFX" else "FILE"
    form = "WAV" if container == "RIFX" else container
    subtype = subtype.replace("PCM_U8", "PCM_S8") if form == "AIFF" else subtype
    if not soundfile.check_format(form, subtype, endian):
        pytest.skip(f"libsndfile writes no {subtype} in {form}")
    path = tmp_path / "a"
    soundfile.write(
        path, sound.music(0.3, channels=3), 8000, subtype, endian=endian, format=form
    )

    got = decoded(path)

    wanted = soundfile.read(path, dtype=got.dtype.name, always_2d=True)[0]
    assert (got == wanted).all()


def test_declared_delays_are_trimmed(tmp_path: Path):
    """Padding of MP3 and M4A would shift a song's start and length for its users."""
    samples = sound.music(3, rate=48_000)

    frames = {
        codec_name: draw(
            sound.encode(
                tmp_path / codec_name,
                samples,
                rate=48_000,
                codec=codec_name,
                container=container,
            ),
            10,
        ).frames
        for codec_name, container in (
            ("libmp3lame", "mp3"),
            ("libopus", "ogg"),
            ("alac", "ipod"),
            ("aac", "ipod"),
        )
    }

    assert frames["libmp3lame"] == frames["libopus"] == frames["alac"] == 144_000
    assert 0 <= frames["aac"] - 144_000 < 1024
