"""Find the passages that both versions hold, and what was inserted or removed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from waveflow.audio.compare.balance import Balance
from waveflow.audio.compare.paths import Path
from waveflow.audio.compare.windows import FLOOR, Mask

SLACK = 5  # windows by which passages may overlap: their ends blur
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
        """Return the number of windows."""
        return self.last - self.first


def find_passages(path: Path, balance: Balance, *, hop_s: float) -> list[Passage]:
    """Return the passages that both versions hold, rising in both."""
    found: list[Passage] = []
    silent = (balance.after <= FLOOR) & (balance.before <= FLOOR)
    for offset_s, first, last in path.runs():
        inside = np.flatnonzero(balance.matching[first:last]) + first
        if not len(inside):
            continue
        start = _extended(silent, int(inside[0]), stop=first, step=-1)
        end = _extended(silent, int(inside[-1]), stop=last - 1, step=1) + 1
        if found and found[-1].offset_s == offset_s:
            start = found.pop().first
        found.append(Passage(start, end, offset_s / hop_s, offset_s))
    return _rising(found)


def _extended(silent: Mask, at: int, *, stop: int, step: int) -> int:
    """Return the furthest window that only silence lies between, up to `stop`."""
    while at != stop and silent[at + step]:
        at += step
    return at


def _rising(passages: Sequence[Passage]) -> list[Passage]:
    """Return the longest passages in all that rise in the older version, too."""
    best: list[tuple[int, list[Passage]]] = []
    for each in passages:
        before = each.first - each.offset
        chains = [
            (length, chain)
            for length, chain in best
            if chain[-1].last - chain[-1].offset <= before + SLACK
        ]
        length, chain = max(chains, key=lambda found: found[0], default=(0, []))
        best.append((length + each.length, [*chain, each]))
    return max(best, key=lambda found: found[0], default=(0, []))[1]


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
