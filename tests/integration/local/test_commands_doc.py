"""Run the examples of the documents on the commands, as a reader does."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import sound
from support.stack import ROOT
from waveflow_local.demo.stems import write_stems

# Other CPUs round a sine's last bit otherwise, and encode to other sizes.
BY_CPU = re.compile(r"\b[0-9a-f]{64}\b|\b\d+ bytes$")
SONGS = ("song.wav", "song.flac", "drums.wav", "bass.mp3", "voice.wav")


def examples(page: str) -> list[tuple[str, str]]:
    """Return each command of a page's console blocks, and what the page prints."""
    text = (ROOT / page).read_text("utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"(?m)^\$ ", block)[1:]]
    return [(line, said) for line, _, said in (step.partition("\n") for step in steps)]


def run(command: str, folder: Path) -> tuple[int, str]:
    """Run one line in bash; return exit code, and output as a terminal shows it."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


@pytest.mark.parametrize("page", ["docs/commands.md", "docs/comparing.md"])
def test_the_pages_commands_print_what_the_page_says(page: str, tmp_path: Path):
    """A reader who types an example must see the output that the page shows."""
    write_stems(tmp_path / "stems")

    for command, said in examples(page):
        printed = run(command, tmp_path)[1]
        assert BY_CPU.sub("…", printed) == BY_CPU.sub("…", said)


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_the_readmes_commands_work(page: str, tmp_path: Path):
    """A newcomer's first command must not be refused."""
    first = sound.write(tmp_path / SONGS[0], sound.tone(1))
    for name in SONGS[1:]:
        shutil.copy(first, tmp_path / name)  # the content decides, not the name
    commands = [line for line, _ in examples(page) if line.startswith("waveflow ")]

    assert len(commands) == 5
    assert {
        command: run(command, tmp_path)[0] for command in commands
    } == dict.fromkeys(commands, 0)


def test_the_pages_completion_is_a_script_of_bash(tmp_path: Path):
    """A line for `~/.bashrc` that prints an error would greet every new shell."""
    line = re.findall(
        r"```sh\n(.*?)```", (ROOT / "docs/commands.md").read_text(), re.DOTALL
    )[0]

    assert run(f"{line}complete -p waveflow", tmp_path) == (
        0,
        "complete -o nosort -F _waveflow_completion waveflow\n",
    )


def test_the_picture_of_the_page_on_mixing_is_that_of_its_script(tmp_path):
    """A picture whose levels nobody can make again would be an advertisement."""
    script, picture = ROOT / "scripts/draw_mixes.py", tmp_path / "mixes.svg"
    subprocess.run([sys.executable, script, picture], check=True)

    drawn, committed = (
        re.findall(r"<text[^>]*>([^<]*)<", path.read_text())
        for path in (picture, ROOT / "docs/images/mixes.svg")
    )
    assert len(drawn) == 4
    assert drawn == committed
