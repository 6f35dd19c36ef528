"""Verdicts of the server, right and wrong, through the real machine."""

import json

import pytest
from support.processes import eventually
from support.world import UPLOAD_STATES, ended, names, wav


def verdict_run(world, behaviour, **rule):
    """Upload a stem about which the server behaves in one way."""
    message = world.new_stem()
    world.behave(behaviour, message["stemId"], event="hash-check", **rule)
    world.put(message["filepath"], wav(seed=10))
    seen = world.run(message)
    assert world.read(message["filepath"])
    return message["stemId"], seen


def test_a_hold_ends_silently(world):
    """A held stem must be neither deleted nor drawn, and no webhook sent."""
    stem, seen = verdict_run(world, "hold")

    assert (seen.status, names(seen)[-1]) == ("SUCCEEDED", "Held")
    assert world.told(stem, "completion") == []
    assert world.keys(f"waveforms/{stem}") == []


def test_a_verdict_in_the_body_counts(world):
    """A server without the AWS SDK must be able to answer in the response's body."""
    stem, seen = verdict_run(world, "body-verdict")

    assert names(seen) == UPLOAD_STATES
    assert ended(world, stem)["status"] == "SUCCESS"


def test_a_second_answer_has_no_effect(world):
    """The first answer counts; a second must not change a user's stem."""
    stem, seen = verdict_run(world, "twice")

    assert names(seen) == UPLOAD_STATES
    assert ended(world, stem)["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "output",
    [
        None,
        "new",
        [],
        {},
        {"verdict": "NEW"},
        {"verdict": ["new"]},
        {"verdict": "duplicate"},
        {"verdict": "duplicate", "duplicate_of": {"stemId": "x"}},
        {"verdict": "duplicate", "duplicate_of": "stem1"},
        {"verdict": "new", "num_peaks": 0},
        {"verdict": "new", "num_peaks": 4001},
        {"verdict": "new", "num_peaks": 10.5},
        {"verdict": "new", "num_peaks": "10"},
        {"verdict": "new", "num_peaks": None},
        {"duplicate": True},
    ],
    ids=json.dumps,
)
def test_what_is_no_verdict_keeps_the_object(world, output):
    """A malformed answer must never delete, and must be told as INVALID_VERDICT."""
    message = world.new_stem()
    stem = message["stemId"]
    world.behave("ask-me", stem, event="hash-check")
    world.put(message["filepath"], wav(seed=10))
    message_id = world.pipeline.send(json.dumps(message))
    eventually(lambda: world.told(stem, "hash-check"))
    assert world.standin.answer(stem, output)
    eventually(lambda: world.told(stem, "completion"))

    told = ended(world, stem)

    assert told["result"]["error_code"] == "INVALID_VERDICT"
    assert world.read(message["filepath"])
    assert message_id in world.started


def test_a_failure_as_an_answer_is_no_verdict(world):
    """SendTaskFailure under any error name must be told as INVALID_VERDICT."""
    stem, seen = verdict_run(world, "fail")

    assert (seen.status, seen.error) == ("FAILED", "INVALID_VERDICT")
    assert ended(world, stem)["result"]["error_code"] == "INVALID_VERDICT"


@pytest.mark.parametrize("num_peaks", [77, 77.0])
def test_the_verdict_may_name_the_number_of_peaks(world, num_peaks):
    """A server chooses the number of peaks by its answer, as 77 or as 77.0."""
    message = world.new_stem()
    answer = {"verdict": "new", "num_peaks": num_peaks}
    world.behave("new", message["stemId"], output=answer)
    world.put(message["filepath"], wav(seed=11))

    world.run(message)

    assert ended(world, message["stemId"])["result"]["num_peaks"] == 77


@pytest.mark.parametrize("behaviour", ["unavailable", "error-body"])
def test_a_server_that_comes_back_is_asked_again(world, behaviour):
    """A server that is down for a moment must be asked again, with new tokens."""
    stem, seen = verdict_run(world, behaviour, times=3)

    assert seen.status == "SUCCEEDED"
    assert len({q["task_token"] for q in world.told(stem, "hash-check")}) == 4


@pytest.mark.parametrize(
    ("behaviour", "error", "questions"),
    [
        ("reject", "WebhookRejectedError", 1),
        ("redirect", "WebhookRejectedError", 1),
        ("unavailable", "WebhookUnavailableError", 13),
    ],
)
def test_an_unaskable_server_fails_the_execution_where_it_asks(
    world, behaviour, error, questions
):
    """A question that cannot be sent must leave an execution that redrive resumes."""
    stem, seen = verdict_run(world, behaviour)

    assert (seen.status, seen.error) == ("FAILED", error)
    assert names(seen)[-1] == "AskUndelivered"
    assert len(world.told(stem, "hash-check")) == questions
    assert world.told(stem, "completion") == []


@pytest.mark.parametrize("path", ["success", "failure"])
def test_an_untellable_server_fails_the_execution_where_it_tells(world, path):
    """A result that cannot be told must leave an execution that redrive resumes."""
    message = world.new_stem()
    world.behave("reject", message["stemId"], event="completion")
    world.put(message["filepath"], wav(seed=12) if path == "success" else b"junk")

    seen = world.run(message)

    assert (seen.status, seen.error) == ("FAILED", "WebhookRejectedError")
    assert names(seen)[-1] == ("Tell" if path == "success" else "TellFailure")
