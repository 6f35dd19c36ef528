"""Find where two versions differ beyond their common gain."""

from dataclasses import dataclass

import numpy as np

from waveflow.audio.compare.balance import NOTHING, Balance
from waveflow.audio.compare.matches import joined
from waveflow.audio.compare.report import Region
from waveflow.audio.compare.windows import Floats, Mask, active, decibels

LEVEL_DB = 1.0  # a window that is so much louder or quieter differs
RESIDUAL_DB = -15.0  # a window with a louder rest differs
LOSSY_DB = -60.0  # rest of the best windows: copies of the samples leave less
BEST_PERCENTILE, USUAL_PERCENTILE = 10, 75
UNUSUAL_DB = 12.0  # above the usual rest of a lossy copy
MOST_DB = -3.0  # two recordings that share half of their energy
LOW_BANDS = 2
GAP = 5  # windows: shorter pauses between two differences belong to them
SHORTEST = 3  # windows
NEIGHBOUR_DB = 12.0
MOST_REGIONS = 500
SMALL_DB = -18.0  # of the whole rest
SMALL_LOSSY_DB = -14.0  # of the rest below 2,000 Hz
LOWEST_DB = -120.0  # of a residual: nothing is left


@dataclass(frozen=True, eq=False)
class Differences:
    """Hold where the newer version differs, and the residual of all matching windows.

    Parameters
    ----------
    windows
        First window and the window behind the last, of each region.
    residual_db
        Of all matching windows together.
    low_residual_db
        Likewise below 2,000 Hz, where lossy codecs keep the waveform.
    top_residual_db
        What is above 6,000 Hz in one version alone, against all that is heard.
    """

    windows: list[tuple[int, int]]
    residual_db: float
    low_residual_db: float
    top_residual_db: float
    _rest: Floats
    _after: Floats
    _before: Floats  # at the common gain

    @property
    def left_out(self) -> int:
        """Return how many regions are beyond the limit."""
        return max(0, len(self.windows) - MOST_REGIONS)

    def is_small(self, *, is_lossy: bool) -> bool:
        """Tell whether what is left hides behind the music.

        Parameters
        ----------
        is_lossy
            Whether one version holds MP3, Vorbis, Opus or AAC, whose rest may be large
            in the treble.
        """
        if is_lossy:
            return self.low_residual_db <= SMALL_LOSSY_DB
        return self.loudest_db(is_lossy=False) <= SMALL_DB

    def loudest_db(self, *, is_lossy: bool) -> float:
        """Return the residual, of the treble where that alone is large."""
        if is_lossy or self.top_residual_db <= SMALL_DB:
            return self.residual_db
        return max(self.residual_db, self.top_residual_db)

    def regions(self, hop_s: float) -> list[Region]:
        """Return the longest regions, in order of time."""
        longest = sorted(self.windows, key=lambda found: found[0] - found[1])
        return [
            self._region(*each, hop_s=hop_s) for each in sorted(longest[:MOST_REGIONS])
        ]

    def _region(self, first: int, last: int, *, hop_s: float) -> Region:
        rest, after, before = (
            each[first:last].mean() for each in (self._rest, self._after, self._before)
        )
        return Region(
            start=round(first * hop_s, 3),
            end=round(last * hop_s, 3),
            delta_db=round(float(decibels(after) - decibels(before)), 1) + 0.0,
            residual_db=round(float(relative_db(rest, np.maximum(after, before))), 1),
        )


