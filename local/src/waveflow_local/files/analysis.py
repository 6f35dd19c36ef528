"""Analyse plain files with the stages' own code, and say it in words."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from waveflow_local.files.actions import size_of

if TYPE_CHECKING:
    from waveflow.events.flow import MusicFindings

Report = dict[str, Any]
MISSING = "tempo and key need librosa, which `make setup` installs"


def analyze_file(path: Path) -> Report:
    """Return a file's analysis as `/completion` carries it, and what the file is."""
    import msgspec
    from waveflow.audio.listen.meter import Meter
    from waveflow.audio.waveform.draw import draw
    from waveflow.stages._analysis import analysis_of

    size_of(path)
    meter = Meter()
    drawn = draw(path, 1, listeners=[meter])
    return {
        "file": str(path),
        "format": drawn.format,
        "duration": round(drawn.duration, 6),
        "sample_rate": drawn.sample_rate,
        "channels": drawn.channels,
        "warnings": list(drawn.warnings),
        "analysis": msgspec.to_builtins(analysis_of(meter, _music(path))),
    }


def can_hear_music() -> bool:
    """Tell whether what tempo and key need is installed."""
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


def told(report: Report) -> str:
    """Return a report in a few lines for a person."""
    form = f"{report['format']}, {report['duration']:.2f} s, {report['sample_rate']} Hz"
    lines = [f"{report['file']}: {form}, channels: {report['channels']}"]
    said = [*_lines(report["analysis"]), *(("warning", w) for w in report["warnings"])]
    lines += [f"  {name:<9} {text}" for name, text in said]
    return "\n".join(lines)


def _lines(analysis: Report) -> Iterator[tuple[str, str]]:
    loudness, tempo, key = (analysis[name] for name in ("loudness", "tempo", "key"))
    if loudness:
        yield "loudness", loudness_line(loudness)
    if tempo:
        yield "tempo", tempo_line(tempo)
    if key:
        yield "key", key_line(key)
    if "error_code" in analysis:
        why = analysis["error_code"] if can_hear_music() else MISSING
        yield "missing", why
    for warning in analysis["warnings"]:
        detail = [str(value) for name, value in warning.items() if name != "code"]
        yield "warning", " ".join([warning["code"], *detail])


def loudness_line(loudness: Report) -> str:
    """Return levels in one line."""
    units = {
        "integrated": "LUFS",
        "range": "LU range",
        "momentary_max": "LUFS in 400 ms",
        "short_term_max": "LUFS in 3 s",
        "true_peak": "dBTP",
    }
    known = [
        f"{loudness[name]:.1f} {unit}"
        for name, unit in units.items()
        if loudness[name] is not None
    ]
    return ", ".join([*known, loudness["reason"] or ""]).strip(", ")


def tempo_line(tempo: Report) -> str:
    """Return a tempo in one line, or why there is none."""
    if tempo["value"] is None:
        return str(tempo["reason"])
    other, sure = tempo["alternative"], tempo["confidence"]
    return f"{tempo['value']:.1f} BPM (or {other:.1f}), confidence {sure:.2f}"


def key_line(key: Report) -> str:
    """Return a key in one line, or why there is none."""
    if key["value"] is None:
        return str(key["reason"])
    return f"{key['value']} (or {key['relative']}), confidence {key['confidence']:.2f}"


def table(results: Mapping[str, Report]) -> Group:
    """Return what several stems sound like, one row for each analysed result."""
    drawn = Table(
        box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False
    )
    for name in ("file", "LUFS", "dBTP", "BPM", "key", "warnings"):
        drawn.add_column(name, no_wrap=name == "file")
    for file, result in results.items():
        drawn.add_row(file, *_cells(result["analysis"], result["warnings"]))
    failed = any("error_code" in result["analysis"] for result in results.values())
    return Group(drawn, *([Text(MISSING)] if failed and not can_hear_music() else []))


def _cells(analysis: Report, damage: Sequence[str]) -> Iterator[str]:
    loudness, tempo, key = (
        analysis[name] or {} for name in ("loudness", "tempo", "key")
    )
    for level in ("integrated", "true_peak"):
        value = loudness.get(level)
        yield f"{value:.1f}" if value is not None else loudness.get("reason") or "-"
    bpm = tempo.get("value")
    yield f"{bpm:.1f}" if bpm is not None else tempo.get("reason", "-")
    yield key.get("value") or key.get("reason", "-")
    yield ", ".join([*(warning["code"] for warning in analysis["warnings"]), *damage])
