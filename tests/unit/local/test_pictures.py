"""Check pictures against the waveform documents that they show."""

import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image
from waveflow_local.files.pictures import colours, geometry
from waveflow_local.files.pictures.geometry import lay_out
from waveflow_local.files.pictures.png import write_png
from waveflow_local.files.pictures.svg import write_svg
from waveflow_local.paths import LocalError

SVG = "{http://www.w3.org/2000/svg}"


def document(**fields):
    """Return a small waveform document."""
    return {
        "version": 2,
        "channels": 1,
        "bits": 8,
        "sample_rate": 44100,
        "data": [-64, 127, -32, 32, 0, 0],
        "peaks": [1.0, 0.5, 0.0],
        "duration": 3.0,
        "peak": 0.5,
        **fields,
    }


def test_the_loudest_point_fills_the_height():
    """A quiet file drawn at its own level would look like silence."""
    outline = lay_out(document()).envelope

    highest = min(y for _, y in outline)
    assert highest == pytest.approx(geometry.TOP)


def test_levels_keep_their_proportion():
    """A musician compares levels by height: half the level is half the height."""
    data = [-64, 64, -32, 32]

    outline = lay_out(document(data=data)).envelope

    heights = sorted({round(abs(y - geometry.MIDDLE)) for _, y in outline})
    assert heights == [0, round(geometry.HALF / 2), round(geometry.HALF)]


def test_silence_is_a_thin_line():
    """Silence has a peak of zero, and a division by it would end the drawing."""
    picture = lay_out(document(data=[0, 0] * 5, peaks=[0.0] * 5, peak=0.0))

    assert max(abs(y - geometry.MIDDLE) for _, y in picture.envelope) < 1
    assert "silence" in picture.figures


def test_no_extreme_is_lost_in_a_long_document():
    """A click between two pixels must stay visible when points are merged."""
    data = [0, 0] * 40_000
    data[2 * 12_345 + 1] = 127

    picture = lay_out(document(data=data))

    assert len(picture.envelope) <= 2 * (geometry.RIGHT - geometry.LEFT) + 2
    assert min(y for _, y in picture.envelope) == pytest.approx(geometry.TOP)


def test_peaks_alone_are_enough():
    """Documents of other tools may hold peaks only, and must be drawn too."""
    picture = lay_out({"peaks": [0.5, 1.0], "duration": 1})

    assert min(y for _, y in picture.envelope) == pytest.approx(geometry.TOP)


@pytest.mark.parametrize(
    ("duration", "labels"),
    [
        (3.0, ["0:00.0", "0:00.5", "0:01.0"]),
        (61.0, ["0:00", "0:05", "0:10"]),
        (7200.0, ["0:00", "10:00", "20:00"]),
    ],
)
def test_the_axis_has_round_times(duration, labels):
    """Labels stand at round times; a musician cannot read ticks at 0.37 s."""
    ticks = lay_out(document(duration=duration)).ticks

    assert [tick.label for tick in ticks[:3]] == labels


@pytest.mark.parametrize("bad", ["loud", [1, "x"], [float("nan")]])
def test_what_is_no_list_of_numbers_is_refused(bad):
    """A picture of broken data would look like a waveform, and mislead."""
    with pytest.raises(LocalError, match="data"):
        lay_out(document(data=bad))


def test_the_svg_is_well_formed_and_named():
    """A file name with `<` or `&` would break the SVG for every reader."""
    svg = write_svg(lay_out(document(), title="a <b> & 드럼.wav"))

    root = ET.fromstring(svg)  # noqa: S314 - written a line above
    assert root.find(f"{SVG}title").text == "a <b> & 드럼.wav"
    assert len(root.findall(f"{SVG}path")) == 3


def test_the_png_shows_the_wave():
    """An all-dark PNG would pass as a picture: the wave must be bright."""
    png = write_png(lay_out(document(data=[-127, 127] * 50)))

    image = Image.open(io.BytesIO(png))
    assert image.size == (geometry.WIDTH, geometry.HEIGHT)
    assert image.getpixel((2, 2)) == colours.BACKGROUND
    middle = (geometry.WIDTH // 2, int(geometry.MIDDLE))
    assert image.getpixel(middle)[1] > 180


def test_colours_change_without_a_step():
    """A gradient that misses a stop would show a band in the picture."""
    assert colours.at(0.5) == (94, 234, 212)
    assert colours.at(0) == colours.at(1)
