"""Offer the command that runs the stages' images by `sam local`."""

from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit

from waveflow_local.cli import options
from waveflow_local.demo.stages import EVERY_STAGE, STAGES
from waveflow_local.paths import PROJECT_ROOT


@click.command()
@click.argument("stage", metavar="STAGE", type=click.Choice((*STAGES, EVERY_STAGE)))
@click.argument("file", metavar="[FILE]", required=False, type=options.PATH)
@options.endpoint
@click.option(
    "--webhook-url",
    type=options.ADDRESS,
    help="Send webhooks there; without it, where the engine sends them.",
)
@click.option(
    "--built",
    type=options.PATH,
    default=PROJECT_ROOT / ".aws-sam" / "build",
    show_default=".aws-sam/build",
    help="Folder that `sam build` wrote.",
)
@click.option(
    "--out",
    type=options.PATH,
    default=Path("out/invoke"),
    help="Folder for the event and the settings of the images.",
)
def invoke(**given: Any) -> None:
    """Run a stage's image by `sam local` against `waveflow up`.

    STAGE is hash, dedupe_delete, waveform, music, mix or notify; its event is about
    FILE, or about made drums. start-lambda serves every image.
    """
    from waveflow_local.demo.invoke import InvokeOptions
    from waveflow_local.demo.invoke import invoke as run_image

    raise Exit(run_image(InvokeOptions(**given)))
