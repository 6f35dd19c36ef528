"""Find stems whose left and right cancel each other in the mean of both."""

import numpy as np

from waveflow.audio.kernels import STEREO
from waveflow.audio.listen.stem_check import ANTI_PHASE_RATIO, SILENT_LEVEL
from waveflow.audio.stream import FULL_SCALE, Samples

ANTI_PHASE = "ANTI_PHASE"
# Frames from one first look to the next; the check costs a classic mix 4 % of its CPU.
# Few tones have this prime number of frames as their period.
STRIDE = 509


class PhaseCheck:
    """Find stems that the stem check calls ANTI_PHASE, at a small part of its cost.

    A block of which a few frames show channels that agree is not read as a whole: the
    few frames stand for the block. All other blocks are measured exactly.
    """

    def __init__(self) -> None:
        self.energy = 0.0  # of both channels, in the samples' own units
        self.product = 0.0  # of left times right, in the same units
        self.loudest = 0.0  # of the blocks that were read whole; 1.0 is full scale

    def add(self, block: Samples) -> None:
        """Measure the next samples, finite, of shape (frames, channels)."""
        if block.shape[1] != STEREO:
            return
        few = block[::STRIDE]
        energy, product = _energies(few)
        if product < 0:
            self._measure(block)
        else:
            share = len(block) / len(few)
            self.energy += energy * share
            self.product += product * share

    def _measure(self, block: Samples) -> None:
        """Measure all frames of a block."""
        energy, product = _energies(block)
        loudest = max(float(block.max()), -float(block.min()))
        self.loudest = max(self.loudest, loudest / FULL_SCALE[block.dtype.str[1:]])
        self.energy += energy
        self.product += product

    def merge(self, other: "PhaseCheck") -> None:
        """Add the findings of a check of another part of the same stem."""
        self.energy += other.energy
        self.product += other.product
        self.loudest = max(self.loudest, other.loudest)

    @property
    def is_anti_phase(self) -> bool:
        """Tell whether the sum of the channels is 10 dB below their difference."""
        both = self.energy + 2 * self.product
        apart = self.energy - 2 * self.product
        return self.loudest >= SILENT_LEVEL and both < ANTI_PHASE_RATIO * apart


def _energies(block: Samples) -> tuple[float, float]:
    """Return a stereo block's energy, and the product of its channels."""
    channels = block.T.astype(np.float64, order="C")
    (left, product), (_, right) = (channels @ channels.T).tolist()
    return left + right, product
