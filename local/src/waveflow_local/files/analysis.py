"""Analyse audio files with the stages' own code, and print the result in words."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import msgspec
from msgspec import UNSET, Struct
from waveflow.audio.listen.findings import Analysis, Loudness, MusicalKey, Tempo

from waveflow_local.files.actions import errors_naming
from waveflow_local.files.streams import readable

if TYPE_CHECKING:
    from rich.console import Group
    from waveflow.events.flow import MusicFindings

MISSING = "tempo and key need librosa, which `make setup` installs"


class AnalysisReport(TypedDict):
    """Report of a file's analysis, as the webhook `/completion` carries it."""

    file: str
    format: str
    duration: float
    sample_rate: int
    channels: int
    warnings: list[str]
    analysis: dict[str, object]


class _AnalysedStem(Struct, frozen=True):
    """Analysis and warnings of a stem's result, which the table shows."""

    analysis: Analysis
    warnings: list[str]


def analyze_file(path: Path) -> AnalysisReport:
    """Return an audio file's analysis as `/completion` carries it, and its facts."""
    from waveflow.audio.listen.meter import Meter
    from waveflow.audio.waveform.draw import draw
    from waveflow.stages._analysis import analysis_of

    meter = Meter()
    with readable(path) as source, errors_naming(path):
        drawn = draw(source, 1, listen=lambda _: [meter])
        music = _music(source)
    return {
        "file": str(path),
        "format": drawn.format,
        "duration": round(drawn.duration, 6),
        "sample_rate": drawn.sample_rate,
        "channels": drawn.channels,
        "warnings": list(drawn.warnings),
        "analysis": msgspec.to_builtins(analysis_of(meter, music)),
    }


def load_analysis() -> None:
    """Import what the analysis of every file needs."""
    import waveflow.audio.listen.meter
    import waveflow.audio.waveform.draw
    import waveflow.stages._analysis  # noqa: F401 - processes share the modules


def can_hear_music() -> bool:
    """Tell whether librosa is installed, which tempo and key need."""
    return find_spec("librosa") is not None


def _music(path: Path) -> "MusicFindings":
    from waveflow.audio.listen.excerpt import read_excerpt
    from waveflow.audio.listen.key import find_key
    from waveflow.audio.listen.tempo import find_tempo
    from waveflow.events.flow import MusicFindings
    from waveflow.stages._analysis import NO_MUSIC

    if not can_hear_music():
        return NO_MUSIC
    excerpt = read_excerpt(path)
    return MusicFindings(tempo=find_tempo(excerpt), key=find_key(excerpt))


def report_text(report: AnalysisReport) -> str:
    """Return an audio file's analysis in a few lines for a person."""
    form = f"{report['format']}, {report['duration']:.2f} s, {report['sample_rate']} Hz"
    lines = [f"{report['file']}: {form}, channels: {report['channels']}"]
    analysis = msgspec.convert(report["analysis"], Analysis)
    said = [*_lines(analysis), *(("warning", w) for w in report["warnings"])]
    lines += [f"  {name:<9} {text}" for name, text in said]
    return "\n".join(lines)


def _lines(analysis: Analysis) -> Iterator[tuple[str, str]]:
    if analysis.loudness:
        yield "loudness", loudness_line(analysis.loudness)
    if analysis.tempo:
        yield "tempo", tempo_line(analysis.tempo)
    if analysis.key:
        yield "key", key_line(analysis.key)
    if analysis.error_code is not UNSET:
        yield "missing", analysis.error_code if can_hear_music() else MISSING
    for warning in analysis.warnings:
        details = (warning.count, warning.seconds)
        given = [str(value) for value in details if value is not None]
        yield "warning", " ".join([warning.code, *given])


def loudness_line(loudness: Loudness) -> str:
    """Return loudness levels as one line of text."""
    units = {
        "integrated": "LUFS",
        "range": "LU range",
        "momentary_max": "LUFS in 400 ms",
        "short_term_max": "LUFS in 3 s",
        "true_peak": "dBTP",
    }
    known = [
        f"{getattr(loudness, name):.1f} {unit}"
        for name, unit in units.items()
        if getattr(loudness, name) is not None
    ]
    return ", ".join([*known, loudness.reason or ""]).strip(", ")


def tempo_line(tempo: Tempo) -> str:
    """Return a tempo as one line of text, or why there is none."""
    if tempo.value is None:
        return str(tempo.reason)
    other, sure = tempo.alternative, tempo.confidence
    return f"{tempo.value:.1f} BPM (or {other:.1f}), confidence {sure:.2f}"


def key_line(key: MusicalKey) -> str:
    """Return a musical key as one line of text, or why there is none."""
    if key.value is None:
        return str(key.reason)
    return f"{key.value} (or {key.relative}), confidence {key.confidence:.2f}"


def table(results: Mapping[str, Mapping[str, object]]) -> "Group":
    """Return a table of several stems' analyses, one row for each stem."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    drawn = Table(
        box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False
    )
    for name in ("file", "LUFS", "dBTP", "BPM", "key", "warnings"):
        drawn.add_column(name, no_wrap=name == "file")
    stems = {
        file: msgspec.convert(result, _AnalysedStem) for file, result in results.items()
    }
    for file, stem in stems.items():
        drawn.add_row(file, *_cells(stem.analysis, stem.warnings))
    failed = any(stem.analysis.error_code is not UNSET for stem in stems.values())
    return Group(drawn, *([Text(MISSING)] if failed and not can_hear_music() else []))


def _cells(analysis: Analysis, damage: Sequence[str]) -> Iterator[str]:
    loudness, tempo, key = analysis.loudness, analysis.tempo, analysis.key
    levels = (loudness.integrated, loudness.true_peak) if loudness else (None, None)
    for level in levels:
        yield _cell(level, loudness)
    yield _cell(tempo.value if tempo else None, tempo)
    yield key.value if key and key.value else _cell(None, key)
    yield ", ".join([*(warning.code for warning in analysis.warnings), *damage])


def _cell(value: float | None, measured: Loudness | Tempo | MusicalKey | None) -> str:
    """Return a table cell: a number, else the reason for its absence, else a dash."""
    if value is not None:
        return f"{value:.1f}"
    return (measured.reason if measured else None) or "-"
