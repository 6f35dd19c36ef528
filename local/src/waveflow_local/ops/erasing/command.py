"""Offer `waveflow ops erase`."""

from pathlib import Path

import click
from click.exceptions import Exit

from waveflow_local.ops.options import dry_run_option, stack_option


@click.command()
@click.argument("manifest")
@click.option("--mixes", is_flag=True, help="Erase mixes and comparisons too.")
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the run is kept; else MANIFEST.erase-journal.",
)
@stack_option
@dry_run_option
def erase(
    *, manifest: str, mixes: bool, journal: Path | None, stack: str, dry_run: bool
) -> None:
    """Erase stems for good: every version of all that they have.

    MANIFEST is a file or s3://bucket/key, as JSON lines or CSV, with the columns
    userId, stemId, filepath and timestamp.

    Prints the report, which holds ids, counts and times. Run the command again after
    a crash, and once more when jobs that were under way have ended.

    Exit 1 where something stays that should go.
    """
    from waveflow_local.ops.bulk.journal import default_path
    from waveflow_local.ops.erasing.erase import VERB, Erasure
    from waveflow_local.ops.stack import open_stack

    erasure = Erasure(open_stack(stack), manifest, with_mixes=mixes)
    if dry_run:
        stays = False
        for plan in erasure.dry_run():
            click.echo(plan)
            stays = stays or plan.has_left
        for made in erasure.unknown():
            click.echo(f"not known whether it used a stem: {made}")
    else:
        place = journal or default_path(manifest, VERB)
        summary = erasure.run(place, click.echo)
        click.echo(summary)
        stays = summary.has_left
    if stays:
        raise Exit(1)
