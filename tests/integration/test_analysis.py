"""Analyses run for messages that ask, and change nothing for other messages."""

import hashlib
import io

import numpy as np
import pytest
import soundfile
from support import notes
from support.world import names, wav
from waveflow.errors import ResourceLimitError

UPLOAD_STATES = ["Route", "Hash", "Ask", "Verdict", "Waveform", "Tell"]
ANALYSED_STATES = [*UPLOAD_STATES[:4], "Music", *UPLOAD_STATES[4:]]


def stem(*, tonic: int = 0) -> bytes:
    """Return a stereo WAV of a major cadence, half a second per chord."""
    played = np.tile(notes.chords(notes.MAJOR_CADENCE, tonic, seconds=0.5), 4)
    file = io.BytesIO()
    both = np.stack((played, 0.5 * played), axis=1)
    soundfile.write(file, both, notes.RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def analysis_told(world, message):
    """Return the analysis in the only success that the server was told of a stem."""
    [told] = world.told(message["stemId"], "completion")
    assert told["status"] == "SUCCESS"
    return told["result"].get("analysis")


def test_an_upload_that_asks_is_told_its_loudness_tempo_and_key(world):
    """A server that asks for an analysis must get loudness, tempo, key and warnings."""
    message = world.new_stem(analysis=True)
    world.put(message["filepath"], stem())

    seen = world.run(message)

    told = analysis_told(world, message)

    assert (seen.status, names(seen)) == ("SUCCEEDED", ANALYSED_STATES)
    assert told["key"]["value"] == "C major"
    assert told["key"]["relative"] == "A minor"
    assert told["tempo"]["value"] == pytest.approx(120, rel=0.005)
    assert -30 < told["loudness"]["integrated"] < -5
    assert told["loudness"]["true_peak"] < 0
    assert told["loudness"]["reason"] is None
    assert told["warnings"] == []
    assert "error_code" not in told


@pytest.mark.parametrize("fields", [{}, {"analysis": False}, {"analysis": None}])
def test_an_upload_that_does_not_ask_sees_nothing_new(world, fields):
    """An old server must get the six states and the result of its documents."""
    message, seen = world.upload(wav(seed=70), **fields)

    assert names(seen) == UPLOAD_STATES
    assert analysis_told(world, message) is None
    [question] = world.told(message["stemId"], "hash-check")
    [completion] = world.told(message["stemId"], "completion")
    assert "analysis" not in {**question, **completion}


@pytest.mark.parametrize("value", ["true", 1, "yes", [], {}])
def test_only_true_and_false_are_an_answer(world, value):
    """A server that sends "true" for true must be told, not silently ignored."""
    message, seen = world.upload(wav(seed=71), analysis=value)

    [told] = world.told(message["stemId"], "completion")

    assert seen.status == "FAILED"
    assert told["result"]["error_code"] == "INVALID_MESSAGE"
    assert "analysis" in told["result"]["error_message"]


def test_an_analysis_message_may_ask_too(world):
    """A server may ask for an analysis long after the upload, or after a hold."""
    body = stem(tonic=5)
    message = world.new_stem(
        task="process_audio_analysis",
        audio_hash=hashlib.sha256(body).hexdigest(),
        analysis=True,
    )
    world.put(message["filepath"], body)

    seen = world.run(message)

    states = ["Route", "HashAgain", "Verdict", "Music", "Waveform", "Tell"]
    assert names(seen) == states
    assert analysis_told(world, message)["key"]["value"] == "F major"


def test_a_duplicate_that_is_kept_is_analysed(world):
    """A refused deletion must not cost the user the analysis that was asked for."""
    body = stem(tonic=7)
    message = world.new_stem(
        task="process_duplicate_file",
        audio_hash=hashlib.sha256(body).hexdigest(),
        analysis=True,
    )
    world.put(message["filepath"], body)

    seen = world.run(message)

    told = analysis_told(world, message)
    assert names(seen)[-4:] == ["DedupeDeleteAnalysed", "Music", "Waveform", "Tell"]
    assert told["key"]["value"] == "G major"


def test_a_proved_duplicate_is_deleted_whether_or_not_it_asks(world):
    """A deleted duplicate must not be analysed at the operator's cost."""
    body = wav(seed=72)
    first, _ = world.upload(body)
    second, seen = world.upload(body, userId=first["userId"], analysis=True)

    [told] = world.told(second["stemId"], "completion")

    assert names(seen)[-2:] == ["DedupeDeleteAnalysed", "Tell"]
    assert told["status"] == "DUPLICATE"


def test_a_failing_analysis_does_not_fail_the_waveform(world):
    """A user keeps the waveform when the analysis runs out of memory."""

    def exhausted(_event, _context):
        raise ResourceLimitError("The memory is used up.")

    world.pipeline.handlers.replace("MusicFunction", exhausted)
    try:
        message, seen = world.upload(stem(tonic=9), analysis=True)
    finally:
        del world.pipeline.handlers._loaded["MusicFunction"]

    told = analysis_told(world, message)
    assert (seen.status, names(seen)) == ("SUCCEEDED", ANALYSED_STATES)
    assert (told["tempo"], told["key"]) == (None, None)
    assert told["error_code"] == "RESOURCE_LIMIT"
    assert told["loudness"]["integrated"] < 0


def test_broken_audio_fails_as_it_does_without_an_analysis(world):
    """A server must get the same error for a broken file, with or without analysis."""
    message, seen = world.upload(b"RIFF but no more", analysis=True)

    [told] = world.told(message["stemId"], "completion")

    assert seen.status == "FAILED"
    assert told["result"]["error_code"] == "UNSUPPORTED_MEDIA"
    assert told["result"]["stage"] == "waveform"
