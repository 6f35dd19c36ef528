"""Check the commands on many files, in processes of their own."""

import contextlib
import hashlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import sound
from support.processes import HANGS_S, eventually

FILES = 2000  # half a minute of work, so that a signal comes in the middle
WAVEFLOW = [sys.executable, "-c", "from waveflow_local.cli.app import main; main()"]


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """Work in a folder with three songs and a text that is named as a song."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("a.wav", "b.wav", "드럼 1.wav"), start=1):
        sound.write(tmp_path / name, sound.tone(number))
    (tmp_path / "text.wav").write_text("no audio")
    return tmp_path


def waveflow(*arguments, **how):
    """Run a command as a shell does."""
    return subprocess.run(
        [*WAVEFLOW, *arguments], capture_output=True, text=True, check=False, **how
    )


def names(folder):
    """Return the names of a folder's files."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_hashes_come_in_input_order_and_go_on_after_a_mistake(folder, jobs):
    """A missing file of a hundred must not cost the user the other hashes."""
    files = ["b.wav", "gone.wav", "a.wav", ".", "a.wav"]

    ended = waveflow("hash", *files, "--jobs", jobs)

    expected = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}"
        for name in ("b.wav", "a.wav", "a.wav")
    ]
    assert (ended.returncode, ended.stdout.splitlines()) == (1, expected)
    assert ended.stderr.splitlines() == [
        "waveflow: gone.wav cannot be read: No such file or directory.",
        "waveflow: . cannot be read: Is a directory.",
    ]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["hash", "analyze", "peaks"])
def test_machines_get_one_line_per_file(command):
    """A script joins its list of files with the lines, good files and bad ones."""
    files = ["b.wav", "gone.wav", "a.wav"]
    extra = ["--out-dir", "out"] if command == "peaks" else []

    ended = waveflow(command, *files, "--json", *extra)

    said = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 1
    assert [line["file"] for line in said] == files
    assert said[1] == {
        "file": "gone.wav",
        "error": {
            "code": "FILE_ERROR",
            "message": "gone.wav cannot be read: No such file or directory.",
        },
    }
    assert [len(line) > 2 and "error" not in line for line in said[::2]] == [True] * 2


def test_each_document_is_the_one_that_a_single_call_writes(folder):
    """A user who changes to `--out-dir` must find the same documents there."""
    files = ["a.wav", "text.wav", "드럼 1.wav"]

    ended = waveflow("peaks", *files, "-n", "50", "--out-dir", "made/out")

    assert ended.returncode == 1
    assert ended.stderr.startswith("waveflow: UNSUPPORTED_MEDIA: text.wav: ")
    assert names(folder / "made/out") == ["a.json", "드럼 1.json"]
    for name, line in zip(files[::2], ended.stdout.splitlines(), strict=True):
        single = waveflow("peaks", name, "-n", "50", "-o", "single.json")
        document = folder / "made/out" / f"{Path(name).stem}.json"
        assert document.read_bytes() == (folder / "single.json").read_bytes()
        assert line == single.stdout.strip().replace(
            "single.json", str(document.relative_to(folder))
        )


@pytest.mark.usefixtures("folder")
def test_one_file_may_have_a_folder_too():
    """A script with any number of files needs no case for a single file."""
    ended = waveflow("peaks", "a.wav", "--out-dir", "out", "--json")

    assert ended.returncode == 0
    assert json.loads(ended.stdout)["document"] == "out/a.json"


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        (["a.wav", "sub/a.wav"], "a.wav and sub/a.wav would both be written to"),
        (["a.wav", "a.wav"], "a.wav and a.wav would both be written to out/a.json"),
        (["a.wav", "sub/A.flac"], "would both be written to out/A.json"),
        (["caf\u00e9.wav", "cafe\u0301.wav"], "would both be written"),
        (["b.wav", "out/a.json"], "out/a.json is an input"),
    ],
)
def test_no_document_replaces_another_or_an_input(folder, files, hint):
    """Songs of one name from two folders must not leave one waveform for both."""
    (folder / "out").mkdir()
    (folder / "out/a.json").write_text("only copy")

    ended = waveflow("peaks", *files, "--out-dir", "out")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert hint in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert names(folder / "out") == ["a.json"]
    assert (folder / "out/a.json").read_text() == "only copy"