def find_differences(sharp: Balance, smooth: Balance, *, is_lossy: bool) -> Differences:
    """Find where the newer version differs from the older one at the common gain.

    Parameters
    ----------
    sharp
        Of single windows, which say where a difference starts and ends.
    smooth
        Of running means, which decide.
    is_lossy
        Whether one version is a lossy file, whose treble is another anyway.
    """
    gain_db, matching = smooth.gain_db, smooth.matching
    rest, louder = smooth.residual(gain_db, smooth.signs), smooth.louder(gain_db)
    relative, heard = relative_db(rest, louder), active(louder)
    limit = _limit(relative[matching & heard])
    differs = heard & (_level_change(smooth, gain_db) | (relative > limit))
    top_db = np.full(len(relative), LOWEST_DB) if is_lossy else _top_db(smooth, gain_db)
    differs |= top_db > _limit(top_db[matching & heard])
    found = joined(differs, gap=GAP, shortest=SHORTEST)
    sharp_rest = sharp.residual(gain_db, smooth.signs)
    edges_db = relative_db(sharp_rest, sharp.louder(gain_db))
    if not is_lossy:
        edges_db = np.maximum(edges_db, _top_db(sharp, gain_db))
    by_level = _level_change(sharp, gain_db)
    return Differences(
        [_trimmed(each, by_level, edges_db, limit=limit) for each in found],
        _whole_db(smooth, smooth),
        _whole_db(Balance(smooth.energies, LOW_BANDS), smooth),
        _whole_top_db(smooth),
        _rest=sharp_rest,
        _after=sharp.after,
        _before=sharp.before * 10 ** (gain_db / 10),
    )


def _whole_db(windows: Balance, common: Balance) -> float:
    """Return the rest of all matching windows together at the common gain."""
    rest = windows.residual(common.gain_db, common.signs)[common.matching]
    return float(relative_db(rest.sum(), windows.after[common.matching].sum()))


def _top_db(windows: Balance, gain_db: float) -> Floats:
    """Return what one version alone has in the treble, in dB of each window."""
    rest, top = windows.top(gain_db)
    whole = windows.louder(gain_db) + top
    return np.where(active(whole), relative_db(rest, whole), LOWEST_DB)


def _whole_top_db(windows: Balance) -> float:
    rest, top = windows.top(windows.gain_db)
    whole = (windows.louder(windows.gain_db) + top)[windows.matching].sum()
    return float(relative_db(rest[windows.matching].sum(), whole))


def _limit(rests_db: Floats) -> float:
    """Return the rest in dB from which on a window differs.

    A lossy copy leaves a rest in every window, most in noise. An edit leaves most
    windows without one.
    """
    if not len(rests_db) or np.percentile(rests_db, BEST_PERCENTILE) < LOSSY_DB:
        return RESIDUAL_DB
    usual = float(np.percentile(rests_db, USUAL_PERCENTILE))
    return min(max(RESIDUAL_DB, usual + UNUSUAL_DB), MOST_DB)


def _level_change(windows: Balance, gain_db: float) -> Mask:
    found: Mask = np.abs(windows.delta_db(gain_db)) >= LEVEL_DB
    return found


def _trimmed(
    region: tuple[int, int], by_level: Mask, rest_db: Floats, *, limit: float
) -> tuple[int, int]:
    """Return a region without windows at its ends that only their neighbours moved.

    A window of 200 ms reaches into both its neighbours, whose difference leaves a
    rest in the window that is 14 dB weaker. A shorter difference keeps neighbours.
    """
    first, last = region
    least = max(limit, float(np.median(rest_db[first:last])) - NEIGHBOUR_DB)
    inside = np.flatnonzero(by_level[first:last] | (rest_db[first:last] > least))
    if not len(inside):
        return region
    begin, end = first + int(inside[0]), first + int(inside[-1]) + 1
    if end - begin < SHORTEST:
        middle = (begin + end - SHORTEST) // 2
        begin = max(first, min(middle, last - SHORTEST))
        end = min(last, begin + SHORTEST)
    return begin, end


def relative_db(part: Floats, whole: Floats) -> Floats:
    """Return a power in dB of another, at least that of nothing."""
    share = np.maximum(part, NOTHING) / np.maximum(whole, NOTHING)
    found: Floats = np.maximum(10 * np.log10(share), LOWEST_DB)
    return found
