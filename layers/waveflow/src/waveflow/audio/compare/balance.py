"""Weigh two versions window by window: which match, at what gain, and the rest."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.compare.windows import (
    ACTIVE_DB,
    BANDS,
    FLOOR,
    HEARD_BANDS,
    Energies,
    Floats,
    Mask,
    correlation,
    decibels,
)

AVERAGED = 3  # windows: each alone sways with every note
MATCHING = 0.5  # correlation
BEST_PERCENTILE = 75  # of correlation: what was not edited tells the gain
NOTHING = 1e-12  # power
HEARD_DB = 40.0  # below the whole sound, a band is masked
FEWEST = 6  # windows that tell a median


@dataclass(frozen=True, eq=False)
class Balance:
    """Weigh the newer version against the older one, window by window.

    Parameters
    ----------
    energies
        Of the windows of the newer version.
    bands
        How many lower bands decide.
    """

    energies: Energies
    bands: int

    @classmethod
    def of(cls, energies: Energies) -> Self:
        """Return a balance of the heard bands, or of all where nothing is in those."""
        smooth = energies.averaged(AVERAGED)  # the start of a tone is in all bands
        heard, whole = (
            max(each.sum(axis=1).max(initial=0) for each in smooth.heard(bands)[:2])
            for bands in (HEARD_BANDS, BANDS)
        )
        is_heard = heard > max(FLOOR, whole * 10 ** (-ACTIVE_DB / 10))
        return cls(energies, HEARD_BANDS if is_heard else BANDS)

    def averaged(self) -> "Balance":
        """Return the balance of the running means over three windows."""
        return Balance(self.energies.averaged(AVERAGED), self.bands)

    @cached_property
    def _sums(self) -> Energies:
        return self.energies.heard(self.bands)

    @cached_property
    def after(self) -> Floats:
        """Return the power of the newer version, shape (windows,)."""
        power: Floats = self._sums.after.sum(axis=1)
        return power

    @cached_property
    def before(self) -> Floats:
        """Return the power of the older version, shape (windows,)."""
        power: Floats = self._sums.before.sum(axis=1)
        return power

    @cached_property
    def agreement(self) -> Floats:
        """Return the correlation of both versions, 0 to 1, shape (windows,)."""
        shared = np.abs(self._sums.cross).sum(axis=1)
        return correlation(shared, self.after, self.before)

    @cached_property
    def matching(self) -> Mask:
        """Tell which windows hold the same music in both versions."""
        both = (self.after > FLOOR) & (self.before > FLOOR)
        return both & (self.agreement >= MATCHING)

    @cached_property
    def gain_db(self) -> float:
        """Return the level of the newer version against the older one in dB."""
        found = self.agreement[self.matching]
        best = self.matching & (self.agreement >= np.percentile(found, BEST_PERCENTILE))
        difference = decibels(self.after[best]) - decibels(self.before[best])
        return float(np.median(difference))

    @cached_property
    def signs(self) -> NDArray[np.int64]:
        """Return the polarity of each channel, 1 or -1, shape (channels,)."""
        turned = np.median(np.sign(self._sums.cross[self.matching]), axis=0)
        return np.where(turned < 0, -1, 1)

    def delta_db(self, gain_db: float) -> Floats:
        """Return how much louder each window is than the older version at a gain."""
        expected = np.maximum(decibels(self.before) + gain_db, decibels(np.zeros(1)))
        return decibels(self.after) - expected

    def residual(self, gain_db: float, signs: NDArray[np.int64]) -> Floats:
        """Return the power of the newer version less the older one at a gain."""
        gain = 10 ** (gain_db / 20)
        shared = (self._sums.cross * signs).sum(axis=1)
        left: Floats = self.after + gain**2 * self.before - 2 * gain * shared
        return np.maximum(left, 0)

    def top(self, gain_db: float) -> tuple[Floats, Floats]:
        """Return what is above the deciding bands, power in each window.

        Returns
        -------
        tuple
            Of what no gain of a channel explains, and of the louder version.
        """
        after, before, cross = (each[..., self.bands :] for each in self.energies)
        louder = np.maximum(after, before * 10 ** (gain_db / 10))
        shared = np.minimum(correlation(cross, after, before) ** 2, 1)
        left = np.where(louder > FLOOR, louder * (1 - shared), 0)
        return left.sum(axis=(1, 2)), louder.sum(axis=(1, 2))

    def louder(self, gain_db: float) -> Floats:
        """Return the power of the louder version in each window."""
        return np.maximum(self.after, self.before * 10 ** (gain_db / 10))

    def bands_db(self, gain_db: float) -> list[float | None]:
        """Return the median change of each band's level in dB beyond a gain."""
        loudest = self.louder(gain_db) * 10 ** (-HEARD_DB / 10)
        return [
            self._median_db(
                Energies(
                    *(np.abs(each[..., band]).sum(axis=1) for each in self.energies)
                ),
                least=loudest,
                gain_db=gain_db,
            )
            for band in range(BANDS)
        ]

    def channels_db(self, gain_db: float) -> list[float | None]:
        """Return the median change of each channel's level in dB beyond a gain."""
        loudest = self.louder(gain_db) * 10 ** (-HEARD_DB / 10)
        return [
            self._median_db(
                Energies(*(np.abs(each[:, channel]) for each in self._sums)),
                least=loudest,
                gain_db=gain_db,
            )
            for channel in range(len(self.signs))
        ]

    def _median_db(
        self, part: Energies, *, least: Floats, gain_db: float
    ) -> float | None:
        """Return the median level of a part, where both versions hold the same of it.

        The noise of a codec in an empty band is no equaliser.
        """
        heard = self.matching & (part.after > FLOOR) & (part.before > FLOOR)
        heard &= np.maximum(part.after, part.before) > least
        heard &= correlation(part.cross, part.after, part.before) >= MATCHING
        if heard.sum() < FEWEST:
            return None
        difference = decibels(part.after[heard]) - decibels(part.before[heard])
        return float(np.median(difference)) - gain_db
