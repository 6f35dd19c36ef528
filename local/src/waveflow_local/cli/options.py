"""Declare the options of the `waveflow` command."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

MAX_PEAKS = 4000  # the largest num_peaks that the contract takes
_LAST_PORT = 65534  # the stand-in listens on the port after the engine's


class VerdictMode(StrEnum):
    """Name the ways in which a server gives its verdict: task token or new message."""

    CALLBACK = "callback"
    MESSAGE = "message"


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]

# Options of `run`.
Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Audio files of your own; without any, four are played."),
]
OutFolder = Annotated[Path, typer.Option(help="Folder for everything produced.")]

# Options of `up` and `api`.
Port = Annotated[
    int,
    typer.Option(
        min=0,
        max=_LAST_PORT,
        help="Port of the AWS endpoint; the stand-in takes the next. 0 takes any.",
    ),
]
Server = Annotated[
    bool, typer.Option(help="Run the stand-in for the platform's server.")
]
WebhookUrl = Annotated[
    str | None, typer.Option(help="Send webhooks there; no stand-in runs.")
]
Mode = Annotated[
    VerdictMode, typer.Option(help="Answers by task token, or by message.")
]
VerdictTimeout = Annotated[
    int, typer.Option(min=1, help="Seconds for each of the three questions.")
]
RetryScale = Annotated[
    float, typer.Option(min=0, help="Retries wait this part of what they say.")
]
DataFolder = Annotated[
    Path, typer.Option(help="Folder for webhooks, the stand-in's table and logs.")
]
EnvFile = Annotated[
    Path | None, typer.Option(help="Write the printed settings to this file too.")
]
Api = Annotated[bool, typer.Option(help="Run the HTTP API and the page beside it.")]
ApiPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Their port; 8000, or a free one."),
]
StandInUrl = Annotated[
    str, typer.Option(help="The stand-in's webhook URL, for the page's switches.")
]

# Options of `status` and `api`.
Subject = Annotated[str, typer.Argument(help="A stem's, stage's or job's id.")]
Endpoint = Annotated[str, typer.Option(help="Where `waveflow up` answers.")]

# Options of `peaks`, `mix` and `plot`.
NumPeaks = Annotated[int, typer.Option("-n", "--num-peaks", min=1, max=MAX_PEAKS)]
DocumentOut = Annotated[
    Path | None, typer.Option("-o", help="Write the waveform document there.")
]
Dat = Annotated[
    Path | None, typer.Option(help="Write audiowaveform's format, .dat or .json.")
]
SamplesPerPixel = Annotated[int, typer.Option(min=2, help="Frames per point of --dat.")]
Bits = Annotated[int, typer.Option(help="Of --dat: 8 or 16.")]
SplitChannels = Annotated[
    bool, typer.Option("--split-channels", help="One waveform per channel in --dat.")
]
WavOut = Annotated[Path, typer.Option("-o", help="The WAV to write.")]
PeaksOut = Annotated[
    Path | None, typer.Option("--peaks", help="Its waveform document.")
]
PictureOut = Annotated[Path, typer.Option("-o", help="The .svg or .png to write.")]
Title = Annotated[
    str | None, typer.Option(help="Below the wave; the file's name otherwise.")
]
