"""Check that no command replaces a musician's only copy of a recording."""

import os
import stat
import sys

import numpy as np
import pytest
import soundfile
from waveflow_local.cli.app import main
from waveflow_local.demo.outputs import clear, make_new
from waveflow_local.files.writing import write_whole
from waveflow_local.paths import LocalError


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """Work in a folder with two recordings, names of one of them, and a FIFO."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("song.wav", "other.wav")):
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, 8000)
        soundfile.write(tmp_path / name, noise, 8000)
    (tmp_path / "link.wav").symlink_to("song.wav")
    (tmp_path / "hard.wav").hardlink_to("song.wav")
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / "pipe")
    protected = tmp_path / "kept.wav"
    protected.write_bytes(b"only copy")
    protected.chmod(0o444)
    (tmp_path / "doc.svg").write_text('{"peaks": [0.5]}')
    return tmp_path


@pytest.fixture(name="waveflow")
def _waveflow(monkeypatch, capsys):
    """Run a command in this process; return exit code, output and errors."""

    def waveflow(line):
        monkeypatch.setattr(sys, "argv", ["waveflow", *line.split()])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return waveflow


def seen(folder):
    """Return kind and content of every name in a folder."""
    return {
        path.name: (
            stat.S_IFMT(path.lstat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
        for path in folder.iterdir()
    }


@pytest.mark.parametrize(
    "line",
    [
        "peaks song.wav -o song.wav",
        "peaks song.wav -o sub/../song.wav",
        "peaks song.wav -o link.wav",
        "peaks song.wav -o hard.wav",
        "peaks link.wav -o song.wav",
        "peaks song.wav --dat song.wav",
        "peaks song.wav --dat new.json -o new.json",
        "mix song.wav other.wav -o other.wav",
        "mix song.wav other.wav -o m.wav --peaks song.wav",
        "mix song.wav other.wav -o m.wav --peaks m.wav",
        "mix song.wav other.wav -o m.wav --peaks sub/../m.wav",
        "plot doc.svg -o doc.svg",
    ],
)
def test_no_output_replaces_an_input_or_another_output(folder, waveflow, line):
    """An input named twice, or by a link, must not be overwritten by an output."""
    before = seen(folder)

    code, out, err = waveflow(line)

    assert (code, out) == (1, "")
    assert "one file" in err
    assert err.count("\n") == 1
    assert seen(folder) == before


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("peaks song.wav -o sub", "no regular file"),
        ("peaks song.wav --out-dir out", "no regular file"),
        ("mix song.wav other.wav -o sub", "no regular file"),
        ("mix song.wav other.wav -o kept.wav", "write-protected"),
        ("mix song.wav other.wav -o m.wav --peaks kept.wav", "write-protected"),
        ("mix song.wav other.wav -o song.wav/m.wav", "cannot be written"),
    ],
)
def test_what_is_no_plain_writable_file_stays(folder, waveflow, line, hint):
    """A folder or a FIFO that became a plain file would break other programs."""
    (folder / "out").mkdir()
    os.mkfifo(folder / "out" / "song.json")
    before = seen(folder)

    code, out, err = waveflow(line)

    assert (code, out) == (1, "")
    assert hint in err
    assert seen(folder) == before


def test_a_link_stays_and_its_target_is_written(folder, waveflow):
    """A user's link to the newest output must stay a link."""
    (folder / "latest.json").symlink_to("sub/today.json")

    code, _, _ = waveflow("peaks song.wav -o latest.json")

    assert code == 0
    assert (folder / "latest.json").is_symlink()
    assert b'"peaks"' in (folder / "sub" / "today.json").read_bytes()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path, umask, mode):
    """A user whose umask hides files must get hidden outputs."""
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "new", "text")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode


def test_a_file_written_again_keeps_its_mode(tmp_path):
    """A private .env must not become readable when `up` writes the file again."""
    path = tmp_path / ".env"
    path.write_text("old")
    path.chmod(0o600)

    write_whole(path, "new")

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_name_as_long_as_names_may_be_is_written(tmp_path):
    """A name of 255 bytes must work: the unfinished file has a short name."""
    path = tmp_path / ("n" * 255)

    write_whole(path, "text")

    assert path.read_text() == "text"


def hold(folder, *names):
    """Put files with a known content into a folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"only copy")


@pytest.mark.parametrize(
    "name",
    [
        *("stems/drums.wav", "mixes/mix.wav", "waveforms/a.json", "webhooks/1.json"),
        *("waveforms/a_zoom/256.dat", "previews/a.opus"),
    ],
)
def test_a_folder_that_no_run_made_is_left_alone(tmp_path, name):
    """Musicians have folders called stems and mixes; a run must not empty those."""
    hold(tmp_path, name)

    with pytest.raises(LocalError, match=f"{name}.*--out"):
        clear(tmp_path)

    assert (tmp_path / name).read_bytes() == b"only copy"


def test_what_an_earlier_run_left_goes_and_nothing_else(tmp_path):
    """Old results must not be taken for new ones, nor own files for results."""
    old = ["mixes/mix.wav", "waveforms/a.json", "waveforms/a.svg", "webhooks/1.json"]
    old += ["waveforms/a_zoom/256.dat", "waveforms/b_zoom/256.dat", "previews/a.opus"]
    own = ["stems/mine.wav", "mixes/final.wav", "waveforms/notes.txt", "song.wav"]
    own += ["waveforms/b_zoom/notes.txt", "previews/a.txt"]
    hold(tmp_path, "functions.log", "server.sqlite", *old, *own)

    clear(tmp_path)

    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert left == {"functions.log", *own}
    assert [path.name for path in tmp_path.glob("waveforms/*_zoom")] == ["b_zoom"]


def test_a_run_on_own_files_takes_a_folder_that_nobody_had(tmp_path):
    """A user compares two runs, so the second must not replace the first."""
    hold(tmp_path, "functions.log", "mixes/mix.wav", "run-1/mixes/mix.wav")

    own = make_new(tmp_path)

    assert own == tmp_path / "run-2"
    assert (tmp_path / "mixes" / "mix.wav").read_bytes() == b"only copy"
    assert (tmp_path / "run-1" / "mixes" / "mix.wav").read_bytes() == b"only copy"


def test_a_file_is_no_folder_for_outputs(folder, waveflow):
    """A file given as output folder is one line for the user, and stays."""
    before = seen(folder)

    code, _, err = waveflow("run other.wav --out song.wav")

    assert (code, err.count("\n")) == (1, 1)
    assert "song.wav" in err
    assert seen(folder) == before