def test_a_file_is_no_folder_for_documents(folder):
    """A file given as folder is one line for the user, and stays."""
    ended = waveflow("peaks", "a.wav", "--out-dir", "text.wav")

    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "text.wav" in ended.stderr
    assert (folder / "text.wav").read_text() == "no audio"


@pytest.mark.usefixtures("folder")
def test_a_terminal_shows_how_many_files_are_done():
    """A user who waits for hours must see that the work goes on."""
    ours, theirs = pty.openpty()

    ended = subprocess.run(
        [*WAVEFLOW, "hash", "a.wav", "b.wav"], stderr=theirs,
        stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)

    assert ended.stdout.count(b"\n") == 2
    assert "2 of 2 files" in shown
    assert shown.endswith("\r\x1b[K")


@pytest.fixture(name="batch")
def _batch(folder):
    """Draw many long files in a session of their own; some documents are there."""
    long = sound.write(folder / "long.wav", sound.tone(600))
    files = [folder / f"{index}.wav" for index in range(FILES)]
    for file in files:
        file.hardlink_to(long)
    batch = subprocess.Popen(
        [*WAVEFLOW, "peaks", *files, "--out-dir", "out"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    eventually(lambda: list(folder.glob("out/*.json")))
    yield batch
    with contextlib.suppress(ProcessLookupError):
        os.killpg(batch.pid, signal.SIGKILL)
    batch.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_batch_ends_at_once_and_leaves_nothing_half(batch, folder, number):
    """A user who presses Ctrl-C gets the prompt back, and only whole documents."""
    out = folder / "out"
    began = time.monotonic()
    os.killpg(batch.pid, number)  # a terminal signals the whole group
    _, err = batch.communicate(timeout=HANGS_S)

    said = {
        signal.SIGINT: (130, b"\nstopped\n"),
        signal.SIGTERM: (143, b""),
        signal.SIGHUP: (129, b""),
    }
    assert (batch.returncode, err) == said[number]
    assert time.monotonic() - began < HANGS_S / 4
    assert 0 < len(names(out)) < FILES
    for path in out.iterdir():
        assert json.loads(path.read_bytes())["num_peaks"] == 1024
    with pytest.raises(ProcessLookupError):
        os.killpg(batch.pid, 0)


def test_no_process_outlives_a_killed_batch(batch):
    """An operator who kills the command would find its processes in memory for ever."""
    batch.kill()
    batch.wait()

    def gone():
        try:
            os.killpg(batch.pid, 0)
        except ProcessLookupError:
            return True
        return False

    assert eventually(gone)


@pytest.mark.usefixtures("folder")
def test_a_reader_that_leaves_early_ends_the_batch():
    """`waveflow hash *.wav | head -1` must neither print an error nor go on."""
    read, write = os.pipe()
    os.close(read)

    ended = subprocess.run(
        [*WAVEFLOW, "hash", "a.wav", "b.wav"], stdout=write, stderr=subprocess.PIPE,
        timeout=HANGS_S, check=False,
    )  # fmt: skip
    os.close(write)

    assert (ended.returncode, ended.stderr) == (1, b"")


SLOW_START = """
import itertools, os, pathlib, signal, sys, time
from waveflow_local.files.batch import run_all

signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
starts = itertools.count()
os.register_at_fork(before=lambda: next(starts))
os.register_at_fork(after_in_child=lambda: time.sleep(1 if next(starts) == 2 else 0))
files = [pathlib.Path("a"), pathlib.Path("b")]
results = run_all(os.fspath, files, jobs=2, start="fork")
print(next(results))
results.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")
def test_a_process_ended_while_it_starts_prints_nothing():
    """A batch that ends early must not print a traceback of a process that starts."""
    ended = subprocess.run(
        [sys.executable, "-c", SLOW_START],
        stderr=subprocess.PIPE, timeout=HANGS_S, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, b"")
