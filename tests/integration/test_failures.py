"""Every refused file and message ends typed, told and kept."""

import pytest
from support.world import ended, wav


def broken(name):
    """Return the bytes of an object that some stage refuses."""
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
    """The musician learns what is wrong, and loses nothing."""
    message, seen = world.upload(broken(code))

    told = ended(world, message["stemId"])

    assert (seen.status, seen.error) == ("FAILED", code)
    assert told["status"] == "FAILURE"
    assert told["result"]["error_code"] == code
    assert told["result"]["stage"] in {"hash", "waveform"}
    assert world.keys(f"waveforms/{message['stemId']}") == []
    assert world.read(message["filepath"]) == broken(code)


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
    """Every row of the error table that the message decides."""
    message = world.new_stem(**fields)

    seen = world.run(message)

    assert (seen.status, seen.error) == ("FAILED", code)
    assert ended(world, message["stemId"])["result"]["error_code"] == code


@pytest.mark.parametrize("body", ["not json", "[1]", "7", '{"task": "x"}', "{}"])
def test_a_message_that_names_nobody_still_ends_typed(world, body):
    """Nobody can be told; the execution's own error is there to see."""
    seen = world.run(body)

    assert (seen.status, seen.error) == ("FAILED", "INVALID_MESSAGE")
