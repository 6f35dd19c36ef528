"""Check the previews that `waveflow preview` writes of audio files."""

import json
import signal
import subprocess
import sys

import av
import numpy as np
import pytest
from support import sound
from support.mistakes import exit_code_of
from support.processes import HANGS_S, eventually

WAVEFLOW = [sys.executable, "-c", "from waveflow_local.cli.app import main; main()"]


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """Work in a folder with a recording, eight channels of music, and a text."""
    monkeypatch.chdir(tmp_path)
    sound.write(tmp_path / "song.wav", sound.music(2))
    sound.write(tmp_path / "eight.wav", sound.music(1, channels=8))
    (tmp_path / "text.wav").write_text("no audio")
    return tmp_path


def waveflow(line: str, *, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    """Run a command as a shell does."""
    return subprocess.run(
        [*before, *WAVEFLOW, *line.split()], capture_output=True, text=True, check=False
    )


def contents(folder):
    """Return each file of a folder with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def heard(path) -> np.ndarray:
    """Return the first channel of an audio file as FFmpeg's decoders give it."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1)[0].astype(np.float32)


@pytest.mark.parametrize(
    ("out", "codec", "rate"),
    [("song.opus", "opus", 48_000), ("SONG.MP3", "mp3float", 44_100)],
)
def test_the_ending_decides_what_is_written(folder, out, codec, rate):
    """A user names the file, and gets what the name says."""
    ended = waveflow(f"preview song.wav -o {out}")

    size = (folder / out).stat().st_size
    assert (ended.returncode, ended.stdout) == (0, f"{out}: 2.00 s, {size} bytes\n")
    with av.open(str(folder / out)) as written:
        assert written.streams.audio[0].codec_context.name == codec
        assert written.streams.audio[0].rate == rate
    samples = heard(folder / out)
    assert abs(len(samples) - 2 * rate) <= 47
    assert np.abs(samples).max() > 0.1


@pytest.mark.usefixtures("folder")
def test_the_report_is_that_of_the_stage():
    """A script reads the size and the length that a webhook would tell."""
    said = json.loads(waveflow("preview eight.wav -o eight.opus --json").stdout)

    size = said.pop("bytes")
    assert size > 1_000
    assert said == {
        "preview": "eight.opus",
        "duration": 1.0,
        "warnings": ["CHANNELS_MIXED"],
    }


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("preview song.wav -o song.ogg", "song.ogg must end with .opus or .mp3."),
        ("preview song.wav -o opus", "opus must end with .opus or .mp3."),
        ("preview song.wav -o song.wav", "one file"),
        ("preview old.opus -o old.opus", "one file"),
        ("preview link.mp3 -o old.opus", "one file"),
        ("preview text.wav -o new.opus", "UNSUPPORTED_MEDIA: text.wav: "),
        ("preview gone.wav -o new.opus", "gone.wav cannot be read"),
        ("preview song.wav -o no/such.opus", "cannot be written"),
        ("preview song.wav", "-o"),
        ("preview song.wav eight.wav -o new.opus", "eight.wav"),
    ],
)
def test_a_preview_that_cannot_be_changes_nothing(folder, line, hint):
    """A musician's recording must not become its own small preview."""
    (folder / "old.opus").write_bytes((folder / "song.wav").read_bytes())
    (folder / "link.mp3").symlink_to("old.opus")
    before = contents(folder)

    ended = waveflow(line)

    assert (ended.returncode, ended.stdout) == (exit_code_of(ended.stderr), "")
    assert ended.stderr.startswith("waveflow: ")
    assert ended.stderr.count("\n") == 1
    assert hint in ended.stderr
    assert contents(folder) == before


@pytest.mark.parametrize("kind", ["opus", "mp3"])
def test_a_full_disk_leaves_the_preview_that_was_there(folder, kind):
    """Half a preview would play, and stop in the middle of the song."""
    (folder / f"song.{kind}").write_text("an older preview")
    before = contents(folder)

    ended = waveflow(
        f"preview song.wav -o song.{kind}",
        before=("bash", "-c", 'ulimit -f 8; exec "$@"', "bash"),
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("waveflow: ")
    assert ended.stderr.count("\n") == 1
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, b"\nstopped\n"), (signal.SIGTERM, 143, b"")],
)
def test_a_stopped_preview_leaves_nothing(folder, number, code, said):
    """A user who presses Ctrl-C must find neither a preview nor its beginning."""
    sound.write(folder / "long.wav", np.zeros((sound.RATE * 900, 2), np.int16))
    before = sorted(contents(folder))
    encoding = subprocess.Popen(
        [*WAVEFLOW, "preview", "long.wav", "-o", "long.mp3"], stderr=subprocess.PIPE
    )
    # PyAV loses a Ctrl-C that comes while the encoder asks for its first frames.
    eventually(
        lambda: any(p.stat().st_size > 100_000 for p in folder.glob(".waveflow-*"))
    )
    encoding.send_signal(number)
    _, err = encoding.communicate(timeout=HANGS_S)

    assert (encoding.returncode, err) == (code, said)
    assert sorted(contents(folder)) == before
