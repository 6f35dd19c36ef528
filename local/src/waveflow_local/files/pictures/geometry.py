"""Compute a waveform picture's outlines, the same for every picture format."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeGuard

from waveflow_local.paths import LocalError

WIDTH, HEIGHT = 1600, 400
LEFT, RIGHT, TOP, BOTTOM = 48, 1552, 40, 312
MIDDLE, HALF = (TOP + BOTTOM) / 2, (BOTTOM - TOP) / 2
AXIS_Y = 340
_MAX_COLUMNS = RIGHT - LEFT
_MIN_LABEL_PX = 110
_NICE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
_SHORTEST_S = 1e-6  # a shorter duration holds less than one sample
_LARGEST = 1e39  # above every float32, and small enough for products of two
_NICE_LONG_S = (60, 120, 300, 600, 900, 1800, 3600, 7200)

Point = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """Place one mark and its label on the picture's time axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Picture:
    """Hold the outlines and texts of one waveform picture, in pixels."""

    envelope: list[Point]
    halo: list[Point]
    ticks: list[Tick]
    caption: str
    figures: str


def lay_out(
    document: Mapping[str, object], *, title: str = "", start: float = 0.0
) -> Picture:
    """Return the outlines and texts of the picture of one waveform document.

    Parameters
    ----------
    start
        Where the document's part begins in its file, in seconds.
    """
    levels = _levels(document)
    peaks = _numbers(document, "peaks")
    top = max((max(abs(low), abs(high)) for low, high in levels), default=0.0)
    # The loudest point fills the height, so that quiet files are readable.
    scale = 1 / top if top else 0.0
    duration = _figure(document, "duration")
    return Picture(
        envelope=_outline([(low * scale, high * scale) for low, high in levels]),
        halo=_outline([(-peak, peak) for peak in peaks]),
        ticks=_ticks(duration, start),
        caption="".join(sign if sign.isprintable() else "·" for sign in title),
        figures=_figures(document, duration),
    )


def _levels(document: Mapping[str, object]) -> list[tuple[float, float]]:
    """Return minimum and maximum of each waveform point, over all channels."""
    data = _numbers(document, "data")
    if not data:
        return [(-peak, peak) for peak in _numbers(document, "peaks")]
    step = 2 * max(1, int(_figure(document, "channels")))
    full = 128 if document.get("bits", 8) == 8 else 32768  # noqa: PLR2004 - the format's
    return [
        (min(data[i : i + step : 2]) / full, max(data[i + 1 : i + step : 2]) / full)
        for i in range(0, len(data) - step + 1, step)
    ]


def _numbers(document: Mapping[str, object], name: str) -> list[float]:
    values = document.get(name, [])
    if not isinstance(values, list) or not all(map(_is_figure, values)):
        raise LocalError(f"The document's {name} is not a list of numbers.")
    return values


def _figure(document: Mapping[str, object], name: str) -> float:
    """Return a number of a waveform document, at least 0; 0 where absent."""
    value = document.get(name)
    if value is None:
        return 0
    if not _is_figure(value) or value < 0:
        raise LocalError(f"The document's {name} is not a number from 0 on.")
    return float(value)


def _is_figure(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST  # NaN makes the comparison false


def _outline(levels: Sequence[tuple[float, float]]) -> list[Point]:
    """Return a waveform's closed outline: along the highs, then back on the lows."""
    columns = _columns(levels)
    if not columns:
        return []
    width = (RIGHT - LEFT) / len(columns)
    above, below = [], []
    for index, (low, high) in enumerate(columns):
        x = LEFT + width * (index + 0.5)
        # Silence is drawn as a thin line.
        above.append((x, MIDDLE - max(high * HALF, 0.6)))
        below.append((x, MIDDLE - min(low * HALF, -0.6)))
    first, last = (LEFT, MIDDLE), (RIGHT, MIDDLE)
    return [first, *above, last, *reversed(below)]


def _columns(levels: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most one min/max column for each pixel, keeping all extremes."""
    count = len(levels)
    if count <= _MAX_COLUMNS:
        return list(levels)
    bounds = [i * count // _MAX_COLUMNS for i in range(_MAX_COLUMNS + 1)]
    return [
        (min(low for low, _ in part), max(high for _, high in part))
        for part in (levels[a:b] for a, b in pairwise(bounds))
    ]


def _ticks(duration: float, start: float) -> list[Tick]:
    if duration < _SHORTEST_S:
        return []
    per_second = (RIGHT - LEFT) / duration
    step = next(
        (s for s in _NICE_S + _NICE_LONG_S if s * per_second >= _MIN_LABEL_PX),
        None,
    )
    if step is None:
        return []  # the file is longer than a day
    first, last = math.ceil(start / step), int((start + duration) / step)
    return [
        Tick(LEFT + (i * step - start) * per_second, _clock(i * step, step))
        for i in range(first, last + 1)
    ]


def _clock(seconds: float, step: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    digits = max(0, -math.floor(math.log10(step))) if step < 1 else 0
    tail = f"{rest:0{3 + digits if digits else 2}.{digits}f}"
    return f"{hours}:{minutes:02}:{tail}" if hours else f"{minutes}:{tail}"


def _figures(document: Mapping[str, object], duration: float) -> str:
    parts = [f"{duration:.2f} s"] if duration else []
    sample_rate = _figure(document, "sample_rate")
    if sample_rate:
        parts.append(f"{sample_rate / 1000:g} kHz")
    if document.get("peak") is not None:
        peak = _figure(document, "peak")
        level = f"{20 * math.log10(peak):.1f} dBFS" if peak else "silence"
        parts.append(f"peak {level}")
    return "   ".join(parts)
