"""Choose an offset for every window, and find the passages that both versions hold."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.compare.scratch import Pairing
from waveflow.audio.compare.windows import (
    FLOOR,
    Energies,
    Floats,
    active,
    agreements,
    count_of,
    measure,
)

CHANGE_COST = 12.0  # of another offset: 1.2 s of windows without any rest
PREFERENCE = 0.05  # of the offset with the highest peak, where several agree as well
LEAST_REST = 1e-4  # of a window's energy: less is no evidence of a better offset


@dataclass(frozen=True, slots=True)
class Path:
    """Hold the offset that was chosen for every window of the newer version.

    Parameters
    ----------
    offsets_s
        Of the candidates, in seconds.
    chosen
        Shape (windows,): indices of `offsets_s`.
    """

    offsets_s: Sequence[float]
    chosen: NDArray[np.int64]

    @classmethod
    def of(
        cls, pair: Pairing, offsets_s: Sequence[float], heights: Sequence[float]
    ) -> "Path":
        """Choose for each window the offset that agrees best, with few changes."""
        windows = count_of(pair.after)
        if len(offsets_s) == 1:
            return cls(offsets_s, np.zeros(windows, np.int64))
        agreement, power, own = agreements(pair, offsets_s)
        evidence = _evidence(agreement, own)
        evidence[int(np.argmax(heights))] += PREFERENCE
        evidence[power.sum(axis=2) <= FLOOR] = 0
        evidence[:, ~active(own.sum(axis=1))] = 0
        return cls(offsets_s, _best_path(evidence))

    def runs(self) -> list[tuple[float, int, int]]:
        """Return each run of one offset: the offset, its first and last window + 1."""
        changes = np.flatnonzero(np.diff(self.chosen)) + 1
        edges = [0, *changes.tolist(), len(self.chosen)]
        return [
            (self.offsets_s[self.chosen[first]], first, last)
            for first, last in itertools.pairwise(edges)
            if first < last
        ]

    def of_windows(self, windows: int) -> "Path":
        """Return the path of a version with so many windows, as rates round them."""
        last = max(0, len(self.chosen) - 1)
        found = np.minimum(np.arange(windows), last)
        if not len(self.chosen):
            return Path(self.offsets_s, np.zeros(windows, np.int64))
        return Path(self.offsets_s, self.chosen[found])

    def measure(self, pair: Pairing) -> Energies:
        """Measure the energies of all windows of a pair, each at the chosen offset."""
        parts = [
            measure(pair, offset_s, first=first, last=last)
            for offset_s, first, last in self.runs()
        ]
        return Energies(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _evidence(agreement: Floats, power: Floats) -> Floats:
    """Return how sure each window makes an offset, 0 to 1, shape (offsets, windows).

    A stem that was inverted or moved makes wrong offsets agree by half; bands and
    windows without that stem agree by all at the true offset alone, and count most.

    Parameters
    ----------
    agreement
        Shape (offsets, windows, bands).
    power
        Shape (windows, bands): weighs the bands.
    """
    rest = np.maximum(1 - agreement, LEAST_REST)
    shares = power / np.maximum(power.sum(axis=1, keepdims=True), LEAST_REST * FLOOR)
    found: Floats = (np.log(rest) / np.log(LEAST_REST) * shares).sum(axis=2)
    return found


def _best_path(evidence: Floats) -> NDArray[np.int64]:
    """Return the path of most evidence, where each change of the offset costs.

    Parameters
    ----------
    evidence
        Shape (offsets, windows).
    """
    offsets, windows = evidence.shape
    score, stays = np.zeros(offsets), np.arange(offsets)
    origin = np.zeros((windows, offsets), np.int8)
    for window in range(windows):
        best = int(score.argmax())
        is_kept = score >= score[best] - CHANGE_COST
        origin[window] = np.where(is_kept, stays, best)
        score = np.where(is_kept, score, score[best] - CHANGE_COST)
        score += evidence[:, window]
    path = np.zeros(windows, np.int64)
    path[-1] = score.argmax()
    for window in range(windows - 1, 0, -1):
        path[window - 1] = origin[window, path[window]]
    return path
