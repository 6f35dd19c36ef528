"""Limit the true peak of a mix by a gain curve that begins before each peak.

The curve has one gain for each chunk, the same for all channels. A gain is held down
from 5 ms before a peak, so that the curve's slopes lie around the peaks and no sample
exceeds the ceiling.
"""

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.mix.chunk_levels import ChunkLevels

LOOK_AHEAD_S = 0.005
# From one peak to the next of a tone of 40 Hz: its gain does not move in between.
HOLD_S = 0.0125

Floats = NDArray[np.float32]


class Limiter:
    """Multiply blocks of a sum by a gain, and keep them below a ceiling.

    Parameters
    ----------
    gain_db, ceiling_db
        In dB; a ceiling of 0 is full scale.
    """

    def __init__(
        self, levels: ChunkLevels, *, gain_db: float, ceiling_db: float
    ) -> None:
        self.lowest = 1.0  # the limiter's smallest gain so far
        self._levels, self._chunk = levels, levels.chunk
        self._gain = np.float32(10 ** (gain_db / 20))
        self._ceiling = np.float32(10 ** (ceiling_db / 20))
        chunks = levels.sample_rate / levels.chunk
        self._slope = max(1, round(LOOK_AHEAD_S * chunks / 2))
        self._hold = max(self._slope, round(HOLD_S * chunks) - self._slope)

    def curve(self, first: int, stop: int) -> Floats:
        """Return the limiter's gain at the middle of each chunk, 0 to 1."""
        slope, hold = self._slope, self._hold
        levels = self._levels.read(first - slope - hold + 1, stop + 2 * slope - 1)
        peaks = levels[:, 0] * self._gain
        if not peaks.max(initial=0) > self._ceiling:
            return np.ones(stop - first, np.float32)
        needed = self._ceiling / np.maximum(peaks, self._ceiling)
        held = _lowest(needed, hold + slope + 1)
        return _mean(_mean(held, slope), slope)

    def apply(self, block: Floats, at: int) -> None:
        """Multiply a block by the gain and the curve, in place.

        Parameters
        ----------
        block
            Shape (frames, channels).
        at
            The block's first frame, a multiple of a chunk.
        """
        block *= self._gain
        first = at // self._chunk
        curve = self.curve(first - 1, first + -(-len(block) // self._chunk) + 1)
        if curve.min() == 1:
            return
        self.lowest = min(self.lowest, float(curve.min()))
        ramp = (
            np.arange(self._chunk, dtype=np.float32) + np.float32(0.5)
        ) / self._chunk
        slopes = np.multiply.outer(np.diff(curve), ramp) + curve[:-1, np.newaxis]
        gains = slopes.reshape(-1)[self._chunk // 2 :][: len(block)]
        for channel in block.T:
            np.multiply(channel, gains, out=channel)


def _lowest(values: Floats, width: int) -> Floats:
    """Return the smallest of every `width` successive values."""
    done = 1
    while done < width:
        step = min(done, width - done)
        values = np.minimum(values[:-step], values[step:])
        done += step
    return values


def _mean(values: Floats, width: int) -> Floats:
    """Return the mean of every `width` values, added in the same order everywhere."""
    count = len(values) - width + 1
    total = values[:count].copy()
    for shift in range(1, width):
        total += values[shift : shift + count]
    total /= np.float32(width)
    return total
