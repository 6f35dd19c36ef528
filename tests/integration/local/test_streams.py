"""Check `-`, pipes and devices as inputs and outputs, in a shell as a user types."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from support import sound

BIN = Path(sys.executable).parent


@pytest.fixture(name="folder")
def _folder(tmp_path):
    """Work in a folder with a stem, the stem cut short, and a FIFO."""
    whole = sound.write(tmp_path / "song.wav", sound.tone(2))
    (tmp_path / "cut.wav").write_bytes(whole.read_bytes()[:-20_000])
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def bash(line: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a line in bash, where `waveflow` is the command."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
        timeout=300,
    )


DAT = "--samples-per-pixel 64 --bits 16 --dat"
PEAKS = "waveflow peaks song.wav"


@pytest.mark.parametrize(
    ("streamed", "plain"),
    [
        ("waveflow peaks - < song.wav", PEAKS),
        ("cat song.wav | waveflow peaks /dev/stdin | cat", PEAKS),
        ("waveflow peaks <(cat song.wav)", PEAKS),
        (f"{PEAKS} -o -", f"{PEAKS} -o x.json"),
        (f"{PEAKS} -o /dev/stdout", f"{PEAKS} -o x.json"),
        (f"{PEAKS} -o >(cat) >y.txt; sleep 1", f"{PEAKS} -o x.json"),
        (f"{PEAKS} -o pipe >y.txt & cat pipe", f"{PEAKS} -o x.json"),
        (f"cat song.wav | waveflow peaks - {DAT} -", f"{PEAKS} {DAT} x.dat"),
        (f"{PEAKS} {DAT} - --format json", f"{PEAKS} {DAT} x.json"),
        ("waveflow preview - -o - --format mp3 < song.wav",
         "waveflow preview song.wav -o x.mp3"),
        ("cat song.wav | waveflow mix /dev/stdin@-3dB -o - --format flac",
         "waveflow mix song.wav@-3dB -o x.flac"),
        ("cat song.wav | waveflow mix - - --classic -o - --format wav",
         "waveflow mix song.wav song.wav --classic -o x.wav"),
        ("waveflow mix <(cat song.wav)@-3dB -o - --format wav",
         "waveflow mix song.wav@-3dB -o x.wav"),
        ("waveflow mix song.wav -o /dev/null --format wav --peaks -",
         "waveflow mix song.wav -o y.wav --peaks x.json"),
        (f"{PEAKS} | waveflow plot - --title x -o - --format svg",
         f"{PEAKS} -o x.json; waveflow plot x.json -o x.svg"),
    ],
)  # fmt: skip
def test_a_stream_gives_the_bytes_of_a_file(folder, streamed, plain):
    """A pipeline of the shell must give what files on the disk would give."""
    printed = bash(plain, folder).stdout
    name = plain.split()[-1]
    wanted = (folder / name).read_bytes() if name != "song.wav" else printed

    got = bash(streamed, folder)

    assert (got.returncode, got.stderr) == (0, b"")
    assert undated(got.stdout) == undated(wanted)
    assert len(got.stdout) > 100
    assert sorted(path.name for path in folder.glob(".waveflow-*")) == []


def undated(content: bytes) -> bytes | dict[str, object]:
    """Return a waveform document without its date, which a pipe does not carry."""
    if not content.startswith(b'{"version"') or b"created_at" not in content:
        return content
    return json.loads(content) | {"created_at": ""}


def test_both_hashes_of_a_stream_are_those_of_the_file(folder):
    """An archive that is read from a pipe must be found again by its hashes."""
    for option in ("", "--audio"):
        piped = bash(f"cat song.wav | waveflow hash - {option}", folder).stdout
        named = bash(f"waveflow hash song.wav {option}", folder).stdout

        assert piped.split()[:-1] == named.split()[:-1]
        assert piped.split()[-1] == b"-"


def test_an_analysis_of_a_stream_is_that_of_the_file(folder):
    """A musician may analyse what another program sends."""
    piped = json.loads(bash("cat song.wav|waveflow analyze - --json", folder).stdout)
    named = json.loads(bash("waveflow analyze song.wav --json", folder).stdout)

    assert piped | {"file": ""} == named | {"file": ""}


@pytest.mark.parametrize(
    "line",
    [
        "waveflow peaks song.wav -o /dev/null --dat /dev/null",
        "waveflow mix song.wav -o /dev/null --format wav",
        "waveflow preview song.wav -o /dev/null --format opus",
        "waveflow plot <(waveflow peaks song.wav) -o /dev/null --format png",
    ],
)
def test_the_null_device_takes_every_output(folder, line):
    """Whoever measures a command's time throws its output away."""
    ended = bash(line, folder)

    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize(
    "line",
    [
        "waveflow peaks cut.wav",
        "waveflow peaks cut.wav -o -",
        "waveflow peaks cut.wav --dat -",
        "waveflow preview cut.wav -o - --format opus",
        "waveflow mix cut.wav -o - --format wav",
        "waveflow mix cut.wav -o - --format wav --classic",
    ],
)
def test_a_cut_file_is_told_on_stderr(folder, line):
    """A listener of the pipe cannot see that half of the song is missing."""
    ended = bash(line, folder)

    assert ended.returncode == 0
    assert ended.stdout
    assert ended.stderr.startswith(b"waveflow: warning: ")
    assert b"cut.wav" in ended.stderr
    assert b"TRUNCATED" in ended.stderr
    assert ended.stderr.count(b"\n") == 1


