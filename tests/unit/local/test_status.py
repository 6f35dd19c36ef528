"""Check `waveflow status`' sentences against the history of an execution."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from waveflow_local.engine.history import ExecutionSeen, StateSeen
from waveflow_local.ops.whereabouts import explain, sentence

NOW = datetime.now(UTC)


def seen(state: StateSeen | None = None, **fields) -> ExecutionSeen:
    """Return an execution that is in one state."""
    states = [state] if state else []
    return ExecutionSeen(
        **{
            "arn": "arn",
            "status": "RUNNING",
            "started": NOW,
            "states": states,
            **fields,
        }
    )


def asking(**fields) -> StateSeen:
    """Return the state that waits for the server."""
    return StateSeen(
        "Ask",
        NOW - timedelta(seconds=12),
        left=NOW,  # the test's clock stands still
        resource="invoke.waitForTaskToken",
        attempts=2,
        **fields,
    )


def test_a_question_says_how_long_it_has_waited():
    """A back-end developer must see that the machine waits for the server's answer."""
    said = explain(seen(asking()))

    assert said == "waiting for 12 s for the server's verdict, question 2"


def test_a_failed_attempt_says_why():
    """A webhook that fails is the usual reason to look."""
    cause = json.dumps({"errorMessage": "The server answered 500."})
    state = asking(errors=[("E", "x"), ("WebhookUnavailableError", cause)])

    said = explain(seen(state))

    assert "WebhookUnavailableError (The server answered 500.)" in said
    assert "tried again" in said


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        (seen(), "starting"),
        (seen(StateSeen("Hash", NOW, left=NOW)), "working for 0 s"),
        (
            seen(status="SUCCEEDED", output={"status": "DUPLICATE"}),
            "told the server DUPLICATE",
        ),
        (seen(status="SUCCEEDED", output={}), "ended; nothing was to be told"),
        (
            seen(
                status="FAILED", error="EMPTY_AUDIO", cause="The object has no bytes."
            ),
            "EMPTY_AUDIO: The object has no bytes.",
        ),
        (seen(status="TIMED_OUT"), "the whole execution took too long"),
        (seen(status="ABORTED"), "aborted"),
    ],
)
def test_every_end_has_its_words(execution, expected):
    """Every kind of end has a sentence, so that nobody must read a history."""
    assert explain(execution) == expected


@pytest.mark.parametrize("cause", ["plain", '["list"]', '{"other": 1}'])
def test_a_cause_that_is_no_lambda_error_stays_as_it_is(cause):
    """A cause that is no Lambda payload is a sentence already, and stays unchanged."""
    assert sentence(cause) == cause


def test_the_verdict_is_the_last_one():
    """A retried question leaves the answers of both in the history."""
    states = [StateSeen("Ask", NOW, output={"verdict": "hold"}), StateSeen("Tell", NOW)]

    assert seen(None, states=states).verdict == "hold"
