"""Offer `waveflow ops backfill`: draw what is missing or stale of a list of stems."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from click.exceptions import Exit

from waveflow_local.ops.options import (
    asked_for,
    audio_id_option,
    dry_run_option,
    previews_option,
    split_channels_option,
    stack_option,
    zoom_option,
)

MOST_AT_ONCE = 200  # five transitions each in three seconds are half of 800 a second


@click.command()
@click.argument("manifest", metavar="MANIFEST")
@zoom_option
@split_channels_option
@previews_option
@audio_id_option
@click.option(
    "--at-once",
    type=click.IntRange(1, MOST_AT_ONCE),
    default=10,
    metavar="N",
    help="Executions that run side by side.",
)
@click.option(
    "--tolerate",
    type=click.IntRange(0, 100),
    default=5,
    metavar="PERCENT",
    help="Stop when more of the last 100 stems fail.",
)
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the run is written down; else beside MANIFEST.",
)
@stack_option
@dry_run_option
def backfill(  # noqa: PLR0913 - one parameter per option
    *,
    manifest: str,
    zoom: tuple[int, ...],
    split_channels: bool,
    previews: tuple[str, ...],
    audio_id: bool,
    at_once: int,
    tolerate: int,
    journal: Path | None,
    stack: str,
    dry_run: bool,
) -> None:
    """Draw what is missing or stale of the stems in a list.

    MANIFEST is a file or s3://bucket/key, JSON lines or CSV. The same command goes on
    with a run that was stopped.

    Exit 1 where a stem failed.
    """
    from waveflow_local.ops.backfill.job import Backfill
    from waveflow_local.ops.backfill.run import Limits
    from waveflow_local.ops.stack import open_stack

    asked = asked_for(
        zoom=zoom, split_channels=split_channels, previews=previews, audio_id=audio_id
    )
    job = Backfill(open_stack(stack), manifest, asked, stack_name=stack)
    if dry_run:
        print(job.rehearse())
        return
    with _saying_how_to_go_on():
        ended = job.run(Limits(at_once, tolerate), journal)
    print(ended)
    if ended.failed:
        raise Exit(1)


@contextmanager
def _saying_how_to_go_on() -> Iterator[None]:
    """Tell an operator who stops a run that no line is lost."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        print(
            "\nThe executions that run go on by themselves; start the same command "
            "again for the rest.",
            file=sys.stderr,
        )
        raise
