"""Differences between two versions, each with what a comparison has to find."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from waveflow.audio.compare.report import PairReport

from support import versions
from support.versions import RATE, Audio, Song

EXACT_S = 0.15  # windows are 0.1 s apart


@dataclass(frozen=True)
class Case:
    """A newer version, and what is to be found in it."""

    name: str
    before: Audio
    after: Audio
    status: str
    rate: int = RATE  # of the newer version
    bits: str = "FLOAT"
    regions: list[tuple[float, float]] | None = None  # None: not looked at
    inside: tuple[float, float] | None = None  # where all regions lie, of quiet stems
    offset_ms: float | None = None
    gain_db: float | None = None
    inverted: bool = False
    extra: dict[str, float] = field(default_factory=dict)  # seconds inserted, removed


def of_recording(audio: Audio, other: Audio) -> Iterator[Case]:
    """Yield edits of a whole recording of at least nine seconds.

    Parameters
    ----------
    other
        Another recording, as long as a passage to insert.
    """
    at = 4.0  # seconds: where the recording is edited

    def case(name: str, after: Audio, status: str, **found: object) -> Case:
        return Case(name, audio, after, status, **found)

    alike = {"regions": [], "offset_ms": 0.0}
    quiet = versions.gain(audio, -6, start_s=at, end_s=at + 2)
    yield case("6 dB down for 2 s", quiet, "changed", regions=[(at, at + 2)])
    late = versions.late(audio, 1105)
    yield case("late by 1,105 frames", late, "changed", regions=[], offset_ms=25.057)
    yield case("late by half a frame", versions.late(audio, 0.5), "alike", regions=[])
    again = versions.at_rate(audio, 48_000)
    yield case("exported at 48 kHz", again, "alike", rate=48_000, **alike)
    yield case("16 bits with dither", versions.dithered(audio), "alike", **alike)
    louder = versions.gain(audio, 2)
    yield case("2 dB louder", louder, "changed", regions=[], gain_db=2.0)
    inserted = versions.inserted(audio, other, at)
    yield case(
        "a passage inserted",
        inserted,
        "changed",
        extra={"inserted": len(other) / RATE},
    )
    bars = audio[round(2 * RATE) : round(4 * RATE)]
    repeated = versions.inserted(audio, bars, at)
    yield case("2 s repeated", repeated, "changed", extra={"inserted": 2.0})
    shorter = versions.cut(audio, at, at + 2)
    yield case("2 s cut out", shorter, "changed", extra={"removed": 2.0})
    silence = np.zeros((15 * RATE, audio.shape[1]), np.float32)
    counted = np.concatenate((silence, audio))
    yield case("15 s in front", counted, "changed", regions=[], offset_ms=15_000.0)
    longer = np.concatenate((audio, other))
    yield case("longer", longer, "changed", offset_ms=0.0)
    yield case("polarity inverted", -audio, "changed", regions=[], inverted=True)
    treble = versions.shelved(audio, 4, above_hz=3_000)
    yield case("treble 4 dB up", treble, "changed", gain_db=None)
    yield case("reverb at -12 dB", versions.reverberant(audio, -12), "changed")
    if audio.shape[1] == 2:
        panned = versions.panned(audio, -3, 1.5)
        yield case("panned", panned, "changed")
    yield case("another recording", other, "different")


def of_song(song: Song, other: Song) -> Iterator[Case]:
    """Yield edits of the stems of a song, in its mix."""
    mix = song.mix()
    at = 4.0

    def case(name: str, after: Audio, status: str, **found: object) -> Case:
        return Case(name, mix, after, status, **found)

    for name in ("voice", "chords"):
        stem = getattr(song, name)
        quiet = versions.gain(stem, -12, start_s=at, end_s=at + 2)
        edited = song.mix(**{name: quiet})
        yield case(
            f"{name} 12 dB down for 2 s",
            edited,
            "changed",
            inside=(at, at + 2),
            offset_ms=0.0,
            gain_db=0.0,
        )
    late = song.mix(voice=versions.late(song.voice, 1105))
    yield case("voice late by 1,105 frames", late, "changed", offset_ms=0.0)
    yield case("voice inverted", song.mix(voice=-song.voice), "changed", offset_ms=0.0)
    punched = song.voice.copy()
    part = slice(round(at * RATE), round((at + 3) * RATE))
    punched[part] = other.voice[part]
    edited = song.mix(voice=punched)
    yield case("voice sung anew for 3 s", edited, "changed", inside=(at, at + 3))
    anew = song.mix(voice=other.voice[: len(mix)])
    yield case("another take of the voice", anew, "changed")
    panned = song.mix(chords=versions.panned(song.chords, -6, 3))
    yield case("chords panned", panned, "changed")
    counted = np.concatenate((other.drums[: 15 * RATE], mix))
    yield case("a count-in of 15 s", counted, "changed", offset_ms=15_000.0)
    yield case("limited by 6 dB", versions.limited(mix, 6), "changed", offset_ms=0.0)


def faults(case: Case, report: PairReport) -> list[str]:
    """Return in words what a report got wrong about a case."""
    found = []
    if report.status != case.status:
        found.append(f"status {report.status}, not {case.status}")
    if report.status not in ("alike", "changed"):
        return found
    offset_ms = np.inf if report.offset_ms is None else report.offset_ms
    if case.offset_ms is not None and abs(offset_ms - case.offset_ms) > 0.02:
        found.append(f"offset {report.offset_ms}, not {case.offset_ms}")
    if case.gain_db is not None and abs(report.gain_db - case.gain_db) > 0.05:
        found.append(f"gain {report.gain_db}, not {case.gain_db}")
    if report.inverted != case.inverted:
        found.append(f"inverted {report.inverted}")
    if case.regions is not None:
        found += _region_faults(case.regions, report)
    if case.inside is not None:
        start, end = case.inside[0] - EXACT_S, case.inside[1] + EXACT_S
        outside = [
            each for each in report.regions if each.start < start or each.end > end
        ]
        found += ["no region"] if not report.regions else map(str, outside)
    moved = sum(
        (other.after - one.after) - (other.before - one.before)
        for one, other in pairwise(report.matches)
    )
    wanted = case.extra.get("inserted", 0) - case.extra.get("removed", 0)
    if abs(moved - wanted) > 0.02:
        found.append(f"{moved:.2f} s inserted, not {wanted}")
    return found


def _region_faults(
    wanted: list[tuple[float, float]], report: PairReport
) -> Iterator[str]:
    if len(report.regions) != len(wanted):
        yield f"{len(report.regions)} regions, not {len(wanted)}"
        return
    for region, (start, end) in zip(report.regions, wanted, strict=True):
        if abs(region.start - start) > EXACT_S or abs(region.end - end) > EXACT_S:
            yield f"region {region.start}-{region.end}, not {start}-{end}"
