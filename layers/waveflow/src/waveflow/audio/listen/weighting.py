"""Weight samples as ears do (ITU-R BS.1770-4, K-weighting), block by block.

Both filters are recursive, which NumPy is not. Their matrix form gives the same
output: each run of samples adds one product with a Toeplitz matrix, and the past
adds one product with the filters' four states.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RUN = 64  # frames per product; the cheapest of 32, 64, 128 and 256
GROUP = 32  # runs whose states are found by one product
STATES = 4  # two for each of the two filters

# BS.1770-4 lists coefficients for 48 kHz alone; these are the analogue filters
# that give exactly those, so that every rate gets its own.
SHELF_HZ, SHELF_DB, SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
SHELF_BAND = 0.4996667741545416  # exponent of the gain at the shelf's middle
HIGHPASS_HZ, HIGHPASS_Q = 38.13547087602444, 0.5003270373238773

Floats = NDArray[np.float64]


class Biquad(NamedTuple):
    """Hold the coefficients of one second-order filter.

    y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2]
    """

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float


def k_weighting(sample_rate: int) -> tuple[Biquad, Biquad]:
    """Design the two filters of BS.1770-4 for a sample rate: shelf, then high-pass."""
    k = np.tan(np.pi * SHELF_HZ / sample_rate)
    high = 10 ** (SHELF_DB / 20)
    middle = high**SHELF_BAND
    a0 = 1 + k / SHELF_Q + k * k
    shelf = Biquad(
        (high + middle * k / SHELF_Q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - middle * k / SHELF_Q + k * k) / a0,
        2 * (k * k - 1) / a0,
        (1 - k / SHELF_Q + k * k) / a0,
    )
    k = np.tan(np.pi * HIGHPASS_HZ / sample_rate)
    a0 = 1 + k / HIGHPASS_Q + k * k
    highpass = Biquad(
        1.0, -2.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / HIGHPASS_Q + k * k) / a0
    )
    return shelf, highpass


def run_filters(filters: tuple[Biquad, ...], x: Floats, states: Floats) -> Floats:
    """Filter audio sample by sample: slow, and the reference of the matrix form.

    Parameters
    ----------
    filters
        Run in their order.
    x
        Shape (rows, frames).
    states
        Shape (rows, 2 * filters); changed to those after the last frame.

    Returns
    -------
    NDArray
        Of the shape of `x`.
    """
    out = np.empty_like(x)
    for n in range(x.shape[1]):
        sample = x[:, n]
        for i, f in enumerate(filters):
            first, second = states[:, 2 * i], states[:, 2 * i + 1]
            y = f.b0 * sample + first
            states[:, 2 * i] = f.b1 * sample - f.a1 * y + second
            states[:, 2 * i + 1] = f.b2 * sample - f.a2 * y
            sample = y
        out[:, n] = sample
    return out


class KWeighting:
    """Apply the two K-weighting filters to a stream of several channels."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        filters = k_weighting(sample_rate)
        of_input, self._input_to_state = _responses(filters, np.eye(RUN))
        of_state, step = _responses(filters, np.zeros((STATES, RUN)), np.eye(STATES))
        self._to_output = np.concatenate((of_input, of_state))
        self._spread, self._steps = _powers(step)
        self._state = np.zeros((channels, STATES))

    def filter(self, x: NDArray[np.floating]) -> Floats:
        """Apply the K-weighting filters to the next samples.

        Parameters
        ----------
        x
            Shape (channels, frames), frames a multiple of RUN.

        Returns
        -------
        NDArray
            Of the same shape.
        """
        runs = x.reshape(len(x), -1, RUN)
        joined = np.empty((*runs.shape[:2], RUN + STATES))  # each run and its past
        joined[:, :, :RUN] = runs
        added = joined[:, :, :RUN] @ self._input_to_state
        joined[:, :, RUN:] = self._states_before(added)
        out: Floats = joined @ self._to_output
        return out.reshape(x.shape)

    def _states_before(self, added: Floats) -> Floats:
        """Return the filters' state before each run of samples."""
        channels, count, _ = added.shape
        groups = -(-count // GROUP)
        padded = np.zeros((channels, groups * GROUP, STATES))
        padded[:, :count] = added
        within = padded.reshape(channels, groups, GROUP * STATES) @ self._spread
        starts = np.empty((channels, groups, STATES))
        state = self._state
        for group in range(groups):
            starts[:, group] = state
            state = state @ self._steps[:, -STATES:] + within[:, group, -STATES:]
        after = (within + starts @ self._steps).reshape(channels, -1, STATES)
        before = np.concatenate((self._state[:, None], after), axis=1)[:, :count]
        self._state = after[:, count - 1]
        return before


def _responses(
    filters: tuple[Biquad, ...], x: Floats, states: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return the filters' output and their states after one run of samples."""
    after = np.zeros((len(x), STATES)) if states is None else states.copy()
    return run_filters(filters, x, after), after


def _powers(step: Floats) -> tuple[Floats, Floats]:
    """Return two matrices that carry the filters' states through a group of runs."""
    powers = [np.eye(STATES)]
    for _ in range(GROUP):
        powers.append(powers[-1] @ step)
    spread = np.zeros((GROUP, STATES, GROUP, STATES))
    for source in range(GROUP):
        for target in range(source, GROUP):
            spread[source, :, target] = powers[target - source]
    return spread.reshape(GROUP * STATES, -1), np.concatenate(powers[1:], axis=1)
