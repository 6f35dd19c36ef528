"""Find the passages that both versions hold, and what was inserted or removed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from waveflow.audio.compare.balance import Balance
from waveflow.audio.compare.paths import Path
from waveflow.audio.compare.windows import FLOOR, Mask

APART = 10  # windows without a match part two pieces, which may be chosen alone
GAP = 2  # windows without sound inside a passage that is in no match
SHORTEST = 5  # windows of an inserted or removed passage


@dataclass(frozen=True, slots=True)
class Passage:
    """Hold a passage of the newer version, in windows, and its offset in windows."""

    first: int
    last: int  # the window behind the passage
    offset: float
    offset_s: float

    @property
    def length(self) -> int:
        """Return the number of windows in the passage."""
        return self.last - self.first


def find_passages(path: Path, balance: Balance, *, hop_s: float) -> list[Passage]:
    """Return the passages that both versions hold, in order of time in each version."""
    pieces = [
        Passage(first + start, first + end, offset_s / hop_s, offset_s)
        for offset_s, first, last in path.runs()
        for start, end in joined(balance.matching[first:last], gap=APART, shortest=1)
    ]
    silent = (balance.after <= FLOOR) & (balance.before <= FLOOR)
    return [_extended(each, silent) for each in _united(_rising(pieces))]


def _rising(pieces: Sequence[Passage]) -> list[Passage]:
    """Return the pieces that rise in the older version too, the longest in all.

    Two pieces may overlap in the older version, as bars that were repeated do; the
    earlier piece ends where the later piece starts.
    """
    starts = np.array([each.first - each.offset for each in pieces])
    ends = np.array([each.last - each.offset for each in pieces])
    lengths = np.zeros(len(pieces))
    origins = np.full(len(pieces), -1)
    for index, each in enumerate(pieces):
        lengths[index] = each.length
        rises = (starts[:index] < starts[index]) & (ends[:index] < ends[index])
        fits = np.flatnonzero(rises)
        if len(fits):
            overlaps = np.maximum(ends[fits] - starts[index], 0)
            sums = lengths[fits] + each.length - overlaps
            best = int(sums.argmax())
            if sums[best] > each.length:
                origins[index], lengths[index] = fits[best], sums[best]
    chain: list[Passage] = []
    at = int(lengths.argmax()) if pieces else -1
    while at >= 0:
        chain.append(_cut_before(pieces[at], chain[-1:]))
        at = int(origins[at])
    return chain[::-1]


def _cut_before(piece: Passage, later: Sequence[Passage]) -> Passage:
    """Return a piece that ends in the older version where a later piece starts."""
    ends = [int(each.first - each.offset + piece.offset) for each in later]
    return replace(piece, last=min([piece.last, *ends]))


def _united(pieces: Sequence[Passage]) -> list[Passage]:
    """Join neighbours of one offset: what lies between was changed, not moved."""
    found: list[Passage] = []
    for each in pieces:
        if found and found[-1].offset_s == each.offset_s:
            found[-1] = replace(found[-1], last=each.last)
        else:
            found.append(each)
    return found


def _extended(passage: Passage, silent: Mask) -> Passage:
    """Return a passage with the silence of both versions around it."""
    sounds = np.flatnonzero(~silent)
    before = sounds[sounds < passage.first]
    behind = sounds[sounds >= passage.last]
    first = int(before[-1]) + 1 if len(before) else 0
    last = int(behind[0]) if len(behind) else len(silent)
    return replace(passage, first=first, last=last)


def is_left_out(active: Mask, passages: Sequence[Passage], *, is_before: bool) -> bool:
    """Tell whether a version has a passage with sound that is in no match."""
    left = active.copy()
    for each in passages:
        moved = each.offset if is_before else 0.0
        first, last = each.first - moved, each.last - moved
        left[max(0, int(first)) : max(0, int(np.ceil(last)) + 1)] = False
    return bool(joined(left, gap=GAP, shortest=SHORTEST))


def joined(mask: Mask, *, gap: int, shortest: int) -> list[tuple[int, int]]:
    """Return the runs of a mask, joined over short gaps, without the short ones.

    Returns
    -------
    list
        First window and the window behind the last, of runs that hold at least
        `shortest` windows of the mask.
    """
    found: list[list[int]] = []
    for window in np.flatnonzero(mask).tolist():
        if found and window - found[-1][1] <= gap:
            found[-1][1] = window + 1
        else:
            found.append([window, window + 1])
    return [(a, b) for a, b in found if mask[a:b].sum() >= shortest]
