"""Compute a waveform picture's outlines, the same for every picture format."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeGuard

from waveflow_local.paths import LocalError

_SIDE, _ABOVE, _BELOW = 48, 40, 88  # pixels around the wave of a picture with texts
_FIGURES_WIDTH = 640  # a narrower picture has no room for figures beside the name
_MIN_LABEL_PX = 110
_NICE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
_SHORTEST_S = 1e-6  # a shorter duration holds less than one sample
_LARGEST = 1e39  # above every float32, and small enough for products of two
_NICE_LONG_S = (60, 120, 300, 600, 900, 1800, 3600, 7200)

Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """Hold a picture's size in pixels, and place the wave in that picture.

    Parameters
    ----------
    axis
        Whether times, name and figures stand below the wave, which else fills all.
    """

    width: int = 1600
    height: int = 400
    axis: bool = True

    @property
    def left(self) -> int:
        """Return where the wave begins, from the picture's left side."""
        return _SIDE if self.axis else 0

    @property
    def right(self) -> int:
        """Return where the wave ends, from the picture's left side."""
        return self.width - self.left

    @property
    def top(self) -> int:
        """Return the wave's upper end, from the picture's top."""
        return _ABOVE if self.axis else 0

    @property
    def bottom(self) -> int:
        """Return the wave's lower end, from the picture's top."""
        return self.height - (_BELOW if self.axis else 0)

    @property
    def axis_y(self) -> int:
        """Return the base line of the times, from the picture's top."""
        return self.height - 60

    @property
    def text_y(self) -> int:
        """Return the base line of name and figures, from the picture's top."""
        return self.height - 20

    @property
    def columns(self) -> int:
        """Return the pixels of the wave from left to right."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """Return where silence is drawn, from the picture's top."""
        return (self.top + self.bottom) / 2

    @property
    def half(self) -> float:
        """Return the height of the loudest point above the middle."""
        return (self.bottom - self.top) / 2


FRAME = Frame()


@dataclass(frozen=True)
class Tick:
    """Place one mark and its label on the picture's time axis."""

    x: float
    label: str


@dataclass(frozen=True)
class Picture:
    """Hold the outlines and texts of one waveform picture, in pixels."""

    frame: Frame
    envelope: list[Point]
    halo: list[Point]
    ticks: list[Tick]
    caption: str
    figures: str


def lay_out(
    document: Mapping[str, object],
    *,
    title: str = "",
    start: float = 0.0,
    frame: Frame = FRAME,
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
    scaled = [(low * scale, high * scale) for low, high in levels]
    return Picture(
        frame=frame,
        envelope=_outline(scaled, frame),
        halo=_outline([(-peak, peak) for peak in peaks], frame),
        ticks=_ticks(duration, start, frame=frame),
        caption="".join(sign if sign.isprintable() else "·" for sign in title),
        figures=_figures(document, duration) if frame.width >= _FIGURES_WIDTH else "",
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


def _outline(levels: Sequence[tuple[float, float]], frame: Frame) -> list[Point]:
    """Return a waveform's closed outline: along the highs, then back on the lows."""
    columns = _columns(levels, frame.columns)
    if not columns:
        return []
    width = frame.columns / len(columns)
    above, below = [], []
    for index, (low, high) in enumerate(columns):
        x = frame.left + width * (index + 0.5)
        # Silence is drawn as a thin line.
        above.append((x, frame.middle - max(high * frame.half, 0.6)))
        below.append((x, frame.middle - min(low * frame.half, -0.6)))
    first, last = (frame.left, frame.middle), (frame.right, frame.middle)
    return [first, *above, last, *reversed(below)]


def _columns(
    levels: Sequence[tuple[float, float]], most: int
) -> list[tuple[float, float]]:
    """Return at most one min/max column for each pixel, keeping all extremes."""
    count = len(levels)
    if count <= most:
        return list(levels)
    bounds = [i * count // most for i in range(most + 1)]
    return [
        (min(low for low, _ in part), max(high for _, high in part))
        for part in (levels[a:b] for a, b in pairwise(bounds))
    ]


def _ticks(duration: float, start: float, *, frame: Frame) -> list[Tick]:
    if duration < _SHORTEST_S or not frame.axis:
        return []
    per_second = frame.columns / duration
    step = next(
        (s for s in _NICE_S + _NICE_LONG_S if s * per_second >= _MIN_LABEL_PX),
        None,
    )
    if step is None:
        return []  # the file is longer than a day
    first, last = math.ceil(start / step), int((start + duration) / step)
    return [
        Tick(frame.left + (i * step - start) * per_second, _clock(i * step, step))
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
