"""Find by how much the newer version may be late: GCC-PHAT, refined below a frame.

C. Knapp, G. C. Carter, "The generalized correlation method for estimation of time
delay", 1976.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.compare.scratch import Pairing

FURTHEST_S = 30.0
LONGEST_FFT = 1 << 20  # 131 s at 8 kHz: the search takes 40 MB for any length
SHORTEST_FFT = 1 << 10
LOWEST_HZ, HIGHEST_HZ = 60, 3_600  # of the search
MOST = 3  # candidates beside the offset 0
LEAST_HEIGHT = 0.1  # of a candidate, as a part of the highest
APART_S = 0.02  # between two candidates
SILENT_POWER = 1e-8  # -80 dBFS
DEPTH = 1e-6  # weaker lines of a spectrum hold noise, and are not raised to the others

PLACES = 48  # of the refinement, spread over the whole pair
REACH_S = 0.0003  # around a candidate: two frames of the search
PLACE_FRAMES = 1 << 15
STEPS = 4  # of a frame, before the parabola
FINE_LOWEST_HZ, FINE_HIGHEST_HZ = 40, 12_000
FINEST_PART = 0.45  # of the sample rate
SAME_FRAMES = 0.02  # an offset below is none: the refinement is no better

Spectrum = NDArray[np.complex64]


class Candidate(NamedTuple):
    """Hold the seconds by which the newer version may be later, in all or in part.

    Parameters
    ----------
    height
        Of its peak in the search, 0 to 1.
    """

    offset_s: float
    height: float


def candidates(coarse: Pairing, full: Pairing) -> list[Candidate]:
    """Return the likeliest offsets of a pair, and 0, each exact to a part of a frame.

    Parameters
    ----------
    coarse
        At the sample rate of the search.
    full
        At the sample rate of the comparison.
    """
    heights = _correlation(coarse)
    middle, found = len(heights) // 2, list[Candidate]()
    for lag, height in _peaks(heights, round(APART_S * coarse.sample_rate)):
        offset_s = _refine(full, (lag - middle) / coarse.sample_rate)
        is_none = abs(offset_s) * full.sample_rate < SAME_FRAMES
        found.append(Candidate(0.0 if is_none else offset_s, height))
    if 0.0 not in [each.offset_s for each in found]:
        found.append(Candidate(0.0, 0.0))
    return found


def _correlation(pair: Pairing) -> NDArray[np.float64]:
    """Return how well both versions agree at each lag within reach.

    The magnitudes of the channels are averaged, so that an inverted channel does not
    cancel another.

    Returns
    -------
    NDArray
        Shape (2 * lags + 1,), 0 to 1; the lag 0 is in the middle.
    """
    longest = max(pair.before.frames, pair.after.frames)
    lags = min(round(FURTHEST_S * pair.sample_rate), longest)
    size = LONGEST_FFT
    while size > SHORTEST_FFT and size // 2 >= pair.before.frames + 2 * lags:
        size //= 2
    total = np.zeros(2 * lags + 1)
    for lane in pair.lanes:
        summed, weight = _summed_phases(pair, lane, lags=lags, size=size)
        if weight:
            waves = np.fft.irfft(summed)[: 2 * lags + 1]
            total += np.abs(waves) * (size / 2 / weight / len(pair.lanes))
    return total


def _summed_phases(
    pair: Pairing, lane: tuple[int, int], *, lags: int, size: int
) -> tuple[Spectrum, int]:
    """Sum the phases of the cross spectra of all blocks of one pair of channels."""
    lines = np.fft.rfftfreq(size, 1 / pair.sample_rate)
    inside = (lines >= LOWEST_HZ) & (lines <= HIGHEST_HZ)
    step, weight = size - 2 * lags, 0
    total: Spectrum = np.zeros(len(lines), np.complex64)
    for start in range(0, pair.before.frames, step):
        stop = min(start + step, pair.before.frames)
        older = pair.before.read(lane[0], start, stop)
        newer = pair.after.read(lane[1], start - lags, start - lags + size)
        silence = SILENT_POWER * len(older)
        if older @ older < silence or newer @ newer < silence:
            continue
        cross = np.conj(np.fft.rfft(older, size)) * np.fft.rfft(newer)
        cross[~inside] = 0
        size_of = np.abs(cross)
        cross /= np.maximum(size_of, size_of.max() * DEPTH or 1)
        total += cross * (len(older) / max(float(np.abs(cross).sum()), 1e-9))
        weight += len(older)
    return total, weight


def _peaks(heights: NDArray[np.float64], apart: int) -> list[tuple[int, float]]:
    """Return index and height of the highest peaks, the highest first."""
    left, found = heights.copy(), []
    for _ in range(MOST):
        index = int(left.argmax())
        height = float(left[index])
        if height <= LEAST_HEIGHT * heights.max(initial=0.0):
            break
        found.append((index, height))
        left[max(0, index - apart) : index + apart + 1] = 0
    return found


def _refine(pair: Pairing, offset_s: float) -> float:
    """Return an offset in seconds to a part of a frame, near a coarse offset."""
    rate = pair.sample_rate
    lag = round(offset_s * rate)
    first = max(0, -lag)
    common = min(pair.before.frames, pair.after.frames - lag) - first
    reach = round(REACH_S * rate)
    if common < SHORTEST_FFT:
        return offset_s
    frames = min(PLACE_FRAMES, 1 << (common.bit_length() - 1))
    starts = np.linspace(first, first + common - frames, PLACES).astype(int)
    total = np.zeros(2 * reach * STEPS + 1)
    for lane in pair.lanes:
        total += _fine_correlation(
            pair, lane, lag=lag, starts=np.unique(starts), frames=frames
        )
    best = int(total.argmax())
    step = best - reach * STEPS + _summit(total, best)
    return float((lag + step / STEPS) / rate)


def _fine_correlation(
    pair: Pairing,
    lane: tuple[int, int],
    *,
    lag: int,
    starts: NDArray[np.int64],
    frames: int,
) -> NDArray[np.float64]:
    """Return how well a pair of channels agrees within reach of a lag.

    Returns
    -------
    NDArray
        Shape (2 * reach * STEPS + 1,); the lag itself is in the middle.
    """
    window = np.hanning(frames).astype(np.float32)
    cross = np.zeros(frames // 2 + 1, np.complex128)
    for start in starts.tolist():
        older = pair.before.read(lane[0], start, start + frames)
        newer = pair.after.read(lane[1], start + lag, start + lag + frames)
        cross += np.conj(np.fft.rfft(older * window)) * np.fft.rfft(newer * window)
    lines = np.fft.rfftfreq(frames, 1 / pair.sample_rate)
    highest = min(FINE_HIGHEST_HZ, FINEST_PART * pair.sample_rate)
    cross[(lines < FINE_LOWEST_HZ) | (lines > highest)] = 0
    cross /= np.sqrt(np.maximum(np.abs(cross), 1e-12))
    waves = np.abs(np.fft.irfft(cross, frames * STEPS))
    reach = round(REACH_S * pair.sample_rate) * STEPS
    return np.concatenate((waves[-reach:], waves[: reach + 1]))


def _summit(heights: NDArray[np.float64], at: int) -> float:
    """Return where the parabola through a peak and its neighbours is highest."""
    if not 0 < at < len(heights) - 1:
        return 0.0
    left, middle, right = heights[at - 1 : at + 2].tolist()
    bend = left - 2 * middle + right
    return 0.5 * (left - right) / bend if bend else 0.0
