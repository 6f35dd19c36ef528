"""Check the zoom levels that `waveflow peaks --zoom` writes beside a document."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import sound
from support.mistakes import exit_code_of
from waveflow_local.files.actions import draw_file
from waveflow_local.files.zoom import ZoomChoice

TOOL = shutil.which("audiowaveform")
WAVEFLOW = [sys.executable, "-c", "from waveflow_local.cli.app import main; main()"]
COUNTED = """
import sys
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(args[0]))
from waveflow_local.cli.app import main
try:
    main()
except SystemExit:
    print(sum(str(path).endswith("a.wav") for path in opened), file=sys.stderr)
"""


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """Work in a folder with files of one, two and eight channels."""
    monkeypatch.chdir(tmp_path)
    sound.write(tmp_path / "a.wav", sound.music(3, channels=2))
    sound.write(tmp_path / "mono.flac", sound.music(2, channels=1))
    sound.write(tmp_path / "eight.wav", sound.music(1, channels=8))
    return tmp_path


def waveflow(line: str, **how) -> subprocess.CompletedProcess:
    """Run a command as a shell does."""
    return subprocess.run(
        [*WAVEFLOW, *line.split()], capture_output=True, text=True, check=False, **how
    )


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.skipif(not TOOL, reason="audiowaveform is not installed")
@pytest.mark.parametrize(
    ("name", "split", "made"),
    [
        ("a.wav", False, ["256.dat", "1024.dat"]),
        ("a.wav", True, ["256_split.dat", "1024_split.dat"]),
        ("mono.flac", True, ["256.dat", "1024.dat"]),
        ("eight.wav", False, ["256.dat", "1024.dat"]),
    ],
)
def test_zoom_levels_are_those_of_audiowaveform(folder, name, split, made):
    """A front-end that reads audiowaveform's files must read ours as the same waves."""
    option = "--split-channels" if split else ""

    ended = waveflow(f"peaks {name} --zoom 256,1024 {option} -o doc.json")

    assert ended.returncode == 0, ended.stderr
    found = files_in(folder / "doc_zoom")
    assert sorted(found) == sorted(made)
    for level, zoom in zip(made, ("256", "1024"), strict=True):
        apart = ["--split-channels"] if "_split" in level else []
        subprocess.run(
            [TOOL, "-q", "-i", name, "-o", "ours.dat", "-b", "8", "-z", zoom, *apart],
            check=True,
        )
        assert found[level] == (folder / "ours.dat").read_bytes()


