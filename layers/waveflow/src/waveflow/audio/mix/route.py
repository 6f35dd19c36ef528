"""Convert a stem's channels to the channels of the mix, as Web Audio does."""

from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.kernels import STEREO, mono
from waveflow.audio.mix.settings import StemSettings
from waveflow.audio.stream import FULL_SCALE, Samples

Floats = NDArray[np.float32]
# Gains from the stem's left and right (rows) to the mix's left and right (columns).
Matrix = tuple[tuple[float, float], tuple[float, float]]


def gain_of(settings: StemSettings) -> float:
    """Return a stem's gain as a factor, negative where the polarity is inverted."""
    gain: float = 10 ** (settings.gain_db / 20)
    return -gain if settings.invert else gain


def mono_gains(pan: float | None) -> tuple[float, float]:
    """Return the gains to left and right of a mono stem.

    See `StereoPannerNode` in the Web Audio API, "StereoPanner algorithm".
    """
    if pan is None:
        return 1.0, 1.0
    angle = (pan + 1) / 2 * pi / 2
    return cos(angle), sin(angle)


def stereo_gains(pan: float | None) -> Matrix:
    """Return the gains of a stereo stem: the far channel moves to the near side."""
    if not pan:
        return (1.0, 0.0), (0.0, 1.0)
    angle = (pan + 1 if pan < 0 else pan) * pi / 2
    if pan < 0:
        return (1.0, 0.0), (cos(angle), sin(angle))
    return (cos(angle), sin(angle)), (0.0, 1.0)


class Route:
    """Convert a stem's samples to what the stem adds to a mix.

    Parameters
    ----------
    channels
        Of the mix.
    """

    def __init__(self, settings: StemSettings, channels: int) -> None:
        self._channels, self._pan = channels, settings.pan
        self._gain = gain_of(settings)
        self._work: Floats = np.empty((0, channels), np.float32)
        self._gains: Floats = np.empty((0, channels), np.float32)

    def added(self, block: Samples) -> Floats:
        """Return what a block adds to the mix.

        Parameters
        ----------
        block
            Shape (frames, any); more than two channels become their mean.

        Returns
        -------
        NDArray
            Shape (frames, channels), in units of full scale; only valid until the next
            call.
        """
        if len(self._work) < len(block):
            self._work = np.empty((len(block), self._channels), np.float32)
        out = self._work[: len(block)]
        if self._channels == block.shape[1] == STEREO:
            self._spread(block, out)
            return out
        folded = mono(block)
        gains = (1.0,) if self._channels == 1 else mono_gains(self._pan)
        for column, gain in zip(out.T, gains, strict=True):
            _scale(folded, gain * self._gain, out=column)
        return out

    def _spread(self, block: Samples, out: Floats) -> None:
        """Write what a stereo block adds to a mix of two channels."""
        np.copyto(out, block, casting="unsafe")
        unit = self._gain / FULL_SCALE[block.dtype.str[1:]]
        (left, to_right), (to_left, right) = stereo_gains(self._pan)
        if left == right:
            out *= np.float32(unit)
            return
        source, target = (1, 0) if to_left else (0, 1)
        moved = out[:, source] * np.float32((to_left or to_right) * unit)
        if len(self._gains) < len(out):  # one gain for each sample: one long product
            gains = np.array([left * unit, right * unit], np.float32)
            self._gains = np.tile(gains, (len(out), 1))
        out *= self._gains[: len(out)]
        out[:, target] += moved


def _scale(samples: Samples, gain: float, *, out: Floats) -> Floats:
    """Multiply samples of any type, so that full scale becomes the gain."""
    factor = np.float32(gain / FULL_SCALE[samples.dtype.str[1:]])
    np.multiply(samples, factor, out=out, dtype=np.float32, casting="unsafe")
    return out
