"""Refused files and messages end typed, told and kept."""

import pytest
from support.world import ended, wav


def broken_file(name):
    """Return the bytes of a file that a stage refuses with this code."""
    return {
        "EMPTY_AUDIO": b"",
        "UNSUPPORTED_MEDIA": b"%PDF-1.7 not audio at all",
        "CORRUPT_AUDIO": b"fLaC" + b"\x00" * 500,
        "BAD_SAMPLE_RATE": wav(sample_rate=1000),
    }[name]


@pytest.mark.parametrize(
    "code", ["EMPTY_AUDIO", "UNSUPPORTED_MEDIA", "CORRUPT_AUDIO", "BAD_SAMPLE_RATE"]
)
def test_a_broken_file_is_told_and_kept(world, code):
    """A musician whose file is refused must learn why, and keep the file."""
    message, seen = world.upload(broken_file(code))

    told = ended(world, message["stemId"])

    assert (seen.status, seen.error) == ("FAILED", code)
    assert told["status"] == "FAILURE"
    assert told["result"]["error_code"] == code
    assert told["result"]["stage"] in {"hash", "waveform"}
    assert world.keys(f"waveforms/{message['stemId']}") == []
    assert world.read(message["filepath"]) == broken_file(code)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"trackId": "a b"}, "INVALID_ID"),
        ({"num_peaks": 0}, "INVALID_NUM_PEAKS"),
        ({"filepath": "elsewhere/x.wav"}, "PATH_NOT_ALLOWED"),
        ({"filepath": "users/somebody/x.wav"}, "PATH_NOT_ALLOWED"),
        ({"filepath": "audio/missing.wav"}, "OBJECT_NOT_FOUND"),
        ({"timestamp": "yesterday"}, "INVALID_MESSAGE"),
        ({"task": "unknown"}, "INVALID_MESSAGE"),
    ],
)
def test_a_wrong_message_is_told_with_its_code(world, fields, code):
    """A server that sends a wrong message must get the code of the mistake."""
    message = world.new_stem(**fields)

    seen = world.run(message)

    assert (seen.status, seen.error) == ("FAILED", code)
    assert ended(world, message["stemId"])["result"]["error_code"] == code


@pytest.mark.parametrize("body", ["not json", "[1]", "7", '{"task": "x"}', "{}"])
def test_a_message_that_names_nobody_still_ends_typed(world, body):
    """A message without any id must end typed in the console, as no server is told."""
    seen = world.run(body)

    assert (seen.status, seen.error) == ("FAILED", "INVALID_MESSAGE")
