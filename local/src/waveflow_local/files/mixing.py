"""Sum audio files as a message with `mix` and `stems` does."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec
from waveflow.audio.listen.findings import Loudness

from waveflow_local.files.actions import document_of
from waveflow_local.files.analysis import loudness_line
from waveflow_local.files.mix_plan import MixPlan, StemChoice
from waveflow_local.files.streams import all_readable
from waveflow_local.files.writing import appearing, write_whole

if TYPE_CHECKING:
    from waveflow.audio.mix.settings import StemSource
    from waveflow.audio.mix.stem import StemFindings


class StemReport(TypedDict):
    """Report of one stem, with the members of a webhook and the stem's file."""

    file: str
    muted: bool
    duration: float | None
    peak: float | None
    warnings: list[str]


class SumReport(TypedDict):
    """Report of a sum of stems, as the command line prints it."""

    mix: str
    peaks: str | None
    stems: list[StemReport]
    duration: float
    sample_rate: int
    channels: int
    format: str
    applied_gain_db: float
    limiter_db: float
    loudness: dict[str, Any]
    sha256: str
    warnings: list[str]


def sum_files(plan: MixPlan, out: Path, *, peaks: Path | None) -> SumReport:
    """Sum audio files as planned, and write the waveform document of the mix last."""
    from waveflow.audio.mix.render import render
    from waveflow.audio.mix.settings import MixSettings
    from waveflow.audio.mix.summing import sum_stems

    settings = msgspec.convert(msgspec.to_builtins(plan.options), MixSettings)
    heard = [stem for stem in plan.stems if not stem.options.mute]
    with (
        all_readable([stem.path for stem in heard]) as files,
        appearing(out) as unfinished,
        sum_stems(
            [_source(stem, files[stem.path]) for stem in heard],
            settings,
            unfinished.parent,
        ) as total,
    ):
        rendered = render(total, unfinished, settings)
        document = document_of(rendered.waveform, rendered.audio_hash, unfinished)
    if peaks is not None:
        write_whole(peaks, document)
    return {
        "mix": str(out),
        "peaks": str(peaks) if peaks else None,
        "stems": list(_stem_reports(plan, total.stems)),
        "duration": round(rendered.waveform.duration, 6),
        "sample_rate": rendered.waveform.sample_rate,
        "channels": plan.options.channels,
        "format": plan.options.format,
        "applied_gain_db": rendered.applied_gain_db,
        "limiter_db": rendered.limiter_db,
        "loudness": msgspec.to_builtins(rendered.loudness),
        "sha256": rendered.audio_hash,
        "warnings": list(rendered.warnings),
    }


def sum_text(report: SumReport) -> str:
    """Return the report of a mix in a few lines for a person."""
    parts = [
        f"{report['mix']}: {len(report['stems'])} stems",
        f"{report['duration']:.2f} s",
        f"{report['sample_rate']} Hz",
        f"{report['channels']} channels",
        report["format"],
    ]
    lines = [f"  {name:<9} {text}" for name, text in _lines(report)]
    return "\n".join([", ".join(parts), *lines])


def _lines(report: SumReport) -> Iterator[tuple[str, str]]:
    gain, limiter = report["applied_gain_db"], report["limiter_db"]
    yield "level", f"gain {gain:+.2f} dB, limiter {limiter:.2f} dB"
    loudness = msgspec.convert(report["loudness"], Loudness)
    yield "loudness", loudness_line(loudness)
    yield from _notes(report)


def _notes(report: SumReport) -> Iterator[tuple[str, str]]:
    for warning in report["warnings"]:
        yield "warning", warning
    for stem in report["stems"]:
        if stem["muted"]:
            yield "muted", stem["file"]
        for warning in stem["warnings"]:
            yield "warning", f"{stem['file']}: {warning}"


def sum_warnings(report: SumReport) -> list[str]:
    """Return the warnings of a mix, and those of each stem with the stem's file."""
    return [text for name, text in _notes(report) if name == "warning"]


def _source(stem: StemChoice, file: Path) -> "StemSource":
    from waveflow.audio.mix.settings import StemSettings, StemSource

    settings = msgspec.convert(msgspec.to_builtins(stem.options), StemSettings)
    return StemSource(file, str(stem.path), settings)


def _stem_reports(
    plan: MixPlan, found: "tuple[StemFindings, ...]"
) -> Iterator[StemReport]:
    findings = iter(found)
    for stem in plan.stems:
        file = str(stem.path)
        if stem.options.mute:
            yield StemReport(
                file=file, muted=True, duration=None, peak=None, warnings=[]
            )
            continue
        heard = next(findings)
        yield StemReport(
            file=file,
            muted=False,
            duration=round(heard.duration, 6),
            peak=round(heard.peak, 6),
            warnings=list(heard.warnings),
        )
