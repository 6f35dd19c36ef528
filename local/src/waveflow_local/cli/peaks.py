"""Offer the command that draws the waveforms of audio files."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waveflow_local.cli import options
from waveflow_local.cli.printing import print_all, print_output, print_warnings
from waveflow_local.files.region import Density, Region
from waveflow_local.files.streams import format_of, is_read_once, is_stream
from waveflow_local.files.zoom import ZoomChoice, read_levels

if TYPE_CHECKING:
    from waveflow_local.files.actions import DatReport, DrawingReport

_MAX_PEAKS = 4000  # the largest num_peaks that the contract takes


@click.command()
@options.files
@click.option(
    "-n",
    "--num-peaks",
    type=click.IntRange(1, _MAX_PEAKS),
    default=1024,
    metavar="N",
    help="Peaks of a waveform document.",
)
@click.option(
    "-o",
    "out",
    type=options.PATH,
    help="Write the waveform document of one file there.",
)
@click.option(
    "--out-dir",
    type=options.PATH,
    metavar="FOLDER",
    help="Write a waveform document of each file there: song.json of song.wav.",
)
@click.option(
    "--zoom",
    callback=read_levels,
    metavar="N,N,N",
    help="Samples per pixel of zoom levels, beside the document: song_zoom/256.dat.",
)
@click.option(
    "--dat",
    type=options.PATH,
    help="Write one file's audiowaveform data there, .dat or .json.",
)
@click.option(
    "--samples-per-pixel",
    type=click.IntRange(2),
    default=256,
    metavar="N",
    help="Frames per point of --dat.",
)
@click.option(
    "--pixels-per-second",
    type=click.IntRange(1),
    metavar="N",
    help="Points of --dat per second, instead of --samples-per-pixel.",
)
@click.option(
    *("-b", "--bits"),
    type=click.Choice(["8", "16"]),
    default="8",
    help="Bits of a number in --dat.",
)
@click.option(
    "--split-channels",
    is_flag=True,
    help="One waveform per channel in --dat and, of two channels, in --zoom.",
)
@click.option(
    *("--output-format", "--format", "form"),
    type=click.Choice(["dat", "json"]),
    help="Format of --dat, where the name has no ending.",
)
@options.start
@options.end
@options.jobs
@options.as_json
def peaks(  # noqa: PLR0913 - one parameter per option
    *,
    files: tuple[Path, ...],
    out_dir: Path | None,
    zoom: tuple[int, ...],
    start: float,
    end: float | None,
    jobs: int | None,
    as_json: bool,
    **drawing: Any,
) -> None:
    """Draw the waveforms of audio files.

    One file's document is printed, or written by -o. Several files need --out-dir.
    """
    _check_effects(out_dir, drawing)
    drawing["region"] = options.region(start, end)
    choice = _zoom_choice(zoom, out_dir or drawing["out"], drawing)
    if out_dir is None:
        if len(files) > 1:
            raise click.UsageError("Several files need --out-dir for their documents.")
        _draw_one(files[0], choice=choice, as_json=as_json, **drawing)
        return
    if drawing["out"] or drawing["dat"]:
        raise click.UsageError("-o and --dat cannot be joined with --out-dir.")
    _draw_many(
        files,
        out_dir,
        num_peaks=drawing["num_peaks"],
        choice=choice,
        region=drawing["region"],
        jobs=jobs,
        as_json=as_json,
    )


def _check_effects(out_dir: Path | None, drawing: Mapping[str, Any]) -> None:
    """Refuse options of `waveflow peaks` that have no effect where they stand."""
    if not drawing["dat"]:
        names = ("samples_per_pixel", "pixels_per_second", "bits", "form")
        options.refuse(*names, without="--dat")
    elif not drawing["out"]:
        options.refuse("num_peaks", without="a document, by -o")
    if out_dir is None:
        options.refuse("jobs", without="--out-dir")
    if drawing["pixels_per_second"] is not None:
        options.refuse("samples_per_pixel", beside="--pixels-per-second")


def _draw_many(  # noqa: PLR0913 - one parameter per option
    files: Sequence[Path],
    out_dir: Path,
    *,
    num_peaks: int,
    choice: ZoomChoice,
    region: Region,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Write the documents of files into a folder, in several processes."""
    from waveflow_local.files.actions import draw_into
    from waveflow_local.files.writing import prepare_folder

    prepare_folder(out_dir, inputs=files, beside=choice.paths)
    work = partial(
        draw_into,
        folder=out_dir,
        num_peaks=num_peaks,
        choice=choice,
        region=region,
    )
    print_all(
        files,
        work,
        jobs=jobs,
        line=_drawing_line,
        as_json=as_json,
        prepare=_load_drawing,
    )


