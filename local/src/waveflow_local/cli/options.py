"""Declare the arguments and options that several commands share."""

from pathlib import Path

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
