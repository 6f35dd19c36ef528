"""Measure both versions in windows of 100 ms: energies by band, and what they share."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.compare.scratch import Channels, Pairing

WINDOWS_PER_SECOND = 10
EDGES_HZ = (20, 250, 2_000, 6_000, 14_000)  # between the bands
BANDS = len(EDGES_HZ) - 1
HEARD_BANDS = 3  # decide about matches and regions: lossy codecs cut what is above
HIGHEST_PART = 0.45  # of the sample rate: resampling leaves this part as it was
FLOOR = 1e-7  # power of -70 dBFS
CHUNK = 256  # windows at once: 7 MB of samples

ACTIVE_DB = 50.0  # below its loudest window, a version is not heard beside the rest

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Spectra = NDArray[np.complex64]


class Energies(NamedTuple):
    """Hold energies of each window; mean squares, 1.0 is a square wave at full scale.

    Parameters
    ----------
    after, before
        Shape (windows, channels, bands).
    cross
        Of the same shape: the products of both versions, negative where inverted.
    """

    after: Floats
    before: Floats
    cross: Floats

    def heard(self, bands: int) -> "Energies":
        """Return energies summed over the lower bands, shape (windows, channels)."""
        return Energies(*(each[..., :bands].sum(axis=2) for each in self))

    def averaged(self, count: int) -> "Energies":
        """Return the running means of so many windows."""
        return Energies(*(_running_mean(each, count) for each in self))


def decibels(power: Floats) -> Floats:
    """Return powers in dB of full scale, at least the floor."""
    levels_db: Floats = 10 * np.log10(np.maximum(power, FLOOR))
    return levels_db


def active(power: Floats) -> Mask:
    """Tell which windows of a version are heard, shape (windows,)."""
    loudest = float(power.max(initial=0.0))
    return power > max(loudest * 10 ** (-ACTIVE_DB / 10), FLOOR)


def hop_of(sample_rate: int) -> int:
    """Return the frames from one window to the next."""
    return round(sample_rate / WINDOWS_PER_SECOND)


def hop_s_of(sample_rate: int) -> float:
    """Return the seconds from one window to the next, 0.1 but for the rounding."""
    return hop_of(sample_rate) / sample_rate


def count_of(channels: Channels) -> int:
    """Return the number of windows that hold all frames of a version."""
    return -(-channels.frames // hop_of(channels.sample_rate))


def measure(pair: Pairing, offset_s: float, *, first: int, last: int) -> Energies:
    """Measure windows of the newer version against the older one at an offset.

    Parameters
    ----------
    first, last
        Windows of the newer version, without the last.
    """
    shape = (last - first, len(pair.lanes), BANDS)
    found = Energies(np.zeros(shape), np.zeros(shape), np.zeros(shape))
    for start in range(first, last, CHUNK):
        count = min(CHUNK, last - start)
        where = slice(start - first, start - first + count)
        for lane, (older, newer) in enumerate(pair.lanes):
            a = spectra(pair.after, newer, start, count=count)
            b = spectra(pair.before, older, start, count=count, offset_s=offset_s)
            for each, one, other in zip(found, (a, b, a), (a, b, b), strict=True):
                each[where, lane] = _by_band(one, other, pair.sample_rate)
    return found


def levels(channels: Channels, *, bands: int) -> Floats:
    """Return the power of each window of a version in the lower bands.

    Returns
    -------
    NDArray
        Shape (windows,), summed over channels.
    """
    windows = count_of(channels)
    total = np.zeros(windows)
    for start in range(0, windows, CHUNK):
        count = min(CHUNK, windows - start)
        for channel in range(channels.count):
            found = spectra(channels, channel, start, count=count)
            power = _by_band(found, found, channels.sample_rate)
            total[start : start + count] += power[:, :bands].sum(axis=1)
    return total


def agreements(
    pair: Pairing, offsets_s: Sequence[float]
) -> tuple[Floats, Floats, Floats]:
    """Measure how well every window of the newer version agrees at each offset.

    Returns
    -------
    tuple
        Of the heard bands: the correlation, 0 to 1, and the power of the older version,
        shape (offsets, windows, bands) each; the power of the newer version, shape
        (windows, bands).
    """
    windows = count_of(pair.after)
    shape = (len(offsets_s), windows, HEARD_BANDS)
    shared, power, own = np.zeros(shape), np.zeros(shape), np.zeros(shape[1:])
    for start in range(0, windows, CHUNK):
        count = min(CHUNK, windows - start)
        where = slice(start, start + count)
        for older, newer in pair.lanes:
            a = spectra(pair.after, newer, start, count=count)
            own[where] += _heard(a, a, pair.sample_rate)
            for row, offset_s in enumerate(offsets_s):
                b = spectra(pair.before, older, start, count=count, offset_s=offset_s)
                shared[row, where] += np.abs(_heard(a, b, pair.sample_rate))
                power[row, where] += _heard(b, b, pair.sample_rate)
    return correlation(shared, own, power), power, own


def correlation(shared: Floats, one: Floats, other: Floats) -> Floats:
    """Return the share of two energies that both versions have, 0 to 1."""
    both: Floats = shared / np.sqrt(np.maximum(one * other, 1e-30))
    return both


def spectra(
    channels: Channels, channel: int, first: int, *, count: int, offset_s: float = 0.0
) -> Spectra:
    """Return the spectra of windows of 200 ms, moved by an offset.

    Parameters
    ----------
    first
        The first window; each is centred on its 100 ms.
    offset_s
        By which the channel is moved to later times, to a part of a frame.

    Returns
    -------
    NDArray
        Shape (count, lines), so that energies of lines sum to a mean square.
    """
    rate = channels.sample_rate
    hop = hop_of(rate)
    whole = int(np.floor(offset_s * rate))
    part = offset_s * rate - whole
    start = first * hop - hop // 2 - whole
    samples = channels.read(channel, start, start + (count + 1) * hop)
    window = _window(2 * hop)
    views = np.lib.stride_tricks.sliding_window_view(samples, 2 * hop)[::hop]
    found: Spectra = np.fft.rfft(views * window).astype(np.complex64, copy=False)
    if part:
        lines = np.arange(found.shape[1])
        found *= np.exp(-2j * np.pi * lines / (2 * hop) * part).astype(np.complex64)
    return found


def _window(frames: int) -> NDArray[np.float32]:
    """Return Hann's window, scaled to keep the mean square of what it weighs."""
    window = np.hanning(frames + 1)[:-1]
    scale = float(np.sqrt(2 / (frames * (window**2).sum())))
    return np.asarray(window * scale, np.float32)


