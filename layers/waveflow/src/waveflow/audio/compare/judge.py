"""Judge two decoded versions: offsets, matches, differences, and the status."""

from collections.abc import Sequence

from msgspec.structs import replace

from waveflow.audio.compare.balance import Balance
from waveflow.audio.compare.deltas import peaks_delta
from waveflow.audio.compare.differences import Differences, find_differences
from waveflow.audio.compare.lags import candidates
from waveflow.audio.compare.matches import Passage, find_passages, is_left_out
from waveflow.audio.compare.paths import Path
from waveflow.audio.compare.report import Match, PairReport
from waveflow.audio.compare.scratch import Pairing
from waveflow.audio.compare.version import Version
from waveflow.audio.compare.windows import active, count_of, hop_s_of, levels

LEAST_SHARE = 0.25  # of the shorter version's active windows: less is another recording
ALIKE_MS = 1.0
ALIKE_DB = 0.5
ALIKE_BAND_DB = 1.5
ALIKE_CHANNEL_DB = 0.5


def judge(before: Version, after: Version, *, num_peaks: int) -> PairReport:
    """Return the report of two versions that are kept in the same form.

    Parameters
    ----------
    num_peaks
        The length of `peaks_delta`.
    """
    facts = PairReport(status="different", before=before.facts, after=after.facts)
    full = Pairing(before.full, after.full)
    path = _path(Pairing(before.coarse, after.coarse), full)
    sharp = Balance.of(path.measure(full))
    smooth = sharp.averaged()
    newer = active(smooth.after)
    older = active(levels(full.before, bands=smooth.bands))
    is_lossy = before.is_lossy or after.is_lossy
    if not (newer.any() or older.any()):
        return _of_silence(facts, num_peaks)
    shorter = max(1, min(newer.sum(), older.sum()))
    if (smooth.matching & newer).sum() < LEAST_SHARE * shorter:
        return facts
    hop_s = hop_s_of(full.sample_rate)
    passages = find_passages(path, smooth, hop_s=hop_s)
    found = find_differences(sharp, smooth, is_lossy=is_lossy)
    report = replace(
        _described(facts, smooth, passages, hop_s=hop_s),
        residual_db=round(found.loudest_db(is_lossy=is_lossy), 1),
        regions=found.regions(hop_s),
        regions_left_out=found.left_out,
        peaks_delta=peaks_delta(
            full, passages, gain_db=smooth.gain_db, num_peaks=num_peaks
        ),
    )
    is_moved = is_left_out(newer, passages, is_before=False)
    is_moved |= is_left_out(older, passages, is_before=True)
    is_alike = not is_moved and _is_alike(report, found)
    is_alike &= found.is_small(is_lossy=is_lossy)
    return replace(report, status="alike" if is_alike else "changed")


def _path(coarse: Pairing, full: Pairing) -> Path:
    """Return the offset of each window of the newer version."""
    found = candidates(coarse, full)
    offsets_s = [each.offset_s for each in found]
    path = Path.of(coarse, offsets_s, [each.height for each in found])
    return path.of_windows(count_of(full.after))


def _of_silence(facts: PairReport, num_peaks: int) -> PairReport:
    """Return the report of two versions in which nothing is heard."""
    return replace(
        facts,
        status="alike",
        offset_ms=None,
        gain_db=None,
        bands_db=[],
        channels_db=[],
        inverted=False,
        residual_db=None,
        matches=[],
        regions=[],
        regions_left_out=0,
        peaks_delta=[0.0] * num_peaks,
    )


def _described(
    facts: PairReport, smooth: Balance, passages: Sequence[Passage], *, hop_s: float
) -> PairReport:
    """Return a report with what holds for the versions as a whole."""
    longest = max(passages, key=lambda each: each.length)
    gain_db = smooth.gain_db
    return replace(
        facts,
        offset_ms=_rounded(longest.offset_s * 1000, 3),
        gain_db=_rounded(gain_db, 2),
        bands_db=[_rounded(each, 2) for each in smooth.bands_db(gain_db)],
        channels_db=[_rounded(each, 2) for each in smooth.channels_db(gain_db)],
        inverted=bool((smooth.signs < 0).any()),
        matches=[_match(each, facts, hop_s=hop_s) for each in passages],
    )


def _match(passage: Passage, facts: PairReport, *, hop_s: float) -> Match:
    """Return a passage in seconds, inside both versions."""
    assert facts.before is not None  # noqa: S101 - both versions were decoded
    assert facts.after is not None  # noqa: S101
    offset_s = passage.offset_s
    start = max(passage.first * hop_s, 0.0, offset_s)
    end = min(
        passage.last * hop_s, facts.after.duration, facts.before.duration + offset_s
    )
    return Match(
        before=round(start - offset_s, 6) + 0.0,
        after=round(start, 6),
        seconds=round(max(end - start, 0.0), 3),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    # Adding 0.0 turns -0.0 into 0.0.
    return None if value is None else round(value, digits) + 0.0


def _is_alike(report: PairReport, found: Differences) -> bool:
    """Tell whether no listener would hear a difference between matching versions."""
    bands = [abs(each) for each in report.bands_db or () if each is not None]
    channels = [abs(each) for each in report.channels_db or () if each is not None]
    return (
        len(report.matches or ()) == 1
        and not report.inverted
        and not found.windows
        and abs(report.offset_ms or 0) <= ALIKE_MS
        and abs(report.gain_db or 0) < ALIKE_DB
        and max(bands, default=0) < ALIKE_BAND_DB
        and max(channels, default=0) < ALIKE_CHANNEL_DB
    )
