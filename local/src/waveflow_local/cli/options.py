"""Declare the arguments and options that several commands share."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from waveflow_local.files.region import Region
from waveflow_local.files.streams import format_of, is_stdout, path_of
from waveflow_local.paths import DEFAULT_ENDPOINT, ENDPOINT_VARIABLE, web_address


class _PathType(click.Path):
    """Take a path; `-` means standard input or output, and `./-` a file."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        """Return the path that a word of the command line names."""
        return path_of(os.fsdecode(super().convert(value, param, ctx)))


class _AddressType(click.ParamType[str]):
    """Take an HTTP address."""

    name = "url"

    def convert(self, value: str, _param: Any, _ctx: Any) -> str:
        """Return the address that a word of the command line names."""
        return web_address(value)


PATH = _PathType()
ADDRESS = _AddressType()
Command = TypeVar("Command", bound=Callable[..., object])
PORT = click.IntRange(0, 65535)

files = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PATH)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
jobs = click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Work on so many files at once; without it, one per CPU.",
)


def region(start: float, end: float | None) -> Region:
    """Return the part of a file between two times, or refuse the times."""
    if end is not None and end <= start:
        raise click.UsageError("--end must be after --start.")
    return Region(start, end)


def form(*formats: str) -> Callable[[Command], Command]:
    """Return the option that names the format of an output without an ending."""
    return click.option(
        *("--format", "--output-format", "form"),
        type=click.Choice(formats),
        help="Format of an output whose name has no ending, as of - for stdout.",
    )


def refuse(*names: str, without: str = "", beside: str = "") -> None:
    """Refuse options that have no effect without, or beside, another option."""
    context = click.get_current_context()
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name in names and source is ParameterSource.COMMANDLINE:
            name = max(option.opts, key=len)
            reason = f"without {without}" if without else f"beside {beside}"
            raise click.UsageError(f"{name} has no effect {reason}.")


def check_report(*outputs: Path | None, as_json: bool) -> None:
    """Refuse a report for programs where an output takes the standard output."""
    if as_json and any(map(is_stdout, outputs)):
        raise click.UsageError("--json prints a report, and an output takes stdout.")


def check_document(out: Path | None) -> None:
    """Refuse a name for a waveform document that ends otherwise than with .json."""
    if out is not None:
        format_of(out, ["json"], asked=None if out.suffix else "json")


endpoint = click.option(
    "--endpoint",
    type=ADDRESS,
    default=DEFAULT_ENDPOINT,
    envvar=ENDPOINT_VARIABLE,
    show_envvar=True,
    help="Where `waveflow up` answers.",
)


class FiniteRange(click.FloatRange):
    """Take a number within bounds; click's own range lets NaN pass."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the number; refuse infinity and what is no number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


start = click.option(
    *("-s", "--start"),
    type=FiniteRange(0),
    default=0.0,
    metavar="SECONDS",
    help="Begin there in the file.",
)
end = click.option(
    *("-e", "--end"),
    type=FiniteRange(0, min_open=True),
    metavar="SECONDS",
    help="End there; without it, with the file.",
)