def test_the_data_of_a_cut_file_is_told_as_cut(folder):
    """A cut file must not look whole because `--dat` writes no field for that."""
    ended = bash("waveflow peaks cut.wav --dat cut.dat", folder)

    assert ended.stdout.endswith(b"points, TRUNCATED\n")


def test_a_redirected_file_keeps_what_was_there(folder):
    """`>>` through /dev/stdout must append, and not replace the user's file."""
    bash("echo before > log; waveflow peaks song.wav -o /dev/stdout >> log", folder)

    assert (folder / "log").read_bytes().startswith(b'before\n{"version"')


def test_a_file_whose_name_is_a_hyphen_is_reached_by_its_path(folder):
    """A file must not be hidden by the name of standard input."""
    (folder / "-").write_bytes((folder / "song.wav").read_bytes())

    ended = bash("waveflow hash ./- < /dev/null; sha256sum song.wav", folder)

    first, second = ended.stdout.splitlines()
    assert first.split()[0] == second.split()[0]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("waveflow peaks song.wav -o song.dat", "song.dat must end with .json."),
        ("waveflow peaks song.wav --dat song.png", "must end with .dat or .json."),
        ("waveflow mix song.wav -o m.wav --peaks m.dat", "must end with .json."),
        ("waveflow mix song.wav -o -", "--format names the format"),
        ("waveflow preview song.wav -o a.mp3 --format opus", "does not fit a.mp3"),
        ("waveflow peaks song.wav --format dat", "format has no effect without"),
        ("waveflow peaks song.wav --bits 16", "--bits has no effect without --dat"),
        (
            "waveflow peaks song.wav --samples-per-pixel 64 -o x.json",
            "--samples-per-pixel has no effect without --dat",
        ),
        ("waveflow peaks song.wav -n 9 --dat x.dat", "--num-peaks has no effect"),
        ("waveflow peaks song.wav --jobs 2", "--jobs has no effect without --out-dir"),
        ("waveflow peaks song.wav --zoom 256 -o -", "name the document by -o"),
        ("waveflow peaks - --dat a.dat -o a.json", "read once"),
        ("waveflow peaks song.wav -o - --json", "takes stdout"),
        ("waveflow hash - song.wav", "Standard input is read alone"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(folder, line, hint):
    """An option or ending that does nothing hides a mistake of the user."""
    before = sorted(path.name for path in folder.iterdir())

    ended = bash(f"{line} < song.wav", folder)

    assert (ended.returncode, ended.stdout) == (2, b"")
    assert hint in ended.stderr.decode()
    assert ended.stderr.count(b"\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("echo text | waveflow peaks -", "UNSUPPORTED_MEDIA: -: "),
        ("waveflow peaks <(echo text)", "UNSUPPORTED_MEDIA: /dev/fd/"),
        ("waveflow hash - <&-", "- cannot be read: "),
        ("waveflow peaks song.wav -o /dev/full", "/dev/full cannot be written: "),
        ("waveflow peaks song.wav -o - --dat -", "are one file"),
        ("waveflow mix - -o song.wav < song.wav", "are one file"),
    ],
)
def test_a_mistake_with_a_stream_names_the_stream(folder, line, name):
    """A pipe's mistake without a name sends the user to the wrong file."""
    ended = bash(line, folder)

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.decode().startswith("waveflow: ")
    assert name in ended.stderr.decode()
    assert ended.stderr.count(b"\n") == 1
    assert soundfile.info(folder / "song.wav").frames > 0


def test_a_reader_that_leaves_a_pipe_is_no_mistake_to_speak_of(folder):
    """`| head -c 1` must print no error, as of other programs."""
    line = "waveflow mix song.wav -o - --format wav | head -c 1 > x"

    ended = bash(f"{line}; exit ${{PIPESTATUS[0]}}", folder)

    assert (ended.returncode, ended.stderr) == (1, b"")
