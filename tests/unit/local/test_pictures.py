"""Check pictures against the waveform documents that they show."""

import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image
from waveflow_local.files.pictures.colours import PALETTE, palette, read_colour
from waveflow_local.files.pictures.geometry import FRAME, Frame, lay_out
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
    assert highest == pytest.approx(FRAME.top)


def test_levels_keep_their_proportion():
    """A musician compares levels by height: half the level is half the height."""
    data = [-64, 64, -32, 32]

    outline = lay_out(document(data=data)).envelope

    heights = sorted({round(abs(y - FRAME.middle)) for _, y in outline})
    assert heights == [0, round(FRAME.half / 2), round(FRAME.half)]


def test_silence_is_a_thin_line():
    """Silence has a peak of zero, and a division by it would end the drawing."""
    picture = lay_out(document(data=[0, 0] * 5, peaks=[0.0] * 5, peak=0.0))

    assert max(abs(y - FRAME.middle) for _, y in picture.envelope) < 1
    assert "silence" in picture.figures


def test_no_extreme_is_lost_in_a_long_document():
    """A click between two pixels must stay visible when points are merged."""
    data = [0, 0] * 40_000
    data[2 * 12_345 + 1] = 127

    picture = lay_out(document(data=data))

    assert len(picture.envelope) <= 2 * FRAME.columns + 2
    assert min(y for _, y in picture.envelope) == pytest.approx(FRAME.top)


def test_peaks_alone_are_enough():
    """Documents of other tools may hold peaks only, and must be drawn too."""
    picture = lay_out({"peaks": [0.5, 1.0], "duration": 1})

    assert min(y for _, y in picture.envelope) == pytest.approx(FRAME.top)


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
    assert image.size == (FRAME.width, FRAME.height)
    assert image.getpixel((2, 2)) == PALETTE.background
    middle = (FRAME.width // 2, int(FRAME.middle))
    assert image.getpixel(middle)[1] > 180


def test_colours_change_without_a_step():
    """A gradient that misses a stop would show a band in the picture."""
    assert PALETTE.at(0.5) == (94, 234, 212)
    assert PALETTE.at(0) == PALETTE.at(1)


def test_without_an_axis_the_wave_fills_the_picture():
    """A developer puts the picture under a player's own axis, edge to edge."""
    frame = Frame(300, 60, axis=False)

    picture = lay_out(document(data=[-127, 127] * 50), title="x", frame=frame)

    image = Image.open(io.BytesIO(write_png(picture, palette((255, 0, 0), None))))
    assert image.size == (300, 60)
    corners = {image.getpixel(at) for at in ((3, 0), (296, 0), (3, 59), (296, 59))}
    assert corners == {(255, 0, 0)}
    assert b"<text" not in write_svg(picture)


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0), (200, 30, 30)])
def test_texts_can_be_read_on_every_background(background):
    """Pale texts of the dark picture would vanish on a white page."""
    chosen = palette(None, background)

    for text in (chosen.text, chosen.title):
        assert contrast(text, background) >= 3.5


def contrast(colour, other) -> float:
    """Return the contrast of two colours as WCAG 2 defines it, 1 to 21."""
    bright, dark = sorted(map(luminance, (colour, other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour) -> float:
    """Return a colour's relative luminance as WCAG 2 defines it."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (each / 255 for each in colour)
    ]
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("text", ["0ea5e9", "#0EA5E9"])
def test_colours_are_read_as_audiowaveform_and_css_write_them(text):
    """A user pastes a colour from a style sheet, or a line of audiowaveform."""
    assert read_colour(text) == (14, 165, 233)
    assert read_colour("Navy") == (0, 0, 128)