def _zoom_choice(
    zoom: tuple[int, ...], document: Path | None, drawing: Mapping[str, Any]
) -> ZoomChoice:
    """Return what --zoom asks for, or refuse options that do not fit together."""
    split_channels = drawing["split_channels"]
    if split_channels and not (zoom or drawing["dat"]):
        raise click.UsageError("--split-channels needs --zoom or --dat.")
    if zoom and (document is None or is_stream(document)):
        raise click.UsageError(
            "--zoom writes beside a document; name the document by -o or --out-dir."
        )
    return ZoomChoice(zoom, split_channels=split_channels)


def _draw_one(  # noqa: PLR0913 - one parameter per option
    file: Path,
    *,
    num_peaks: int,
    out: Path | None,
    choice: ZoomChoice,
    dat: Path | None,
    region: Region,
    as_json: bool,
    **of_dat: Any,
) -> None:
    """Write one file's data and document, or print the document."""
    from waveflow_local.files.actions import draw_file
    from waveflow_local.files.writing import check_outputs

    levels = choice.paths(out) if out else []
    check_outputs(dat, out, *levels, inputs=[file])
    options.check_report(dat, out, as_json=as_json)
    show = partial(print_output, outputs=[dat, out], as_json=as_json)
    options.check_document(out)
    if dat is not None:
        if out is not None and is_read_once(file):
            raise click.UsageError(f"{file} is read once, for -o or for --dat.")
        points = _write_dat(file, dat, region=region, **of_dat)
        show(points, _dat_line, warnings=_warnings(points))
    if out is not None:
        drawn = draw_file(file, out, num_peaks=num_peaks, choice=choice, region=region)
        show(drawn, _drawing_line, warnings=_warnings(drawn))
    elif dat is None:
        drawn = draw_file(file, None, num_peaks=num_peaks, region=region)
        print(drawn["document"])
        print_warnings(_warnings(drawn))


def _write_dat(  # noqa: PLR0913 - one parameter per option
    file: Path,
    dat: Path,
    *,
    samples_per_pixel: int,
    pixels_per_second: int | None,
    bits: str,
    split_channels: bool,
    form: str | None,
    region: Region,
) -> "DatReport":
    """Write one file's data in audiowaveform's format."""
    from waveflow_local.files.actions import write_dat

    named = form or (None if dat.suffix else "dat")
    return write_dat(
        file,
        dat,
        density=Density(samples_per_pixel, pixels_per_second),
        bits=int(bits),
        split_channels=split_channels,
        form=format_of(dat, ["dat", "json"], asked=named),
        region=region,
    )


def _warnings(report: "DrawingReport | DatReport") -> list[str]:
    return [f"{report['file']}: {code}" for code in report["warnings"]]


def _dat_line(said: "DatReport") -> str:
    return ", ".join([f"{said['dat']}: {said['length']} points", *said["warnings"]])


def _load_drawing() -> None:
    # Processes that are forked later share the imported modules.
    import waveflow.audio.waveform.draw
    import waveflow.audio.waveform.zoom_levels  # noqa: F401


def _drawing_line(said: "DrawingReport") -> str:
    parts = [
        f"{said['document']}: {said['duration']:.2f} s",
        f"{said['sample_rate']} Hz",
        f"{said['channels']} channels",
        f"{said['num_peaks']} peaks",
        *(level["path"] for level in said.get("zoom_levels") or ()),
        *said["warnings"],
    ]
    return ", ".join(parts)
