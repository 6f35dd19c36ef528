"""Data of waveforms, beside audiowaveform's vectors and a reading of its rules."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import corpus, sound
from waveflow.audio.waveform.draw import draw
from waveflow.audio.waveform.zoom import audiowaveform_data

VECTORS = corpus.FOLDER / "audiowaveform"
TOOL = shutil.which("audiowaveform")


def rules(path: Path, *, spp: int, bits: int, split: bool) -> np.ndarray:
    """Return the data by audiowaveform's rules, read one sample at a time."""
    subtype = soundfile.info(path).subtype
    if subtype in ("FLOAT", "DOUBLE"):
        samples = soundfile.read(path, dtype="float32", always_2d=True)[0]
        samples = np.trunc(samples * np.float32(32_767)).astype(int)
    else:
        samples = soundfile.read(path, dtype="int16", always_2d=True)[0].astype(int)
    if not split:
        samples = np.fix(samples.sum(axis=1, keepdims=True) / samples.shape[1])
    out = []
    for start in range(0, len(samples), spp):
        bucket = samples[start : start + spp]
        for low, high in zip(bucket.min(axis=0), bucket.max(axis=0), strict=True):
            out += [low, high]
    return np.fix(np.array(out) / (256 if bits == 8 else 1)).astype(int)


KINDS = [
    ("WAV", "PCM_U8", 1),
    ("WAV", "PCM_16", 2),
    ("WAV", "PCM_24", 3),
    ("WAV", "PCM_32", 2),
    ("WAV", "FLOAT", 2),
    ("WAV", "DOUBLE", 1),
    ("AIFF", "PCM_16", 2),
    ("AIFF", "PCM_24", 1),
    ("FLAC", "PCM_16", 2),
    ("FLAC", "PCM_24", 8),
    ("WAV", "PCM_16", 24),
]


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind)))
def test_data_follow_the_rules(tmp_path: Path, kind: tuple, bits: int, *, split: bool):
    """A user's tools must get audiowaveform's data bit for bit, for lossless files."""
    form, subtype, channels = kind
    path = tmp_path / "a"
    soundfile.write(
        path, sound.music(0.9, channels=channels), 44_100, subtype, format=form
    )

    got = audiowaveform_data(
        path, samples_per_pixel=63, bits=bits, split_channels=split
    )

    expected = rules(path, spp=63, bits=bits, split=split)
    assert (got.data.reshape(-1) == expected).all()


@pytest.mark.parametrize(
    "options",
    [
        {"format": "MP3", "subtype": "MPEG_LAYER_III"},
        {"format": "OGG", "subtype": "VORBIS"},
        {"format": "OGG", "subtype": "OPUS", "rate": 48_000},
    ],
    ids=["mp3", "ogg", "opus"],
)
def test_lossy_data_are_within_one_of_the_rules(tmp_path: Path, options: dict):
    """Another decoder may differ by 1 on 0.5 % of the values, and by no more."""
    path = sound.write(tmp_path / "a", sound.music(6), **options)

    got = audiowaveform_data(path, samples_per_pixel=256).data.reshape(-1)

    expected = rules(path, spp=256, bits=8, split=False)
    shared = min(len(got), len(expected))
    off = np.abs(got[:shared].astype(int) - expected[:shared])
    assert abs(len(got) - len(expected)) <= 2 * 5
    assert off.max() <= 1
    assert (off > 0).mean() <= 0.005


def test_document_data_are_the_tools_data(tmp_path: Path):
    """Readers rely on samples_per_pixel being max(2, ceil(frames / num_peaks))."""
    path = sound.write(tmp_path / "a", sound.music(2), format="WAV", subtype="PCM_16")

    waveform = draw(path, 1000)

    expected = rules(path, spp=waveform.samples_per_pixel, bits=8, split=False)
    assert waveform.samples_per_pixel == 89
    assert (waveform.data == expected).all()


@pytest.mark.skipif(not VECTORS.exists(), reason=corpus.ABSENT)
@pytest.mark.parametrize("name", ["wav", "flac"])
def test_reference_files_are_met_byte_for_byte(name: str):
    """Programs that read .dat and .json must get the tool's own bytes."""
    data = audiowaveform_data(
        VECTORS / f"test_file_stereo.{name}", samples_per_pixel=64
    )
    reference = VECTORS / f"test_file_stereo_8bit_64spp_{name}.dat"

    assert data.dat() == reference.read_bytes()
    assert data.json().strip() == reference.with_suffix(".json").read_bytes().strip()


@pytest.mark.skipif(not VECTORS.exists(), reason=corpus.ABSENT)
def test_version_2_is_met_byte_for_byte():
    """Programs that read version 2 must get the tool's own bytes with channels."""
    data = audiowaveform_data(VECTORS / "test_file_stereo.wav", samples_per_pixel=64)

    reference = VECTORS / "test_file_stereo_8bit_64spp_wav_v2.dat"
    assert data.dat(version=2) == reference.read_bytes()


@pytest.mark.skipif(not VECTORS.exists(), reason=corpus.ABSENT)
def test_reference_mp3_is_within_one():
    """Another MP3 decoder must not differ by more than one step from the tool."""
    got = audiowaveform_data(VECTORS / "test_file_stereo.mp3", samples_per_pixel=64)

    raw = (VECTORS / "test_file_stereo_8bit_64spp_mp3.dat").read_bytes()[20:]
    expected = np.frombuffer(raw, np.int8).astype(int)
    shared = min(len(expected), got.data.size)
    off = np.abs(got.data.reshape(-1)[:shared] - expected[:shared])
    assert off.max() <= 1
    assert (off > 0).mean() <= 0.005


MEASURE = """
import sys
from pathlib import Path
from waveflow.audio.waveform.zoom import audiowaveform_data
data = audiowaveform_data(Path(sys.argv[1]), samples_per_pixel=2)
text = getattr(data, sys.argv[2])()
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.parametrize(("form", "most"), [("dat", 110), ("json", 220)])
def test_memory_is_a_few_times_the_output(tmp_path: Path, form: str, most: int):
    """A function must not run out of memory at the finest zoom: 50 MB of JSON."""
    path = sound.write(tmp_path / "a.wav", np.tile(sound.tone(10), 30))

    result = subprocess.run(
        [sys.executable, "-c", MEASURE, path, form],
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(result.stdout) <= most


@pytest.mark.skipif(TOOL is None, reason="audiowaveform is not installed")
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_the_program_itself_agrees(tmp_path: Path, subtype: str):
    """Users of audiowaveform must get the data that its own program writes."""
    path = sound.write(tmp_path / "a.wav", sound.music(3), subtype=subtype)
    out = tmp_path / "a.dat"
    subprocess.run(
        [TOOL, "-q", "-i", path, "-o", out, "-z", "300", "-b", "16"], check=True
    )

    assert (
        audiowaveform_data(path, samples_per_pixel=300, bits=16).dat()
        == out.read_bytes()
    )
