"""Collect extremes per bucket while blocks pass by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import kernels


@dataclass(frozen=True, slots=True)
class Grid:
    """Buckets of equal size, as near as whole frames allow.

    Bucket i starts at frame floor(i * frames / buckets).

    Parameters
    ----------
    frames
        What is cut.
    buckets
        Into how many; not more than frames.
    """

    frames: int
    buckets: int

    def cut(self, position: int, count: int) -> tuple[slice, NDArray[np.int64]]:
        """Cut a block.

        Parameters
        ----------
        position
            The block's first frame.
        count
            Its length.

        Returns
        -------
        tuple
            The buckets that it touches, and where each starts inside it.
        """
        first = self._holding(position)
        stop = self._holding(position + count - 1) + 1
        starts = np.arange(first, stop) * self.frames // self.buckets - position
        starts[0] = 0
        return slice(first, stop), starts

    def _holding(self, frame: int) -> int:
        return ((frame + 1) * self.buckets - 1) // self.frames


class Extremes:
    """The smallest and largest value of each bucket.

    Parameters
    ----------
    size
        How many buckets.
    """

    def __init__(self, size: int) -> None:
        self.low: NDArray[Any] | None = None
        self.high: NDArray[Any] | None = None
        self._size = size

    def add(
        self, values: NDArray[Any], where: slice, *, starts: NDArray[np.int64]
    ) -> None:
        """Take in the values of a block.

        Parameters
        ----------
        values
            Shape (frames,).
        where
            The buckets that they fall into.
        starts
            Where each of those starts.
        """
        low, high = kernels.fold(values, starts)
        if self.low is None or self.high is None:
            self.low = np.full(self._size, _greatest(values.dtype), values.dtype)
            self.high = np.full(self._size, _least(values.dtype), values.dtype)
        np.minimum(self.low[where], low, out=self.low[where])
        np.maximum(self.high[where], high, out=self.high[where])

    def merge(self, other: "Extremes") -> None:
        """Take in the values of another part.

        Parameters
        ----------
        other
            Of the same size.
        """
        if self.low is None or self.high is None:
            self.low, self.high = other.low, other.high
        elif other.low is not None and other.high is not None:
            np.minimum(self.low, other.low, out=self.low)
            np.maximum(self.high, other.high, out=self.high)

    def interleaved(self) -> NDArray[Any]:
        """Give low and high in turn.

        Returns
        -------
        NDArray
            Shape (2 * size,).
        """
        if self.low is None or self.high is None:
            return np.zeros(0, np.int64)
        return np.stack((self.low, self.high), axis=1).reshape(-1)


def _greatest(dtype: "np.dtype[Any]") -> float:
    return np.inf if dtype.kind == "f" else int(np.iinfo(dtype).max)


def _least(dtype: "np.dtype[Any]") -> float:
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)
