"""Check the two hashes that `waveflow hash --audio` prints."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from support import sound

WAVEFLOW = [sys.executable, "-c", "from waveflow_local.cli.app import main; main()"]


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """Work in a folder with one recording in three wrappings, and four odd files."""
    monkeypatch.chdir(tmp_path)
    music = sound.music(1)
    sound.write(tmp_path / "a.wav", music, subtype="PCM_16")
    exact = soundfile.read(tmp_path / "a.wav", dtype="float32")[0]
    sound.write(tmp_path / "a.flac", exact, subtype="PCM_24")
    sound.write(tmp_path / "a.aiff", exact, subtype="PCM_16")
    sound.write(tmp_path / "a.mp3", music)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:50_000])
    sound.write(tmp_path / "loud.wav", music * 20, subtype="FLOAT")
    holes = np.where(np.abs(music) > 0.2, np.nan, music)
    sound.write(tmp_path / "nan.wav", holes, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("no audio")
    return tmp_path


def waveflow(line: str) -> subprocess.CompletedProcess:
    """Run a command as a shell does."""
    return subprocess.run(
        [*WAVEFLOW, *line.split()], capture_output=True, text=True, check=False
    )


def test_wrappings_of_one_recording_share_an_identity(folder):
    """A musician finds the WAV of a FLAC, whose bytes are others."""
    ended = waveflow("hash --audio a.wav a.flac a.aiff")

    rows = [line.split("  ") for line in ended.stdout.splitlines()]
    assert ended.returncode == 0, ended.stderr
    assert [name for _, _, name in rows] == ["a.wav", "a.flac", "a.aiff"]
    assert [sha256 for sha256, _, _ in rows] == [
        hashlib.sha256((folder / name).read_bytes()).hexdigest() for _, _, name in rows
    ]
    assert len({identity for _, identity, _ in rows}) == 1
    assert rows[0][1].startswith("pcm1:")


@pytest.mark.usefixtures("folder")
def test_machines_get_both_hashes():
    """A script that knows the report of `hash` finds the same fields, and one more."""
    plain = json.loads(waveflow("hash a.mp3 --json").stdout)
    both = json.loads(waveflow("hash a.mp3 --audio --json").stdout)

    identity = both.pop("audio_id")
    assert identity.startswith("pkt1:")
    assert both == {**plain, "warnings": []}


@pytest.mark.parametrize(
    ("name", "words", "warnings"),
    [
        ("cut.wav", "the file is cut short", ["TRUNCATED"]),
        ("nan.wav", "samples are not finite", ["NON_FINITE_SAMPLES"]),
        ("loud.wav", "floats beyond full scale, or a compressed WAV", []),
    ],
)
def test_an_unknown_identity_is_told_in_words(folder, name, words, warnings):
    """A user must not take the absence of an identity for a failure, or for a match."""
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()

    ended = waveflow(f"hash --audio {name}")
    said = json.loads(waveflow(f"hash --audio {name} --json").stdout)

    assert ended.returncode == 0
    assert ended.stdout == f"{digest}  no identity ({words})  {name}\n"
    assert (said["sha256"], said["audio_id"]) == (digest, None)
    assert said["warnings"] == warnings


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_a_file_that_is_no_audio_costs_no_other_identity(jobs):
    """A text among a hundred recordings must be named, and the others done."""
    ended = waveflow(f"hash --audio a.wav text.wav gone.wav a.mp3 --jobs {jobs}")

    assert ended.returncode == 1
    assert [line.split("  ")[2] for line in ended.stdout.splitlines()] == [
        "a.wav",
        "a.mp3",
    ]
    first, second = ended.stderr.splitlines()
    assert first.startswith("waveflow: UNSUPPORTED_MEDIA: text.wav: ")
    assert second == "waveflow: gone.wav cannot be read: No such file or directory."
