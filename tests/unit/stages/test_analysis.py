"""A failing analysis never fails the waveform."""

import numpy as np
import pytest
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.loudness import LoudnessMeter
from waveflow.audio.listen.meter import Meter
from waveflow.audio.listen.stem_check import StemCheck
from waveflow.audio.stream import Block
from waveflow.events.flow import MusicFindings
from waveflow.stages._analysis import analysis_of

MUSIC = MusicFindings()
RATE = 8_000


class BrokenMeter(LoudnessMeter):
    """A meter that measures, and raises when it is asked."""

    def __init__(self, error: Exception) -> None:
        super().__init__(RATE, 1)
        self.error = error

    def finish(self) -> Loudness:
        """Raise."""
        raise self.error


def measured(samples: np.ndarray, *, rate: int = RATE) -> Meter:
    """Return a meter that heard one block."""
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
    """The document is published by then; a raise would fail the whole stage."""
    meter = measured(np.zeros((RATE, 1), np.float32))
    meter._parts = (BrokenMeter(error), StemCheck(RATE, 1))

    told = analysis_of(meter, MUSIC)

    assert told.error_code == code
    assert told.loudness is None
    assert told.warnings == []


def test_what_goes_wrong_on_the_way_is_a_code():
    """Samples of a kind that no decoder gives, to a meter that expects three."""
    told = analysis_of(measured(np.zeros((RATE, 1), np.float64)), MUSIC)

    assert told.error_code == "INTERNAL_ERROR"
    assert told.loudness is None


def test_a_meter_that_cannot_begin_is_a_code():
    """Drawing goes on although nothing listens."""
    meter = measured(np.zeros((10, 1), np.float32), rate=0)

    assert analysis_of(meter, MUSIC).error_code == "INTERNAL_ERROR"


def test_the_error_names_its_kind():
    """A log names the kind of error, and nothing of a user's samples."""
    meter = measured(np.zeros((RATE, 1), np.float64))

    assert str(meter.error) == "Listening raised KeyError."
