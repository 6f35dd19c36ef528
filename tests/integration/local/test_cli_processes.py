"""Check the command's streams and signals, in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "from waveflow_local.cli.app import main; main()"


def in_a_process(*arguments, **how) -> subprocess.CompletedProcess:
    """Run a command as a shell does."""
    # Users' output is buffered, whatever the tests' environment says.
    usual = os.environ | how.pop("env", {})
    usual.pop("PYTHONUNBUFFERED", None)
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        stderr=subprocess.PIPE,
        check=False,
        env=usual,
        **how,
    )


@pytest.mark.parametrize("command", ["hash", "peaks"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk")
def test_a_full_disk_is_one_line(tone, command):
    """A script must not take a half-written output for a whole one."""
    with Path("/dev/full").open("w") as full:
        ended = in_a_process(command, tone, stdout=full)

    assert ended.returncode == 1
    assert ended.stderr.startswith(b"waveflow: ")
    assert b"No space left" in ended.stderr
    assert ended.stderr.count(b"\n") == 1


def test_a_reader_that_leaves_early_is_no_mistake_to_speak_of(tone):
    """`waveflow peaks song.wav | head -c 1` must print no error."""
    read, write = os.pipe()
    os.close(read)
    ended = in_a_process("peaks", tone, stdout=write)
    os.close(write)

    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
@pytest.mark.parametrize("name", [b"caf\xe9.wav", "한글 🎵.wav".encode()])
def test_any_name_can_be_hashed_and_told(tmp_path, tone, name, encoding):
    """Old archives hold names that are no UTF-8, and terminals differ."""
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(tone.read_bytes())
    how = {
        "stdout": subprocess.PIPE,
        "env": {"PYTHONIOENCODING": encoding},
    }

    lines, told = (
        in_a_process("hash", path, **how),
        in_a_process("hash", path, "--json", **how),
    )

    assert (lines.returncode, told.returncode) == (0, 0)
    assert json.loads(told.stdout)["file"] == str(path)
    if encoding.startswith("utf-8"):
        assert lines.stdout.endswith(b"  " + os.fsencode(path) + b"\n")
