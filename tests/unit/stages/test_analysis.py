"""Failures of an analysis, which never fail the waveform."""

import numpy as np
import pytest
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.loudness import LoudnessMeter
from waveflow.audio.listen.meter import Measurement, Meter
from waveflow.audio.listen.stem_check import StemCheck
from waveflow.audio.stream import Block
from waveflow.events.flow import MusicFindings
from waveflow.stages._analysis import analysis_of

MUSIC = MusicFindings()
RATE = 8_000


class BrokenMeter(LoudnessMeter):
    """Meter that measures, and raises at its end."""

    def __init__(self, error: Exception) -> None:
        super().__init__(RATE, 1)
        self.error = error

    def finish(self) -> Loudness:
        """Raise the error of the test."""
        raise self.error


def meter_after(samples: np.ndarray, *, rate: int = RATE) -> Meter:
    """Return a meter that has measured one block."""
    meter = Meter()
    meter.add(Block(samples, rate))
    return meter


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("by zero"), "INTERNAL_ERROR"),
        (MemoryError(), "RESOURCE_LIMIT"),
    ],
)
def test_what_goes_wrong_at_the_end_is_a_code(error, code):
    """A published document must be told, even when the analysis fails at its end."""
    meter = meter_after(np.zeros((RATE, 1), np.float32))
    meter._listener = Measurement(BrokenMeter(error), StemCheck(RATE, 1))

    told = analysis_of(meter, MUSIC)

    assert told.error_code == code
    assert told.loudness is None
    assert told.warnings == []


def test_what_goes_wrong_on_the_way_is_a_code():
    """Samples that a meter cannot take must cost the analysis, not the waveform."""
    told = analysis_of(meter_after(np.zeros((RATE, 1), np.float64)), MUSIC)

    assert told.error_code == "INTERNAL_ERROR"
    assert told.loudness is None


def test_a_meter_that_cannot_begin_is_a_code():
    """A meter that fails at its start must not stop the drawing."""
    meter = meter_after(np.zeros((10, 1), np.float32), rate=0)

    assert analysis_of(meter, MUSIC).error_code == "INTERNAL_ERROR"


def test_a_failed_measurement_has_a_plain_sentence():
    """A musician reads no class of an exception; its cause stays for a debugger."""
    meter = meter_after(np.zeros((RATE, 1), np.float64))

    assert str(meter.error) == "Measuring the sound failed."
    assert isinstance(meter.error.__cause__, KeyError)
