"""Check that the command draws a part of a file as if the part were the file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from PIL import Image
from support import sound

WAVEFLOW = Path(sys.executable).with_name("waveflow")
RATE = 44_100


@pytest.fixture(name="folder")
def _folder(tmp_path):
    """Work in a folder with two recordings, and seconds 1 to 2.5 of each."""
    samples = sound.music(4)
    for ending in ("wav", "flac"):
        soundfile.write(tmp_path / f"song.{ending}", samples, RATE)
        part = samples[RATE : RATE * 5 // 2]
        soundfile.write(tmp_path / f"part.{ending}", part, RATE)
    return tmp_path


def waveflow(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder."""
    return subprocess.run(
        [WAVEFLOW, *line.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("ending", ["wav", "flac"])
@pytest.mark.parametrize("options", ["", "--split-channels --bits 16"])
def test_the_data_of_a_part_are_those_of_a_file_that_holds_it(folder, ending, options):
    """A player that shows a verse must get the points of the verse, bit for bit."""
    dat = f"{options} --pixels-per-second 100 --dat"

    waveflow(f"peaks song.{ending} --start 1 --end 2.5 {dat} a.dat", folder)
    waveflow(f"peaks part.{ending} {dat} b.dat", folder)

    assert (folder / "a.dat").read_bytes() == (folder / "b.dat").read_bytes()


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_the_document_of_a_part_is_that_of_a_file_that_holds_it(folder, ending):
    """Peaks of a part are relative to the part, and its duration is the part's."""
    own = {"audio_hash": "", "created_at": ""}

    got, wanted = (
        json.loads(waveflow(line, folder).stdout)
        for line in (f"peaks song.{ending} -s 1 -e 2.5", f"peaks part.{ending}")
    )

    assert got | own == wanted | own
    assert got["duration"] == 1.5


def test_pixels_per_second_are_turned_into_frames_as_audiowaveform_does(folder):
    """A user who moves from audiowaveform gets the points of before."""
    waveflow("peaks song.wav --pixels-per-second 100 --dat a.dat", folder)
    waveflow("peaks song.wav --samples-per-pixel 441 --dat b.dat", folder)

    assert (folder / "a.dat").read_bytes() == (folder / "b.dat").read_bytes()


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_picture_is_drawn_straight_from_audio(folder, kind):
    """A user of audiowaveform types one command, with no document between."""
    waveflow("peaks song.wav -n 1504 -o song.json", folder)
    waveflow(f"plot song.json -o document.{kind} --title x", folder)

    ended = waveflow(f"plot song.wav -o audio.{kind} --title x", folder)

    assert (ended.returncode, ended.stdout) == (0, f"audio.{kind}\n")
    drawn = (folder / f"audio.{kind}").read_bytes()
    assert drawn == (folder / f"document.{kind}").read_bytes()


def test_the_picture_of_a_part_shows_the_times_of_the_file(folder):
    """A musician finds the bar in the song by the axis, not by counting from 0."""
    waveflow("plot song.wav -s 1 -e 2.5 -o part.svg", folder)
    picture = (folder / "part.svg").read_text()

    assert ">0:01.0<" in picture
    assert ">0:02.4<" in picture
    assert ">0:00.0<" not in picture


def test_a_part_of_a_document_is_refused(folder):
    """A document has no samples between its points; a part would look exact."""
    waveflow("peaks song.wav -o song.json", folder)

    ended = waveflow("plot song.json -s 1 -o x.svg", folder)

    assert ended.returncode == 2
    assert "need audio" in ended.stderr
    assert not (folder / "x.svg").exists()


AS_AUDIOWAVEFORM = "--waveform-color ff0000 --background-color ffffff --no-axis-labels"


@pytest.mark.parametrize(
    "options",
    [
        "--width 640 --height 200 --color red --background white --no-axis",
        f"-w 640 --height 200 {AS_AUDIOWAVEFORM}",
    ],
)
def test_a_picture_takes_size_and_colours_from_the_line(folder, options):
    """A user of audiowaveform gets the picture that the page of a site needs."""
    ended = waveflow(f"plot song.wav -o song.png {options}", folder)

    image = Image.open(folder / "song.png")
    colours = {colour for _, colour in image.getcolors(1 << 20)}
    assert (ended.returncode, ended.stderr, image.size) == (0, "", (640, 200))
    assert {(255, 0, 0), (255, 255, 255)} <= colours
    # Red, white, and what lies between both at an edge or in the halo.
    assert all(green == blue for _, green, blue in colours)


def test_options_that_name_the_usual_picture_change_no_byte(folder):
    """Pictures without options stay as they are in every script and document."""
    waveflow("plot song.wav -o usual.svg", folder)
    waveflow("plot song.wav -o named.svg --width 1600 --height 400 --axis", folder)

    assert (folder / "usual.svg").read_bytes() == (folder / "named.svg").read_bytes()


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ("--color skyish", "'skyish' is no colour: write six hexadecimal digits"),
        ("--background #12345", "'#12345' is no colour"),
        ("--color ff000080", "'ff000080' is no colour"),
        ("--width 15", "15 is not in the range 16<=x<=8000"),
        ("--height 2001", "2001 is not in the range 16<=x<=2000"),
        ("--height 100", "1600 x 100 pixels have no room for the axis: take 320 x 160"),
        ("--no-axis --title x", "--title has no effect beside --no-axis."),
    ],
)
def test_a_picture_that_cannot_be_is_one_line(folder, options, hint):
    """A wrong colour or size must not leave a picture of another look."""
    ended = waveflow(f"plot song.wav -o x.png {options}", folder)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert hint in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (folder / "x.png").exists()


@pytest.mark.parametrize(
    ("options", "code", "hint"),
    [
        ("--start 2 --end 1", 2, "--end must be after --start"),
        ("--start -1", 2, "--start"),
        ("--end nan", 2, "not a finite number"),
        ("--start 4", 1, "song.wav: The file ends at 4.00 s, before --start."),
        ("--pixels-per-second 9", 2, "no effect without --dat"),
        ("--pixels-per-second 90000 --dat x.dat", 2, "is 22050 at most here"),
        (
            "--pixels-per-second 9 --samples-per-pixel 9 --dat x.dat",
            2,
            "--samples-per-pixel has no effect beside --pixels-per-second",
        ),
    ],
)
def test_a_part_that_cannot_be_is_one_line(folder, options, code, hint):
    """A wrong time must not draw another part than the user meant."""
    ended = waveflow(f"peaks song.wav {options}", folder)

    assert (ended.returncode, ended.stdout) == (code, "")
    assert hint in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (folder / "x.dat").exists()
