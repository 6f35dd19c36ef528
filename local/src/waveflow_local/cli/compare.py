"""Offer the command that compares two versions."""

from functools import partial
from pathlib import Path

import click

from waveflow_local.cli import options
from waveflow_local.cli.printing import print_all, print_each


@click.command()
@click.argument("before", metavar="BEFORE", type=options.PATH)
@click.argument("after", metavar="AFTER", type=options.PATH)
@click.option(
    "-n",
    "--num-peaks",
    type=options.NUM_PEAKS,
    default=1024,
    metavar="N",
    help="Length of peaks_delta in the JSON.",
)
@options.jobs
@options.as_json
def compare(
    *, before: Path, after: Path, num_peaks: int, jobs: int | None, as_json: bool
) -> None:
    """Say what changed from one version to the next.

    BEFORE and AFTER are two files, or two folders whose stems are paired by name.
    """
    from waveflow_local.files.comparing import (
        compare_pair,
        load_comparison,
        pairs_of,
    )
    from waveflow_local.files.comparison_words import sentence_of

    pairs = pairs_of(before, after)
    show = print_all if before.is_dir() else print_each
    show(
        list(pairs),
        partial(compare_pair, pairs=pairs, num_peaks=num_peaks),
        jobs=jobs,
        line=sentence_of,
        as_json=as_json,
        prepare=load_comparison,
    )
