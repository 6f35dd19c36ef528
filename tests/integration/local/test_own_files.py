"""Run `waveflow run` on a user's own folder, in which not every file is audio."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.processes import HANGS_S
from support.stack import ROOT

WAVEFLOW = [sys.executable, "-c", "from waveflow_local.cli.app import main; main()"]


def record(path: Path, seed: int) -> None:
    """Write one second of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, 8000)
    soundfile.write(path, noise, 8000)


@pytest.fixture(name="album")
def _album(tmp_path) -> Path:
    """Fill a folder as users have them: audio, text, damage, a huge file, a copy."""
    album = tmp_path / "album"
    for seed, name in enumerate(("10 베이스.wav", "2 드럼.flac", "live/2 드럼.flac")):
        record(album / name, seed)
    (album / "copy.wav").write_bytes((album / "10 베이스.wav").read_bytes())
    (album / "notes.txt").write_text("buy strings")
    (album / "empty.wav").touch()
    (album / ".hidden.wav").write_bytes(b"no audio")
    with (album / "huge.wav").open("wb") as huge:
        huge.truncate(101 << 20)
    return album


def waveflow_run(*words, cwd) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own, and return how the process ended."""
    return subprocess.run(
        [*WAVEFLOW, "run", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )


def test_each_file_of_a_folder_is_named_with_what_was_found(album, tmp_path):
    """A user who drops a folder must see of each file what became of it, and why."""
    ended = waveflow_run(album.name, cwd=tmp_path)

    said = ended.stdout
    assert ended.returncode == 0, said + ended.stderr
    assert said.splitlines()[:7] == [
        "album/2 드럼.flac: flac, 0:01.0, 8000 Hz, mono",
        "10 베이스.wav: wav, 0:01.0, 8000 Hz, mono",
        "copy.wav: wav, 0:01.0, 8000 Hz, mono",
        "empty.wav: empty",
        "huge.wav: 101.0 MiB; 100 MiB are allowed",
        "album/live/2 드럼.flac: flac, 0:01.0, 8000 Hz, mono",
        "notes.txt: not audio that WaveFlow reads (UNSUPPORTED_MEDIA)",
    ]
    assert "6 of 6 executions ended as they should" in said
    assert "mix of 3" in said
    assert "same as 10 베이스.wav" in said
    assert said.endswith("3 of 7 files were not sent; see above.\n")
    own = tmp_path / "out" / "run-1"
    assert (own / "mixes" / "mix.wav").exists()
    assert (own / "waveforms" / "10 베이스.json").exists()


def test_a_second_run_keeps_what_the_first_one_left(album, tmp_path):
    """A user mixes the mix of before again; neither run may lose a file."""
    first = waveflow_run(album / "10 베이스.wav", cwd=tmp_path)
    mix = tmp_path / "out" / "run-1" / "mixes" / "mix.wav"
    before = mix.read_bytes()

    second = waveflow_run("out/run-1/mixes/mix.wav", cwd=tmp_path)

    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert mix.read_bytes() == before
    assert "see out/run-2/" in second.stdout


def test_a_folder_is_taken_without_its_outputs(album, tmp_path):
    """A user who runs with the present folder twice must not get mixes of mixes."""
    record(tmp_path / "out" / "run-1" / "mixes" / "mix.wav", 9)
    for path in album.iterdir():
        if path.is_file():
            path.unlink()

    ended = waveflow_run(".", cwd=tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert "mix.wav:" not in ended.stdout
    assert "mix of 1" in ended.stdout


def test_a_single_file_left_out_is_told_in_the_singular(album, tmp_path):
    """A reader stumbles over "1 of 2 files were", and trusts the rest less."""
    (tmp_path / "notes.txt").write_text("buy strings")

    ended = waveflow_run(album / "10 베이스.wav", "notes.txt", cwd=tmp_path)

    assert ended.stdout.endswith("1 of 2 files was not sent; see above.\n")


def test_files_that_are_no_audio_end_well_without_a_pipeline(tmp_path):
    """A user who names a text and a FIFO is told so at once, and waits for nothing."""
    (tmp_path / "notes.txt").write_text("buy strings")
    os.mkfifo(tmp_path / "pipe")

    ended = waveflow_run("notes.txt", "pipe", cwd=tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "notes.txt: not audio that WaveFlow reads (UNSUPPORTED_MEDIA)",
        "pipe: no regular file",
        "No file is audio that WaveFlow reads; nothing was sent.",
    ]
    assert not (tmp_path / "out").exists()


def test_make_hands_over_names_as_a_shell_reads_them(tmp_path):
    """A musician's files have Hangul and spaces in their names."""
    folder = tmp_path / "앨범"
    folder.mkdir()
    for name in ("가사.txt", "b.txt"):
        (folder / name).write_text("la la")
    (tmp_path / "메모 1.txt").write_text("buy strings")
    (tmp_path / ".run").touch()  # the environment is there; nothing is installed

    ended = subprocess.run(
        [
            *("make", "--no-print-directory", "-C", ROOT, "run", f"VENV={tmp_path}"),
            *(
                f"BIN={Path(sys.executable).parent}",
                f"FILES={folder} '{tmp_path}/메모 1.txt'",
            ),
        ],
        capture_output=True,
        text=True,
        timeout=HANGS_S,
        check=False,
    )

    reason = "not audio that WaveFlow reads (UNSUPPORTED_MEDIA)"
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        f"b.txt: {reason}",
        f"가사.txt: {reason}",
        f"메모 1.txt: {reason}",
        "No file is audio that WaveFlow reads; nothing was sent.",
    ]


def test_a_misspelt_name_is_one_line_before_any_work(album, tmp_path):
    """A user who misspells a name must not wait for the other files first."""
    ended = waveflow_run(album.name, "sogn.wav", cwd=tmp_path)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "sogn.wav" in ended.stderr
    assert ended.stderr.count("\n") == 1
