"""Measure loudness while blocks pass by (ITU-R BS.1770-4, EBU Tech 3341, 3342)."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.listen import weighting
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.true_peak import TruePeak
from waveflow.audio.stream import Block

HOPS_PER_SECOND = 10
MOMENTARY_HOPS = 4  # 400 ms, each overlapping the last by 75 %
SHORT_TERM_HOPS = 30  # 3 s
OFFSET = -0.691  # makes a 997 Hz sine of 0 dBFS in one channel -3.01 LUFS
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU, for the integrated loudness
RANGE_GATE = -20.0  # LU, for the loudness range
RANGE_LOW, RANGE_HIGH = 0.10, 0.95
MIN_RANGE_BLOCKS = 5  # below, a tenth of the blocks is not even one of them

SURROUND = 1.41  # about +1.5 dB for what comes from the side or behind
# Weights by number of channels, in the order of WAVE files; more than eight
# channels weigh alike.
WEIGHTS: dict[int, tuple[float, ...]] = {
    4: (1, 1, SURROUND, SURROUND),
    5: (1, 1, 1, SURROUND, SURROUND),
    6: (1, 1, 1, 0, SURROUND, SURROUND),
    7: (1, 1, 1, 0, SURROUND, SURROUND, SURROUND),
    8: (1, 1, 1, 0, SURROUND, SURROUND, SURROUND, SURROUND),
}


class LoudnessMeter:
    """Measure the loudness and true peak of decoded audio, block by block."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._hop = sample_rate // HOPS_PER_SECOND
        self._weights = np.array(WEIGHTS.get(channels, (1,) * channels), np.float64)
        self._filter = weighting.KWeighting(sample_rate, channels)
        self._peak = TruePeak(sample_rate, channels)
        self._unfiltered: NDArray[np.float32] = np.zeros((channels, 0), np.float32)
        self._unsummed: NDArray[np.float64] = np.zeros(0)
        self._sums: list[NDArray[np.float64]] = []

    def add(self, block: Block) -> None:
        """Add the next block of decoded samples to the loudness measurement."""
        x = block.planar
        self._peak.add(x)
        joined: NDArray[np.float32] = np.concatenate((self._unfiltered, x), axis=1)
        whole = joined.shape[1] // weighting.RUN * weighting.RUN
        self._unfiltered = joined[:, whole:]
        if whole:
            self._sum(self._filter.filter(joined[:, :whole]))

    def _sum(self, weighted: NDArray[np.float64]) -> None:
        """Sum the weighted squares of every whole 100 ms, over all channels."""
        np.square(weighted, out=weighted)
        squares = np.concatenate((self._unsummed, self._weights @ weighted))
        whole = len(squares) // self._hop * self._hop
        self._sums.append(squares[:whole].reshape(-1, self._hop).sum(axis=1))
        self._unsummed = squares[whole:]

    def finish(self) -> Loudness:
        """Return the loudness levels of the whole stream, rounded to 0.01."""
        rest = self._unfiltered.shape[1]
        if rest:
            padded = np.zeros((len(self._unfiltered), weighting.RUN))
            padded[:, :rest] = self._unfiltered
            self._sum(self._filter.filter(padded)[:, :rest])
        hops = np.concatenate([np.zeros(0), *self._sums]) / self._hop
        momentary = _windows(hops, MOMENTARY_HOPS)
        short_term = _windows(hops, SHORT_TERM_HOPS)
        integrated = gated_loudness(momentary)
        return Loudness(
            integrated=_round_level(integrated),
            range=_round_level(loudness_range(short_term)),
            momentary_max=_max_lufs(momentary),
            short_term_max=_max_lufs(short_term),
            true_peak=_decibels(20, self._peak.level),
            reason=_reason(integrated, momentary),
        )


def _reason(
    integrated: float | None, momentary: NDArray[np.float64]
) -> Literal["SILENT", "TOO_SHORT"] | None:
    if integrated is not None:
        return None
    return "SILENT" if len(momentary) else "TOO_SHORT"


def gated_loudness(powers: NDArray[np.float64]) -> float | None:
    """Return the loudness of all blocks that pass both gates of BS.1770-4.

    Parameters
    ----------
    powers
        Shape (blocks,): mean squares of overlapping blocks of 400 ms.

    Returns
    -------
    float or None
        In LUFS; None where no block passes.
    """
    gate = _gate(powers, RELATIVE_GATE)
    return None if gate is None else _lufs(float(powers[powers > gate].mean()))


def loudness_range(powers: NDArray[np.float64]) -> float | None:
    """Measure the loudness range between quiet and loud passages (EBU Tech 3342).

    Parameters
    ----------
    powers
        Shape (blocks,): mean squares of overlapping blocks of 3 s.

    Returns
    -------
    float or None
        In LU, at least 0; None where fewer than five blocks pass the gates.
    """
    gate = _gate(powers, RANGE_GATE)
    if gate is None:
        return None
    kept = np.sort(powers[powers > gate])
    if len(kept) < MIN_RANGE_BLOCKS:
        return None
    # FFmpeg's ranks; EBU's example differs from them by one at most.
    low, high = (int(part * len(kept) + 0.5) - 1 for part in (RANGE_LOW, RANGE_HIGH))
    return _lufs(float(kept[high])) - _lufs(float(kept[low]))


def _gate(powers: NDArray[np.float64], relative: float) -> float | None:
    """Return the power of BS.1770-4's gates; quieter blocks are left out."""
    heard = powers[powers > 10 ** ((ABSOLUTE_GATE - OFFSET) / 10)]
    if not len(heard):
        return None
    absolute = float(10 ** ((ABSOLUTE_GATE - OFFSET) / 10))
    return max(absolute, float(heard.mean()) * 10 ** (relative / 10))


def _windows(hops: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Average every `length` successive powers, as a sliding window."""
    if len(hops) < length:
        return np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(hops, length)
    means: NDArray[np.float64] = windows.mean(axis=1)
    return means


def _lufs(power: float) -> float:
    return OFFSET + 10 * float(np.log10(power))


def _max_lufs(powers: NDArray[np.float64]) -> float | None:
    level = float(powers.max(initial=0.0))
    return _round_level(_lufs(level)) if level > 0 else None


def _decibels(per_decade: float, value: float) -> float | None:
    return _round_level(per_decade * float(np.log10(value))) if value > 0 else None


def _round_level(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
