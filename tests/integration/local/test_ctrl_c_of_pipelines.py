"""Send Ctrl-C to commands of the pipeline at the moment of an event in the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import HANGS_S

# The signal is sent at the nth event of a kind that Python's audit hooks see.
PROGRAM = """
import os, signal, sys
KIND, WORD, LEFT = sys.argv.pop(1).split(",")
left, times = int(LEFT), int(os.environ["TIMES"])
def interrupt(kind, arguments):
    global left
    if kind == KIND and (not WORD or WORD in str(arguments[0])):
        left -= 1
        if -times < left <= 0:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(interrupt)
from waveflow_local.cli.entry import main
main()
"""
UP = "up --port 0 --api-port 0 --data {folder}/up --env-file {folder}/env"
RUN = "run {tone} --out {folder}/out"


def interrupted(
    event: str, line: str, *, times: int = 1, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command that gets Ctrl-C at an event, and return how the command ended.

    The function returns when every process that has the command's stderr has ended.
    """
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, event, *line.split()],
        env=os.environ | {"TIMES": str(times)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_S,
    )


@pytest.mark.parametrize(
    ("event", "times"),
    [
        *(("import,moto.core,1", 1), ("socket.bind,,1", 1), ("socket.bind,,2", 2)),
        *(("subprocess.Popen,,1", 1), ("socket.connect,,6", 2)),
        *(("import,librosa,1", 1), ("open,.waveflow-,1", 1)),
    ],
)
def test_ctrl_c_ends_up_at_every_moment_of_its_start(tmp_path, event, times):
    """A developer who started `up` by mistake must not wait, or read a traceback."""
    ended = interrupted(event, UP.format(folder=tmp_path), times=times)

    assert ended.returncode == 130
    assert ended.stderr == "\nstopped\n"
    assert "ready" not in ended.stdout
    assert not list(tmp_path.glob("*env*"))
    assert not list(tmp_path.glob(".waveflow-*"))


@pytest.mark.parametrize(
    "event",
    [
        *("import,rich,1", "import,moto.core,1", "socket.bind,,1", "socket.bind,,2"),
        *("socket.connect,,6", "open,.waveflow-,1", "open,.waveflow-,2"),
    ],
)
def test_ctrl_c_ends_a_run_and_leaves_no_half_file(tone: Path, tmp_path, event):
    """A musician who stops `make run` must find whole files, or none."""
    line = RUN.format(tone=tone, folder=tmp_path)

    ended = interrupted(event, line)

    assert ended.returncode == 130
    assert ended.stderr.endswith("\nstopped\n")
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.rglob(".waveflow-*"))


@pytest.mark.parametrize(
    "event",
    [
        *("import,click,1", "import,boto3,1"),
        *("socket.connect,,1", "socket.connect,,2"),
    ],
)
@pytest.mark.parametrize("command", ["status x", "ops health --stack local"])
def test_ctrl_c_ends_a_question_without_a_traceback(engine, command, event):
    """An operator who no longer waits for an answer must not read a traceback."""
    ended = interrupted(event, command, AWS_ENDPOINT_URL=engine.endpoint)

    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "\nstopped\n"
