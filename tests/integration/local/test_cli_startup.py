"""Check what a short command loads, and what the shell completes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENGINE = {"pydantic", "typer", "boto3", "botocore", "moto", "fastapi", "flask", "rich"}
MUSIC = {"librosa", "numba", "scipy", "sklearn"}
AUDIO = {"numpy", "soundfile", "av"}
UNUSED = {
    "--help": ENGINE | MUSIC | AUDIO | {"PIL", "multiprocessing"},
    "hash {tone}": ENGINE | MUSIC | AUDIO | {"PIL", "multiprocessing"},
    "hash {tone} {tone}": ENGINE | MUSIC | AUDIO | {"PIL"},
    "peaks {tone}": ENGINE | MUSIC | {"PIL", "av", "multiprocessing"},
    "peaks {tone} --out-dir {folder}": ENGINE | MUSIC | {"PIL", "av"},
    "peaks {tone} --zoom 64 -o {folder}.json": ENGINE
    | MUSIC
    | {"PIL", "av", "multiprocessing"},
    "hash {tone} --audio": ENGINE | MUSIC | {"PIL", "av", "multiprocessing"},
    "preview {tone} -o {folder}.opus": ENGINE | MUSIC | {"PIL", "multiprocessing"},
    "mix {tone} -o {folder}.flac": ENGINE | MUSIC | {"PIL", "av", "multiprocessing"},
    "compare {tone} {tone}": ENGINE | MUSIC | {"PIL", "av", "multiprocessing"},
    "compare --help": ENGINE | MUSIC | AUDIO | {"PIL", "multiprocessing"},
    "mix --help": ENGINE | MUSIC | AUDIO | {"PIL", "multiprocessing"},
    "preview --help": ENGINE | MUSIC | AUDIO | {"PIL", "multiprocessing"},
}
PROGRAM = """
import sys
from waveflow_local.cli.app import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("command", UNUSED)
def test_a_command_loads_only_what_it_uses(tone: Path, tmp_path: Path, command: str):
    """A user who calls `waveflow` for each of many files pays for every module."""
    arguments = command.format(tone=tone, folder=tmp_path / "out").split()

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert "click" in ended.stderr.split()
    assert UNUSED[command].isdisjoint(ended.stderr.split())


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("pe", "plain,peaks"),
        ("ops redr", "plain,redrive"),
        ("peaks --out", "--out-dir"),
        ("mix dru", "file,dru"),
        ("mix drums.wav -o mi", "file,mi"),
    ],
)
def test_the_shell_completes_commands_and_options(typed: str, offered: str):
    """A user who presses the tab key in bash must be offered what is there."""
    words = f"waveflow {typed}"
    how = {
        "_WAVEFLOW_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    program = "from waveflow_local.cli.app import main; main()"

    said = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | how,
        capture_output=True,
        text=True,
        check=False,
    ).stdout

    assert offered in said
