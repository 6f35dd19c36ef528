"""Measure loudness and faults while a stem is drawn, never disturbing the drawing."""

from waveflow.audio.listen.findings import Loudness, StemWarning
from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.listen.loudness import LoudnessMeter
from waveflow.audio.listen.stem_check import StemCheck
from waveflow.audio.stream import Block

Findings = tuple[Loudness, list[StemWarning]]


class Meter(Guard[Findings]):
    """Measure a stem's loudness and faults while its waveform is drawn.

    Parameters
    ----------
    budget
        Time that the meter shares with other listeners; a budget of its own if None.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        super().__init__(Measurement.start, budget or Budget())


class Measurement:
    """Join the loudness meter and the stem check to one listener."""

    def __init__(self, loudness: LoudnessMeter, check: StemCheck) -> None:
        self._loudness, self._check = loudness, check

    @classmethod
    def start(cls, block: Block) -> "Measurement":
        """Return a measurement of audio like the block."""
        rate, channels = block.sample_rate, block.samples.shape[1]
        return cls(LoudnessMeter(rate, channels), StemCheck(rate, channels))

    def add(self, block: Block) -> None:
        """Measure one block of samples."""
        self._loudness.add(block)
        self._check.add(block)

    def finish(self) -> Findings:
        """Return the loudness and the warnings of the whole stem."""
        return self._loudness.finish(), self._check.finish()
