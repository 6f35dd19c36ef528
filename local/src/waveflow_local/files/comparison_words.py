"""Say how two versions differ, in one sentence that a musician understands."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from waveflow.audio.compare.report import Match, PairReport, Region

_MINUTE_S = 60
_BANDS = ("the bass", "the low mids", "the high mids", "the treble")
_SIDES = {1: ("",), 2: ("the left", "the right")}
_NAMED_REGIONS = 3
_NAMED_GAINS_DB = 0.5
_NAMED_BAND_DB = 1.5
_NAMED_OFFSET_S = 0.001
_NAMED_GAP_S = 0.3
_WHOLE = {
    "same": "the same sound",
    "different": "another recording: less than a quarter is as in the old version",
    "new": "new",
    "removed": "removed",
}


def sentence_of(report: Mapping[str, object]) -> str:
    """Return the line of one pair, its name first."""
    from waveflow.audio.compare.report import PairReport

    found = msgspec.convert(report, PairReport)
    return f"{report['pair']}: {_words(found)}"


def _words(report: "PairReport") -> str:
    if report.status in _WHOLE:
        return _WHOLE[report.status]
    if report.status == "alike":
        return f"sounds the same{_rest(report)}"
    matches = report.matches or ()
    parts = [*_common(report, matches), *_moved(matches)]
    kept = [each for each in report.regions or () if not _is_inserted(each, matches)]
    parts += _regions(kept, report.regions_left_out or 0)
    return "changed: " + ("; ".join(parts) or f"small differences{_rest(report)}")


def _rest(report: "PairReport") -> str:
    """Return how far what differs is below the music, where anything differs."""
    if not isinstance(report.residual_db, float):
        return ", both are silent"
    return f"; what differs is {-report.residual_db:.0f} dB below the music"


def _common(report: "PairReport", matches: "Sequence[Match]") -> Iterator[str]:
    """Yield what holds for the whole version, and when the version starts."""
    gain_db = report.gain_db
    late_s = matches[0].after - matches[0].before if matches else 0.0
    if abs(late_s) > _NAMED_OFFSET_S:
        yield f"{_duration(abs(late_s))} {'later' if late_s > 0 else 'earlier'}"
    if isinstance(gain_db, float) and abs(gain_db) >= _NAMED_GAINS_DB:
        yield f"{_level(gain_db)} throughout"
    if report.inverted:
        yield "polarity inverted"
    yield from _each(report.bands_db or (), _BANDS, least=_NAMED_BAND_DB)
    levels_db = report.channels_db or ()
    sides = _SIDES.get(len(levels_db)) or [
        f"channel {number + 1}" for number in range(len(levels_db))
    ]
    yield from _each(levels_db, sides, least=_NAMED_GAINS_DB)


def _each(
    levels_db: Sequence[float | None], names: Sequence[str], *, least: float
) -> Iterator[str]:
    for level_db, name in zip(levels_db, names, strict=True):
        if level_db is not None and abs(level_db) >= least:
            yield f"{name} {_level(level_db)}".strip()


def _moved(matches: "Sequence[Match]") -> Iterator[str]:
    """Yield the passages that were inserted or removed between two matches."""
    for one, other in pairwise(matches):
        added_s = (other.after - one.after) - (other.before - one.before)
        if abs(added_s) >= _NAMED_GAP_S:
            word = "inserted" if added_s > 0 else "removed"
            at = _time(one.after + one.seconds)
            yield f"{_duration(abs(added_s))} {word} at {at}"


def _is_inserted(region: "Region", matches: "Sequence[Match]") -> bool:
    """Tell whether a region lies between two matches, and was named as inserted."""
    middle = (region.start + region.end) / 2
    return any(
        one.after + one.seconds < middle < other.after
        for one, other in pairwise(matches)
    )


def _regions(regions: "Sequence[Region]", left_out: int) -> Iterator[str]:
    """Yield the longest passages that differ."""
    if not regions:
        return
    longest = sorted(regions, key=lambda each: each.start - each.end)[:_NAMED_REGIONS]
    named = sorted(longest, key=lambda each: each.start)
    more = len(regions) - len(named) + left_out
    passages = ", ".join(map(_region, named)) + (f" and {more} more" if more else "")
    yield f"differs at {passages}"


def _region(region: "Region") -> str:
    level = f" ({_level(region.delta_db)})" if abs(region.delta_db) >= 1 else ""
    return f"{_time(region.start)}-{_time(region.end)}{level}"


def _level(level_db: float) -> str:
    return f"{abs(level_db):.1f} dB {'louder' if level_db > 0 else 'quieter'}"


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), _MINUTE_S)
    return f"{minutes:.0f}:{rest:04.1f}"
