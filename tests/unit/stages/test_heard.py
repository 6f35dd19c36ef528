"""A failing analysis never fails the waveform."""

from types import SimpleNamespace

import numpy as np
import pytest
from waveflow.audio.listen.loudness import Loudness, LoudnessMeter
from waveflow.audio.listen.meter import Listener
from waveflow.audio.listen.stem_check import StemCheck
from waveflow.stages._analysis import analysis_told

MUSIC = {"tempo": None, "key": None}
RATE = 8_000


class BrokenMeter(LoudnessMeter):
    """A meter that measures, and raises when it is asked."""

    def __init__(self, error: Exception) -> None:
        super().__init__(RATE, 1)
        self.error = error

    def finish(self) -> Loudness:
        """Raise."""
        raise self.error


def listened(block: np.ndarray) -> Listener:
    """Return a listener past which one block went, which it did not change."""
    listener = Listener()
    stream = SimpleNamespace(sample_rate=RATE, channels=1)
    [passed] = listener(stream, iter([block]))
    assert passed is block
    return listener


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("by zero"), "INTERNAL_ERROR"),
        (MemoryError(), "RESOURCE_LIMIT"),
    ],
)
def test_what_goes_wrong_at_the_end_is_a_code(error, code):
    """The document is published by then; a raise would fail the whole stage."""
    listener = listened(np.zeros((RATE, 1), np.float32))
    listener._meters = (BrokenMeter(error), StemCheck(RATE, 1))

    told = analysis_told(listener, MUSIC)

    assert told["error_code"] == code
    assert told["loudness"] is None
    assert told["warnings"] == []


def test_what_goes_wrong_on_the_way_is_a_code():
    """Samples of a kind that no decoder gives, to a listener that expects three."""
    told = analysis_told(listened(np.zeros((RATE, 1), np.float64)), MUSIC)

    assert told["error_code"] == "INTERNAL_ERROR"
    assert told["loudness"] is None


def test_a_meter_that_cannot_begin_is_a_code():
    """Drawing goes on although nothing listens."""
    listener = Listener()
    stream = SimpleNamespace(sample_rate=0, channels=1)
    block = np.zeros((10, 1), np.float32)

    assert list(listener(stream, iter([block]))) == [block]
    assert analysis_told(listener, MUSIC)["error_code"] == "INTERNAL_ERROR"


def test_the_error_names_its_kind():
    """What a log can say without saying what the samples were."""
    listener = listened(np.zeros((RATE, 1), np.float64))

    assert str(listener.error) == "Listening raised KeyError."