def _heard(one: Spectra, other: Spectra, sample_rate: int) -> Floats:
    """Return the products of two spectra in the heard bands, shape (windows, bands)."""
    return _by_band(one, other, sample_rate)[:, :HEARD_BANDS]


def _by_band(one: Spectra, other: Spectra, sample_rate: int) -> Floats:
    """Return the products of two spectra by band, shape (windows, bands)."""
    bands = _slices(one.shape[1], sample_rate)
    return np.stack([_product(one, other, band) for band in bands], axis=1)


def _slices(lines: int, sample_rate: int) -> Iterator[slice]:
    """Yield the lines of each band; a band above the sample rate is empty."""
    hz = np.fft.rfftfreq(2 * (lines - 1), 1 / sample_rate)
    highest = HIGHEST_PART * sample_rate
    edges = [int(np.searchsorted(hz, min(edge, highest))) for edge in EDGES_HZ]
    for start, stop in itertools.pairwise(edges):
        yield slice(start, stop)


def _product(one: Spectra, other: Spectra, lines: slice) -> Floats:
    """Sum the real products of lines in float64, as differences of sums are small."""
    a, b = (each[:, lines].view(np.float32).astype(np.float64) for each in (one, other))
    found: Floats = np.einsum("ij,ij->i", a, b)
    return found


def _running_mean(values: Floats, count: int) -> Floats:
    """Average each value with its neighbours along the first axis; ends are padded."""
    reach = count // 2
    padded = np.pad(values, ((reach, reach), *((0, 0),) * (values.ndim - 1)))
    total = sum(padded[shift : shift + len(values)] for shift in range(count))
    return np.asarray(total / count)
