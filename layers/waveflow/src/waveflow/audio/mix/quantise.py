"""Turn floats into the samples of a mixed file: rounded, dithered or as they are."""

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.mix.settings import MixFormat
from waveflow.audio.stream import Samples

BITS_16, BITS_24 = 16, 24
DITHER_SEED = 16  # always the same noise: the same mix must have the same bytes
HALF = 16  # bits of each of the two random numbers that make one value of dither

Floats = NDArray[np.float32]


class Quantiser:
    """Turn successive blocks of floats into the samples that a mixed file holds.

    16 bits get triangular dither (TPDF) of two steps' width, from one sequence of
    random numbers for all blocks. 24 bits are rounded to the nearest. Floats stay.
    """

    def __init__(self, form: MixFormat) -> None:
        self._form = form
        self._random = np.random.Generator(np.random.SFC64(DITHER_SEED))

    def samples(self, block: Floats) -> Samples:
        """Return the samples of a block, which is changed.

        Parameters
        ----------
        block
            Shape (frames, channels), within full scale unless the format is float.

        Returns
        -------
        NDArray
            Of the same shape: int16, left-justified int32, or float32.
        """
        if self._form.is_float:
            return block
        bits = self._form.bits
        block *= np.float32(1 << bits - 1)
        if bits == BITS_16:
            block += self._dither(block.shape)
        np.rint(block, out=block)
        np.minimum(block, np.float32((1 << bits - 1) - 1), out=block)
        if bits == BITS_16:
            return block.astype(np.int16)
        samples = block.astype(np.int32)
        samples <<= 32 - BITS_24
        return samples

    def _dither(self, shape: tuple[int, ...]) -> Floats:
        """Return the next values of dither, above -1 and below 1, with a mean of 0."""
        drawn = self._random.integers(0, 1 << 32, size=shape, dtype=np.uint32)
        summed = (drawn & np.uint32((1 << HALF) - 1)) + (drawn >> np.uint32(HALF))
        noise = summed.astype(np.float32)
        noise -= np.float32((1 << HALF) - 1)
        noise *= np.float32(1 / (1 << HALF))
        return noise
