"""Measure the true peak, also between the samples (ITU-R BS.1770-4, annex 2).

Only runs of samples that could hold a new maximum are interpolated: the
interpolator's coefficients bound what it can make of its input, so that the
result is the one of interpolating everything.
"""

import numpy as np
from numpy.typing import NDArray

ENOUGH_HZ = 192_000  # at this rate the samples themselves are dense enough
FACTOR = 4  # points per sample below that rate, as BS.1770-4 says
REACH = 16  # samples on each side; 32 coefficients with a Kaiser window
KAISER_BETA = 9.0
RUN = 2 * REACH  # samples whose gaps are filled by one product

Floats = NDArray[np.float32]


def interpolator(factor: int = FACTOR) -> Floats:
    """Return the matrix that interpolates between the samples of one run.

    Returns
    -------
    NDArray
        Shape (2 * RUN, RUN * (factor - 1)): row i takes sample i of a window,
        columns are the points between the samples REACH - 1 … REACH + RUN - 1.
    """
    table = np.zeros((2 * RUN, RUN, factor - 1))
    offsets = np.arange(1 - REACH, REACH + 1)
    for phase in range(1, factor):
        away = offsets - phase / factor
        taper = np.i0(KAISER_BETA * np.sqrt(1 - (away / REACH) ** 2))
        taps = np.sinc(away) * taper
        taps /= taps.sum()
        for sample in range(RUN):
            table[sample : sample + RUN, sample, phase - 1] = taps
    return table.reshape(2 * RUN, -1).astype(np.float32)


class TruePeak:
    """Measure the true peak of the signal that the samples stand for.

    The step at the end of the file is not counted; FFmpeg does not count it either.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.level = 0.0  # linear, so far; 1.0 is full scale
        self._dense = sample_rate >= ENOUGH_HZ
        self._table = interpolator()
        self._gain = float(np.abs(self._table).sum(axis=0).max())
        self._rest: Floats = np.zeros((channels, REACH), np.float32)

    def add(self, x: Floats) -> None:
        """Add the next samples to the measurement of the true peak.

        Parameters
        ----------
        x
            Shape (channels, frames), in units of full scale.
        """
        if not x.size:
            return
        self.level = max(self.level, float(x.max()), -float(x.min()))
        if self._dense:
            return
        joined = np.concatenate((self._rest, x), axis=1)
        runs = joined.shape[1] // RUN
        if runs > 1:
            self._look_between(joined[:, : runs * RUN])
        self._rest = joined[:, max(0, runs - 1) * RUN :]

    def _look_between(self, x: Floats) -> None:
        """Search the true peak between the samples of all runs but the outermost."""
        runs, loudest = x.reshape(len(x), -1, RUN), _magnitudes(x)
        nearby = np.maximum(loudest[:, :-1], loudest[:, 1:])
        is_hopeful = nearby * self._gain > self.level
        halves = runs[:, :-1][is_hopeful], runs[:, 1:][is_hopeful]
        if len(halves[0]):
            points = np.concatenate(halves, axis=1) @ self._table
            self.level = max(self.level, float(points.max()), -float(points.min()))


def _magnitudes(x: Floats) -> Floats:
    """Return the largest magnitude of each run, shape (channels, runs)."""
    found = np.abs(x)
    while found.shape[1] * RUN > x.shape[1]:  # long halves are faster than short runs
        found = np.maximum(found[:, ::2], found[:, 1::2])
    return found
