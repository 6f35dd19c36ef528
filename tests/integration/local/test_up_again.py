"""`waveflow up` whose API dies, and `waveflow up` started a second time."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import requests
import soundfile
from support.console import ROOT, run_job
from support.processes import Program

RATE = 8_000


@contextmanager
def up(folder: Path, log: Path) -> Iterator[tuple[Program, str]]:
    """Run `waveflow up` with a folder; yield the program and the API's URL."""
    command = [str(Path(sys.executable).with_name("waveflow")), "up", "--port", "0"]
    program = Program(
        [*command, "--api-port", "0", "--data", str(folder)],
        log=log,
        env=dict(os.environ),
        cwd=ROOT,
    )
    try:
        program.wait_until(lambda: "\nready" in program.output)
        lines = program.output.splitlines()
        values = dict(line.split("=", 1) for line in lines if "=" in line)
        yield program, values["WAVEFLOW_API_URL"] + "/"
    finally:
        program.stop()


def test_a_second_start_knows_no_file_of_the_first(tmp_path):
    """The second `make up` would be a page of false duplicates."""
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.sin(np.arange(RATE) / 5), RATE)

    told = []
    for nth in (1, 2):
        with up(tmp_path / "data", tmp_path / f"{nth}.log") as (_, url):
            told.append(run_job(url, path, verdict="platform").result)

    assert [each.get("dedupe") for each in told] == [None, None]


def test_an_api_that_dies_is_said_and_started_again(tmp_path):
    """A page whose API is gone would wait for ever, and nobody would say why."""
    with up(tmp_path / "data", tmp_path / "up.log") as (program, url):
        os.kill(api_of(program), signal.SIGKILL)
        program.wait_until(lambda: f"is back at {url[:-1]}." in program.output)

        assert "The HTTP API ended with -9; starting it again." in program.output
        assert requests.get(f"{url}local/status", timeout=60).status_code == 200


def api_of(program: Program) -> int:
    """Return the process id of the API that a running `waveflow up` started."""
    (found,) = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if "waveflow_local.console" in arguments(path) and parent(path) == program.pid
    ]
    return found


def arguments(path: Path) -> list[str]:
    """Return a process's arguments; none of a process that has ended meanwhile."""
    try:
        return path.read_text().split("\0")
    except OSError:
        return []


def parent(path: Path) -> int:
    """Return the parent's id of a process."""
    return int(path.with_name("stat").read_text().rpartition(")")[2].split()[1])
