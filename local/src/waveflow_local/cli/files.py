"""Offer the commands that hash, analyse and preview audio files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from waveflow_local.cli import options
from waveflow_local.cli.printing import print_each, print_output

if TYPE_CHECKING:
    from waveflow_local.files.actions import HashReport
    from waveflow_local.files.previews import PreviewReport


@click.command("hash")
@options.files
@click.option(
    "--audio",
    "with_audio",
    is_flag=True,
    help="Print the identity of the sound too: equal for the same samples or packets.",
)
@options.jobs
@options.as_json
def hash_(
    *, files: tuple[Path, ...], with_audio: bool, jobs: int | None, as_json: bool
) -> None:
    """Print the SHA-256 of audio files."""
    if with_audio:
        from waveflow_local.files.identity import (
            identify_file,
            load_identity,
            report_line,
        )

        print_each(
            files,
            identify_file,
            jobs=jobs,
            line=report_line,
            as_json=as_json,
            prepare=load_identity,
        )
        return
    from waveflow_local.files.actions import hash_file

    print_each(files, hash_file, jobs=jobs, line=_hash_line, as_json=as_json)


@click.command()
@options.files
@options.jobs
@options.as_json
def analyze(*, files: tuple[Path, ...], jobs: int | None, as_json: bool) -> None:
    """Measure loudness, tempo and key.

    Each audio file is checked as a stem too.
    """
    from waveflow_local.files.analysis import analyze_file, load_analysis, report_text

    print_each(
        files,
        analyze_file,
        jobs=jobs,
        line=report_text,
        as_json=as_json,
        prepare=load_analysis,
    )


@click.command()
@click.argument("file", metavar="FILE", type=options.PATH)
@click.option(
    "-o", "out", type=options.PATH, required=True, help="The .opus or .mp3 to write."
)
@options.form("opus", "mp3")
@options.as_json
def preview(*, file: Path, out: Path, form: str | None, as_json: bool) -> None:
    """Write a small preview of an audio file.

    The preview starts at the first sample, and its ending decides: Opus or MP3.
    """
    from waveflow_local.files.previews import preview_file
    from waveflow_local.files.writing import check_outputs

    check_outputs(out, inputs=[file])
    options.check_report(out, as_json=as_json)
    report = preview_file(file, out, form=form)
    warnings = [f"{file}: {code}" for code in report["warnings"]]
    print_output(
        report, _preview_line, outputs=[out], as_json=as_json, warnings=warnings
    )


def _hash_line(said: "HashReport") -> str:
    return f"{said['sha256']}  {said['file']}"


def _preview_line(said: "PreviewReport") -> str:
    parts = [
        f"{said['preview']}: {said['duration']:.2f} s",
        f"{said['bytes']} bytes",
        *said["warnings"],
    ]
    return ", ".join(parts)
