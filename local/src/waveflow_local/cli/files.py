"""Offer the commands that hash, draw, analyse, mix and plot audio files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waveflow_local.cli import options
from waveflow_local.cli.printing import print_all, print_report

if TYPE_CHECKING:
    from waveflow_local.files.actions import DrawingReport, HashReport, MixReport

_MAX_PEAKS = 4000  # the largest num_peaks that the contract takes


@click.command("hash")
@options.files
@options.jobs
@options.as_json
def hash_(*, files: tuple[Path, ...], jobs: int | None, as_json: bool) -> None:
    """Print the SHA-256 of audio files."""
    from waveflow_local.files.actions import hash_file

    if len(files) == 1:
        print_report(hash_file(files[0]), _hash_line, as_json=as_json)
        return
    print_all(files, hash_file, jobs=jobs, line=_hash_line, as_json=as_json)


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
@click.option("--bits", type=int, default=8, metavar="N", help="Of --dat: 8 or 16.")
@click.option(
    "--split-channels", is_flag=True, help="One waveform per channel in --dat."
)
@options.jobs
@options.as_json
def peaks(
    *,
    files: tuple[Path, ...],
    out_dir: Path | None,
    jobs: int | None,
    as_json: bool,
    **drawing: Any,
) -> None:
    """Draw the waveforms of audio files.

    One file's document is printed, or written by -o. Several files need --out-dir.
    """
    if out_dir is None:
        if len(files) > 1:
            raise click.UsageError("Several files need --out-dir for their documents.")
        _draw_one(files[0], as_json=as_json, **drawing)
        return
    if drawing["out"] or drawing["dat"]:
        raise click.UsageError("-o and --dat cannot be joined with --out-dir.")
    from waveflow_local.files.actions import draw_into
    from waveflow_local.files.writing import prepare_folder

    prepare_folder(out_dir, inputs=files)
    work = partial(draw_into, folder=out_dir, num_peaks=drawing["num_peaks"])
    print_all(
        files,
        work,
        jobs=jobs,
        line=_drawing_line,
        as_json=as_json,
        prepare=_load_drawing,
    )


def _draw_one(  # noqa: PLR0913 - one parameter per option
    file: Path,
    *,
    num_peaks: int,
    out: Path | None,
    dat: Path | None,
    samples_per_pixel: int,
    bits: int,
    split_channels: bool,
    as_json: bool,
) -> None:
    from waveflow_local.files.actions import draw_file, write_dat
    from waveflow_local.files.writing import check_outputs

    check_outputs(dat, out, inputs=[file])
    if dat is not None:
        points = write_dat(
            file,
            dat,
            samples_per_pixel=samples_per_pixel,
            bits=bits,
            split_channels=split_channels,
        )
        print_report(
            points, lambda r: f"{r['dat']}: {r['length']} points", as_json=as_json
        )
    if out is not None:
        drawn = draw_file(file, out, num_peaks=num_peaks)
        print_report(drawn, _drawing_line, as_json=as_json)
    elif dat is None:
        print(draw_file(file, None, num_peaks=num_peaks)["document"])


def _load_drawing() -> None:
    import waveflow.audio.waveform.draw  # noqa: F401 - each process shares the module


@click.command()
@options.files
@options.jobs
@options.as_json
def analyze(*, files: tuple[Path, ...], jobs: int | None, as_json: bool) -> None:
    """Measure loudness, tempo and key.

    Each audio file is checked as a stem too.
    """
    from waveflow_local.files.analysis import analyze_file, load_analysis, report_text

    if len(files) == 1:
        print_report(analyze_file(files[0]), report_text, as_json=as_json)
        return
    print_all(
        files,
        analyze_file,
        jobs=jobs,
        line=report_text,
        as_json=as_json,
        prepare=load_analysis,
    )


@click.command()
@click.argument("stems", metavar="STEM...", nargs=-1, required=True, type=options.PATH)
@click.option("-o", "out", type=options.PATH, required=True, help="The WAV to write.")
@click.option(
    "--peaks", "peaks_out", type=options.PATH, help="Write its waveform document there."
)
@options.as_json
def mix(
    *, stems: tuple[Path, ...], out: Path, peaks_out: Path | None, as_json: bool
) -> None:
    """Mix stems into one mono WAV.

    The mix is the mean of the stems, with a peak of at most 0.95.
    """
    from waveflow_local.files.actions import mix_files
    from waveflow_local.files.writing import check_outputs

    check_outputs(out, peaks_out, inputs=stems)
    print_report(mix_files(stems, out, peaks=peaks_out), _mix_line, as_json=as_json)


@click.command()
@click.argument("document", metavar="DOCUMENT", type=options.PATH)
@click.option(
    "-o", "out", type=options.PATH, required=True, help="The .svg or .png to write."
)
@click.option("--title", help="Text below the wave; without it, the file's name.")
@options.as_json
def plot(*, document: Path, out: Path, title: str | None, as_json: bool) -> None:
    """Draw a picture of a waveform document."""
    from waveflow_local.files.actions import plot_file
    from waveflow_local.files.writing import check_outputs

    check_outputs(out, inputs=[document])
    said = plot_file(document, out, title=title)
    print_report(said, lambda r: r["picture"], as_json=as_json)


def _hash_line(said: "HashReport") -> str:
    return f"{said['sha256']}  {said['file']}"


def _drawing_line(said: "DrawingReport") -> str:
    parts = [
        f"{said['document']}: {said['duration']:.2f} s",
        f"{said['sample_rate']} Hz",
        f"{said['channels']} channels",
        f"{said['num_peaks']} peaks",
        *said["warnings"],
    ]
    return ", ".join(parts)


def _mix_line(said: "MixReport") -> str:
    parts = [
        f"{said['mix']}: {said['stems']} stems",
        f"{said['duration']:.2f} s",
        f"{said['sample_rate']} Hz",
        *said["warnings"],
    ]
    return ", ".join(parts)
