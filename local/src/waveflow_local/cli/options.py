"""Declare the arguments and options that several commands share."""

import math
from pathlib import Path
from typing import Any

import click

from waveflow_local.paths import DEFAULT_ENDPOINT

PATH = click.Path(path_type=Path)
PORT = click.IntRange(0, 65535)

files = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PATH)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
jobs = click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Work on so many files at once; without it, one per CPU.",
)
endpoint = click.option(
    "--endpoint", default=DEFAULT_ENDPOINT, help="Where `waveflow up` answers."
)


class FiniteRange(click.FloatRange):
    """Take a number within bounds; click's own range lets NaN pass."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the number; refuse infinity and what is no number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
