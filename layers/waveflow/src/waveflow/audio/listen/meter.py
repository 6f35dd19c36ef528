"""Measure loudness and faults while a stem is drawn, never disturbing the drawing."""

import time

from waveflow.audio.listen.findings import Loudness, StemWarning
from waveflow.audio.listen.loudness import LoudnessMeter
from waveflow.audio.listen.stem_check import StemCheck
from waveflow.audio.stream import Block
from waveflow.errors import InternalError, ResourceLimitError, WaveflowError

LISTENING_TIME_S = 300.0  # a part of the 840 s that drawing may take


class Meter:
    """Measure a stem's loudness and faults while its waveform is drawn.

    Parameters
    ----------
    time_s
        The time that measuring may take in all.
    """

    def __init__(self, time_s: float = LISTENING_TIME_S) -> None:
        self.error: WaveflowError | None = None
        self._left_s = time_s
        self._parts: tuple[LoudnessMeter, StemCheck] | None = None

    def add(self, block: Block) -> None:
        """Measure one block of samples; an error ends the measuring alone."""
        if self.error is not None or not len(block.samples):
            return
        started = time.monotonic()
        try:
            if self._parts is None:
                channels = block.samples.shape[1]
                self._parts = (
                    LoudnessMeter(block.sample_rate, channels),
                    StemCheck(block.sample_rate, channels),
                )
            for part in self._parts:
                part.add(block)
        except Exception as exc:  # noqa: BLE001 - the waveform matters more
            self.error = _error_of(exc)
            self.error.__cause__ = exc
        self._left_s -= time.monotonic() - started
        if self._left_s < 0 and self.error is None:
            self.error = ResourceLimitError("Listening took too long.")

    def finish(self) -> tuple[Loudness, list[StemWarning]]:
        """Return the loudness and the warnings of the whole stem.

        Raises
        ------
        WaveflowError
            Why measuring ended early.
        """
        if self.error is not None:
            raise self.error
        if self._parts is None:
            raise InternalError("Nothing was heard.")
        loudness, check = self._parts
        try:
            return loudness.finish(), check.finish()
        except Exception as exc:
            raise _error_of(exc) from exc


def _error_of(exc: Exception) -> WaveflowError:
    """Return an exception as a WaveFlow error, whose code a result can carry."""
    if isinstance(exc, MemoryError):
        return ResourceLimitError("Memory ran out while listening.")
    return InternalError("Measuring the sound failed.")
