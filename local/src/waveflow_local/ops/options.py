"""Declare the options that several `waveflow ops` commands share."""

from collections.abc import Sequence
from typing import Any

import click

from waveflow_local.files.zoom import read_levels

stack_option = click.option(
    "--stack",
    default="waveflow",
    envvar="WAVEFLOW_STACK",
    show_envvar=True,
    help="CloudFormation stack, or `local` for the engine of `waveflow up`.",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done.")
zoom_option = click.option(
    "--zoom",
    callback=read_levels,
    metavar="N,N,N",
    help="Samples per pixel of zoom levels to make, as 256,1024.",
)
split_channels_option = click.option(
    "--split-channels",
    is_flag=True,
    help="Zoom levels of two channels apart; without --zoom those of the stack.",
)
previews_option = click.option(
    "--preview",
    "previews",
    type=click.Choice(["opus", "mp3"]),
    multiple=True,
    help="A preview to make; name both by two options.",
)
audio_id_option = click.option(
    "--audio-id", is_flag=True, help="Find the identity of the sound."
)


def asked_for(
    *,
    zoom: Sequence[int],
    split_channels: bool,
    previews: Sequence[str],
    audio_id: bool,
) -> dict[str, Any]:
    """Return the options of a message that asks for what the command's options name."""
    waveform = {"zoom_levels": list(zoom), "split_channels": split_channels}
    options = {
        "waveform": {name: value for name, value in waveform.items() if value},
        "previews": list(dict.fromkeys(previews)),
        "audio_id": audio_id,
    }
    return {name: value for name, value in options.items() if value}
