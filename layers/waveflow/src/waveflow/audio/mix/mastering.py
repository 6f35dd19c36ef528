"""Bring a sum of stems to the level of the mix: by one gain, or with a limiter."""

from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.mix.chunk_levels import ChunkLevels
from waveflow.audio.mix.limiter import Limiter
from waveflow.audio.mix.settings import LoudnessTarget, MixSettings
from waveflow.audio.mix.summing import StemSum
from waveflow.audio.mix.target import aim, decibels

SAMPLE_CEILING = 0.99  # of a mix without a target of loudness

Floats = NDArray[np.float32]


class Mastering(Protocol):
    """Describe what changes the level of a sum to the level of the mix."""

    gain_db: float
    is_known: bool  # False where a loudness was asked for and there is none

    @property
    def reduction_db(self) -> float:
        """Return the limiter's deepest reduction so far."""
        ...

    def apply(self, block: Floats, at: int) -> None:
        """Change the level of a block of the sum, which starts at the frame `at`."""
        ...


class Scaled:
    """Hold the sample peak of the whole mix below SAMPLE_CEILING by one gain."""

    reduction_db = 0.0
    is_known = True

    def __init__(self, summed: StemSum, settings: MixSettings) -> None:
        loudest = max(SAMPLE_CEILING, summed.total.peak)
        gain = 1.0 if settings.format.is_float else SAMPLE_CEILING / loudest
        self._gain, self.gain_db = np.float32(gain), decibels(gain)

    def apply(self, block: Floats, _at: int) -> None:
        """Multiply a block by the gain."""
        block *= self._gain


class Limited:
    """Bring the sum to a loudness target with one gain and a limiter."""

    def __init__(
        self,
        summed: StemSum,
        target: LoudnessTarget,
        scratch: IO[bytes],
        *,
        deadline: float | None,
    ) -> None:
        levels = ChunkLevels(scratch, summed)
        levels.measure(summed, deadline=deadline)
        found = aim(summed, levels, target, deadline=deadline)
        self.gain_db, self.is_known = found.gain_db, found.is_known
        self._limiter = Limiter(
            levels, gain_db=found.gain_db, ceiling_db=found.ceiling_db
        )

    @property
    def reduction_db(self) -> float:
        """Return the limiter's deepest reduction so far."""
        return 0.0 - decibels(self._limiter.lowest)

    def apply(self, block: Floats, at: int) -> None:
        """Limit a block of the sum, which starts at the frame `at`."""
        self._limiter.apply(block, at)


def mastering_of(
    summed: StemSum,
    settings: MixSettings,
    scratch: IO[bytes],
    *,
    deadline: float | None,
) -> Mastering:
    """Return the mastering that the settings ask for.

    Parameters
    ----------
    scratch
        Empty, without a buffer, and open for reading and writing.
    deadline
        A value of `time.monotonic()` to end by.
    """
    if settings.loudness is None:
        return Scaled(summed, settings)
    return Limited(summed, settings.loudness, scratch, deadline=deadline)
