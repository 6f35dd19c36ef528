"""Listen to a file while it is drawn; never disturb the drawing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.checks import StemCheck, StemWarning
from waveflow.audio.kernels import FULL_SCALE
from waveflow.audio.loudness import Loudness, LoudnessMeter
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
        self._meter: LoudnessMeter | None = None
        self._check: StemCheck | None = None

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
        self._meter = LoudnessMeter(stream.sample_rate, stream.channels)
        self._check = StemCheck(stream.sample_rate, stream.channels)
        for block in blocks:
            if self.error is None and len(block):
                self._hear(block, self._meter, check=self._check)
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
        if self._meter is None or self._check is None:
            raise InternalError("Nothing was heard.")
        if self.error is not None:
            raise self.error
        return Heard(self._meter.finish(), self._check.finish())

    def _hear(self, block: Samples, meter: LoudnessMeter, *, check: StemCheck) -> None:
        """Measure one block; what goes wrong here must not end the drawing."""
        started = time.monotonic()
        try:
            x = planar(block)
            meter.add(x)
            check.add(block, x)
        except MemoryError:
            self.error = ResourceLimitError("Memory ran out while listening.")
        except Exception as exc:  # noqa: BLE001 - the waveform matters more
            kind = type(exc).__name__
            self.error = InternalError(f"Listening raised {kind}.")
        self._left_s -= time.monotonic() - started
        if self._left_s < 0 and self.error is None:
            self.error = ResourceLimitError("Listening took too long.")


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
