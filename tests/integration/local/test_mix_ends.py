"""Check what `waveflow mix` leaves when a full disk or a signal ends a mix."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from support import sound
from support.processes import HANGS_S, eventually

WAVEFLOW = [sys.executable, "-c", "from waveflow_local.cli.app import main; main()"]


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """Work in a folder with a stem of five minutes."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(-9000, 9000, (sound.RATE, 2), np.int16)
    sound.write(tmp_path / "long.wav", np.tile(noise, (300, 1)))
    return tmp_path


def contents(folder):
    """Return each file of a folder with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", ["m.wav", "m.flac"])
def test_a_full_disk_leaves_the_mix_that_was_there(folder, name):
    """Half a mix would play, and stop in the middle of the song."""
    (folder / name).write_text("an older mix")
    before = contents(folder)

    ended = subprocess.run(
        [
            *("bash", "-c", 'ulimit -f 100; exec "$@"', "bash"),
            *WAVEFLOW, "mix", "long.wav", "long.wav", "-o", name,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("waveflow: ")
    assert ended.stderr.count("\n") == 1
    assert contents(folder) == before


@pytest.mark.parametrize("asked", ["", "--loudness -14", "--classic"])
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, b"\nstopped\n"),
        (signal.SIGTERM, 143, b""),
        (signal.SIGHUP, 129, b""),
    ],
)
def test_a_stopped_mix_leaves_nothing(folder, asked, number, code, said):
    """Ctrl-C, kill or a closed terminal must leave neither a mix nor its beginning."""
    before = sorted(contents(folder))
    mixing = subprocess.Popen(
        [*WAVEFLOW, "mix", *["long.wav"] * 12, "-o", "m.wav", *asked.split()],
        stderr=subprocess.PIPE,
    )
    eventually(lambda: list(folder.glob(".waveflow-*")))
    mixing.send_signal(number)
    _, err = mixing.communicate(timeout=HANGS_S)

    assert (mixing.returncode, err) == (code, said)
    assert sorted(contents(folder)) == before


def test_a_mix_under_nohup_outlives_its_terminal(folder):
    """A long mix that nohup protects must not end with the session of the user."""
    mixing = subprocess.Popen(
        ["nohup", *WAVEFLOW, "mix", *["long.wav"] * 12, "-o", "m.wav"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    eventually(lambda: list(folder.glob(".waveflow-*")))
    mixing.send_signal(signal.SIGHUP)
    mixing.communicate(timeout=HANGS_S)

    assert mixing.returncode == 0
    assert (folder / "m.wav").exists()