def test_the_report_names_each_level_as_a_result_does(folder):
    """A script gets the same fields from the command and from the webhook."""
    ended = waveflow("peaks a.wav --zoom 256,1024 --split-channels -o doc.json --json")

    frames, levels = 3 * sound.RATE, json.loads(ended.stdout)["zoom_levels"]
    assert levels == [
        {
            "samples_per_pixel": zoom,
            "path": f"doc_zoom/{zoom}_split.dat",
            "bytes": (folder / f"doc_zoom/{zoom}_split.dat").stat().st_size,
            "length": -(-frames // zoom),
            "channels": 2,
        }
        for zoom in (256, 1024)
    ]


def test_zoom_levels_cost_no_second_decode(folder):
    """A file of an hour must be read once, whatever is drawn of the file."""
    counts = {
        extra: subprocess.run(
            [sys.executable, "-c", COUNTED, "peaks", "a.wav", "-o", "d.json", *extra],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        for extra in ((), ("--zoom", "64,256,1024"))
    }

    assert counts[()] == counts["--zoom", "64,256,1024"] > "1"


def test_the_document_is_the_one_without_zoom_levels(folder):
    """A user who adds `--zoom` must not get other peaks."""
    waveflow("peaks mono.flac -o plain.json")
    waveflow("peaks mono.flac --zoom 256 -o zoomed.json")

    assert (folder / "plain.json").read_bytes() == (folder / "zoomed.json").read_bytes()
    assert sorted(path.name for path in folder.glob("*_zoom")) == ["zoomed_zoom"]


@pytest.mark.parametrize(
    "levels",
    [
        *("63", "65537", "256,256", "1024,256", "256,1000", "64,128,256,512"),
        *("", ",", "256,", "256.5", "1e400", "true", "-256", "9" * 5000, "\udce9"),
    ],
)
def test_levels_that_a_message_may_not_name_are_refused(folder, levels):
    """A user reads the rule in one line, and nothing is drawn."""
    before = files_in(folder)

    ended = subprocess.run(
        [*WAVEFLOW, "peaks", "a.wav", "--zoom", levels, "-o", "doc.json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("waveflow: Invalid value for '--zoom': ")
    assert "1 to 3 integers from 64 to 65,536" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert files_in(folder) == before


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("peaks a.wav --zoom 256", "name the document by -o"),
        ("peaks a.wav --zoom 256 --dat x.dat", "name the document by -o"),
        ("peaks a.wav --split-channels -o doc.json", "needs --zoom or --dat"),
        ("peaks a.wav --split-channels --out-dir out", "needs --zoom or --dat"),
        ("peaks a.wav --zoom 256 -o d.json --dat d_zoom/256.dat", "one file"),
        ("peaks a_zoom/256.dat --zoom 256 -o a.json", "one file"),
        ("peaks a.wav --zoom 256 -o note.json", "note_zoom"),
        ("peaks a.wav --zoom 256 -o no/such/doc.json", "cannot be written"),
        ("peaks a.wav a_zoom/256.dat --zoom 256 --out-dir .", "is an input"),
    ],
)
def test_a_zoom_that_cannot_be_replaces_nothing(folder, line, hint):
    """No recording, document or note of a user may be replaced by a zoom level."""
    (folder / "a_zoom").mkdir()
    (folder / "a_zoom" / "256.dat").write_text("only copy")
    (folder / "note_zoom").write_text("a file, no folder")
    before = files_in(folder)

    ended = waveflow(line)

    assert (ended.returncode, ended.stdout) == (exit_code_of(ended.stderr), "")
    assert ended.stderr.startswith("waveflow: ")
    assert ended.stderr.count("\n") == 1
    assert hint in ended.stderr
    assert files_in(folder) == before
    assert not (folder / "no").exists()


@pytest.mark.parametrize("existed", [False, True])
def test_a_full_disk_leaves_neither_document_nor_levels(folder, existed):
    """Levels of two drawings side by side would zoom into another recording."""
    sound.write(folder / "long.wav", sound.music(60, channels=1))
    if existed:
        waveflow("peaks a.wav --zoom 1024 -o doc.json")
    before = files_in(folder)
    room = ["bash", "-c", 'ulimit -f 64; exec "$@"', "bash", *WAVEFLOW]

    ended = subprocess.run(
        [*room, "peaks", "long.wav", "--zoom", "64,1024", "-o", "doc.json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr == (
        "waveflow: doc_zoom/64.dat cannot be written: File too large.\n"
    )
    assert files_in(folder) == before
    assert (folder / "doc_zoom").exists() is existed


def test_other_files_of_the_zoom_folder_stay(folder):
    """A user's second call adds a level; nobody asked to remove the first."""
    waveflow("peaks a.wav --zoom 256 -o doc.json")
    first = files_in(folder / "doc_zoom")

    waveflow("peaks a.wav --zoom 1024 -o doc.json")

    both = files_in(folder / "doc_zoom")
    assert sorted(both) == ["1024.dat", "256.dat"]
    assert both["256.dat"] == first["256.dat"]


def test_a_batch_writes_the_levels_of_single_calls(folder):
    """A user who draws a folder must find each stem's levels beside its document."""
    names = ["a.wav", "mono.flac", "eight.wav"]

    ended = waveflow(f"peaks {' '.join(names)} --zoom 64,256 --out-dir out")

    assert ended.returncode == 0, ended.stderr
    for name in names:
        stem = Path(name).stem
        waveflow(f"peaks {name} --zoom 64,256 -o single.json")
        assert files_in(folder / "out" / f"{stem}_zoom") == files_in(
            folder / "single_zoom"
        )
    assert ended.stdout.splitlines()[1] == (
        "out/mono.json: 2.00 s, 44100 Hz, 1 channels, 1024 peaks, "
        "out/mono_zoom/64.dat, out/mono_zoom/256.dat"
    )


@pytest.mark.usefixtures("folder")
def test_channels_that_were_mixed_are_told():
    """A user who asks for split channels must learn why eight became one."""
    ended = waveflow("peaks eight.wav --zoom 256 --split-channels -o doc.json")

    assert ended.returncode == 0
    assert ended.stdout.endswith(", doc_zoom/256.dat, CHANNELS_MIXED\n")


@pytest.mark.parametrize(("levels", "kept"), [((2, 4, 8), [4, 8]), ((1,), None)])
def test_levels_that_were_dropped_are_told(folder, levels, kept):
    """A user of a very long file must not look for a level that is too large."""
    frames = 20 << 20  # so fine that 2 minutes are like 6 hours
    body, form = bytes(2 * frames), sound.wav_format(channels=2, rate=192_000, bits=8)
    (folder / "long.wav").write_bytes(sound.wav(body, fmt=form))

    report = draw_file(
        Path("long.wav"),
        Path("doc.json"),
        num_peaks=10,
        choice=ZoomChoice(levels, split_channels=True),
    )

    told = report["zoom_levels"]
    assert report["warnings"] == ["ZOOM_DROPPED"]
    assert (told and [level["samples_per_pixel"] for level in told]) == kept
    assert sorted(files_in(folder / "doc_zoom")) == [
        f"{level}_split.dat" for level in kept or ()
    ]
