"""Offer the command that draws pictures of audio files and waveform documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waveflow_local.cli import options
from waveflow_local.cli.printing import print_output
from waveflow_local.files.pictures.colours import palette, read_colour
from waveflow_local.files.pictures.geometry import FRAME, Frame

if TYPE_CHECKING:
    from waveflow_local.files.pictures.colours import Colour
    from waveflow_local.files.plotting import PictureReport

_SMALLEST, _WIDEST, _HIGHEST = 16, 8000, 2000  # pixels; a PNG is drawn in memory
_SMALLEST_WITH_AXIS = (320, 160)  # pixels; texts of a smaller picture would overlap


class _ColourType(click.ParamType["Colour"]):
    """Take a colour, in hexadecimal digits or by name."""

    name = "colour"

    def convert(self, value: str, _param: Any, _ctx: Any) -> "Colour":
        """Return the colour that a word of the command line names."""
        return read_colour(value)


_COLOUR = _ColourType()


@click.command()
@click.argument("file", metavar="FILE", type=options.PATH)
@click.option(
    "-o", "out", type=options.PATH, required=True, help="The .svg or .png to write."
)
@click.option("--title", help="Text below the wave; without it, the file's name.")
@click.option(
    *("-w", "--width"),
    type=click.IntRange(_SMALLEST, _WIDEST),
    default=FRAME.width,
    metavar="PIXELS",
    help="Width of the picture.",
)
@click.option(
    "--height",
    type=click.IntRange(_SMALLEST, _HIGHEST),
    default=FRAME.height,
    metavar="PIXELS",
    help="Height of the picture.",
)
@click.option(
    *("--color", "--waveform-color", "color"),
    type=_COLOUR,
    metavar="COLOR",
    help="Colour of the wave: six hexadecimal digits, or a name as red.",
)
@click.option(
    *("--background", "--background-color", "background"),
    type=_COLOUR,
    metavar="COLOR",
    help="Colour behind the wave; texts are light or dark to fit.",
)
@click.option(
    "--axis/--no-axis",
    "--with-axis-labels/--no-axis-labels",
    "axis",
    default=True,
    help="Times, name and figures below the wave; without them the wave fills all.",
)
@options.start
@options.end
@options.form("svg", "png")
@options.as_json
def plot(  # noqa: PLR0913 - one parameter per option
    *,
    file: Path,
    out: Path,
    title: str | None,
    width: int,
    height: int,
    color: "Colour | None",
    background: "Colour | None",
    axis: bool,
    start: float,
    end: float | None,
    form: str | None,
    as_json: bool,
) -> None:
    """Draw a picture of an audio file, or of a waveform document."""
    from waveflow_local.files.plotting import Style, plot_file
    from waveflow_local.files.writing import check_outputs

    check_outputs(out, inputs=[file])
    options.check_report(out, as_json=as_json)
    style = Style(title, _frame(width, height, axis=axis), palette(color, background))
    part = options.region(start, end)
    said = plot_file(file, out, style=style, form=form, region=part)
    warnings = [f"{file}: {code}" for code in said["warnings"]]
    print_output(said, _picture_line, outputs=[out], as_json=as_json, warnings=warnings)


def _frame(width: int, height: int, *, axis: bool) -> Frame:
    """Return the picture's size, or refuse a size that has no room for the axis."""
    least_width, least_height = _SMALLEST_WITH_AXIS
    if not axis:
        options.refuse("title", beside="--no-axis")
    elif width < least_width or height < least_height:
        raise click.UsageError(
            f"{width} x {height} pixels have no room for the axis: take "
            f"{least_width} x {least_height} or more, or --no-axis."
        )
    return Frame(width, height, axis)


def _picture_line(said: "PictureReport") -> str:
    return ", ".join([said["picture"], *said["warnings"]])
