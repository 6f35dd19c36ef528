"""Listen to a file while it is drawn; never disturb the drawing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.kernels import FULL_SCALE
from waveflow.audio.listen.loudness import Loudness, LoudnessMeter
from waveflow.audio.listen.stem_check import StemCheck, StemWarning
from waveflow.audio.stream import Samples, Stream
from waveflow.errors import InternalError, ResourceLimitError, WaveflowError

LISTENING_TIME_S = 300.0  # of the 840 that drawing may take


@dataclass(frozen=True, slots=True)
class Heard:
    """What a whole file sounds like.

    Parameters
    ----------
    loudness
        Its levels.
    warnings
        What the stem check found.
    """

    loudness: Loudness
    warnings: tuple[StemWarning, ...]


class Listener:
    """A tap for `draw`: measures what passes, and hands it on unchanged.

    Parameters
    ----------
    time_s
        How long it may measure in all.
    """

    def __init__(self, time_s: float = LISTENING_TIME_S) -> None:
        self.error: WaveflowError | None = None
        self._left_s = time_s
        self._meters: tuple[LoudnessMeter, StemCheck] | None = None

    def __call__(self, stream: Stream, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """Pass on the blocks of one pass, and forget any pass before it.

        Parameters
        ----------
        stream
            What is decoded.
        blocks
            All of its blocks, from the start.

        Yields
        ------
        Samples
            The same blocks.
        """
        self._meters = None
        for block in blocks:
            if self.error is None and len(block):
                self._hear(block, stream)
            yield block

    def finish(self) -> Heard:
        """Give what was heard.

        Returns
        -------
        Heard
            Of the last pass.

        Raises
        ------
        WaveflowError
            Why listening ended early.
        """
        if self.error is not None:
            raise self.error
        if self._meters is None:
            raise InternalError("Nothing was heard.")
        meter, check = self._meters
        try:
            return Heard(meter.finish(), check.finish())
        except Exception as exc:
            raise _typed(exc) from exc

    def _hear(self, block: Samples, stream: Stream) -> None:
        """Measure one block; what goes wrong here must not end the drawing."""
        started = time.monotonic()
        try:
            if self._meters is None:
                self._meters = (
                    LoudnessMeter(stream.sample_rate, stream.channels),
                    StemCheck(stream.sample_rate, stream.channels),
                )
            meter, check = self._meters
            x = planar(block)
            meter.add(x)
            check.add(block, x)
        except Exception as exc:  # noqa: BLE001 - the waveform matters more
            self.error = _typed(exc)
        self._left_s -= time.monotonic() - started
        if self._left_s < 0 and self.error is None:
            self.error = ResourceLimitError("Listening took too long.")


def _typed(exc: Exception) -> WaveflowError:
    """Give the error whose code a result can carry."""
    if isinstance(exc, MemoryError):
        return ResourceLimitError("Memory ran out while listening.")
    return InternalError(f"Listening raised {type(exc).__name__}.")


def planar(block: Samples) -> NDArray[np.float32]:
    """Give each channel a row of its own.

    Parameters
    ----------
    block
        Shape (frames, channels); int16, int32 or float32.

    Returns
    -------
    NDArray
        float32, shape (channels, frames), in units of full scale; never a view.
    """
    x = np.empty(block.shape[::-1], np.float32)
    np.multiply(
        block.T,
        np.float32(1 / FULL_SCALE[block.dtype.str[1:]]),
        out=x,
        casting="same_kind",
    )
    return x
