"""Offer the command that mixes audio files."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waveflow_local.cli import options
from waveflow_local.cli.printing import print_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waveflow_local.files.actions import MixReport
    from waveflow_local.files.mix_plan import StemChoice


@click.command()
@click.argument(
    "stems",
    metavar="STEM[@OPTIONS]...",
    nargs=-1,
    required=True,
    type=click.Path(),  # a shell completes file names
)
@click.option(
    "-o",
    "out",
    type=options.PATH,
    required=True,
    help="File to write; .wav or .flac at its end decides the format.",
)
@click.option(
    "--channels", metavar="1|2", help="Channels of the mix; the default is 2."
)
@click.option(
    "--bits",
    metavar="16|24|32f",
    help="Bits of a sample; the default is 24. 32f means floats, in a WAV only.",
)
@click.option(
    "--rate",
    metavar="first|highest|HZ",
    help="Sample rate: first (of the first stem, the default), highest, or 44100, "
    "48000, 88200 or 96000.",
)
@click.option(
    "--loudness", metavar="LUFS", help="Integrated loudness to reach, -30 to -8."
)
@click.option(
    "--true-peak",
    metavar="DBTP",
    help="Ceiling of the true peak with --loudness, -9 to -0.5; the default is -1.",
)
@click.option(
    "--classic",
    is_flag=True,
    help="Write the classic mix: the mean of all stems, one channel, 16 bits.",
)
@click.option(
    "--peaks",
    "peaks_out",
    type=options.PATH,
    help="Write the waveform document of the mix to this file.",
)
@options.form("wav", "flac")
@options.as_json
def mix(
    *,
    stems: tuple[str, ...],
    out: Path,
    classic: bool,
    peaks_out: Path | None,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Mix stems into one WAV or FLAC.

    The mix is the sum of the stems in stereo. Options of a stem stand behind an @,
    with commas between them: drums.wav@-3dB, bass.flac@pan=-0.2,mute or
    voice.wav@offset=12ms,invert.
    """
    from waveflow_local.files.mix_plan import read_plan, read_stems
    from waveflow_local.files.writing import check_outputs

    chosen = read_stems(stems)
    check_outputs(out, peaks_out, inputs=[stem.path for stem in chosen])
    options.check_report(out, peaks_out, as_json=as_json)
    options.check_document(peaks_out)
    show = partial(print_output, outputs=[out, peaks_out], as_json=as_json)
    if classic:
        form = settings.pop("form")
        _check_classic(chosen, settings)
        from waveflow_local.files.actions import mix_files

        paths = [stem.path for stem in chosen]
        report = mix_files(paths, out, peaks=peaks_out, form=form)
        show(report, _classic_line, warnings=report["warnings"])
        return
    plan = read_plan(chosen, out, settings)
    from waveflow_local.files.mixing import sum_files, sum_text, sum_warnings

    total = sum_files(plan, out, peaks=peaks_out)
    show(total, sum_text, warnings=sum_warnings(total))


def _check_classic(
    stems: "Sequence[StemChoice]", settings: dict[str, str | None]
) -> None:
    """Refuse options that have no effect on a classic mix."""
    given = [name for name, text in settings.items() if text is not None]
    for name in given:
        option = name.replace("_", "-")
        raise click.UsageError(f"--{option} has no effect with --classic.")
    for stem in stems:
        if stem.has_options:
            raise click.UsageError(f"--classic takes no options of stems: {stem.word}.")


def _classic_line(said: "MixReport") -> str:
    parts = [
        f"{said['mix']}: {said['stems']} stems",
        f"{said['duration']:.2f} s",
        f"{said['sample_rate']} Hz",
        *said["warnings"],
    ]
    return ", ".join(parts)
