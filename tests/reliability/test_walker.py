"""The walker of the tests reads the machine as Step Functions does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.expressions import PATH, UndefinedValueError, interpret, look_up
from support.walker import Execution, Failed, Invoke, Sleep, Succeeded, load

UPLOAD = [{"messageId": "m", "body": {"stemId": "s"}}]
HASHED = {"job": {"job_id": "j"}, "source": {"key": "k"}, "verdict": None}
UNAVAILABLE = Failed("WebhookUnavailableError", '{"errorMessage": "503"}')

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
    max_leaves=5,
)


def outcome(evaluate, expression, variables):
    """Return the value of an expression, or the word undefined."""
    try:
        return evaluate(expression, variables)
    except UndefinedValueError:
        return "undefined"


@given(json_values, st.lists(st.sampled_from("abc"), max_size=3))
def test_the_short_cut_for_paths_agrees_with_the_interpreter(value, steps):
    """A short cut that evaluates paths otherwise would make the simulation lie."""
    expression = ".".join(["$x", *steps])

    assert PATH.fullmatch(expression)
    assert outcome(look_up, expression, {"x": value}) == outcome(
        interpret, expression, {"x": value}
    )


def drive(execution, walk, results):
    """Answer each request with the next result; sleeps pass at once."""
    requests = []
    results = iter(results)
    try:
        request = next(walk)
        while True:
            if isinstance(request, Sleep):
                request = walk.send(None)
                continue
            requests.append(request)
            request = walk.send(next(results))
    except StopIteration:
        return requests, execution.ended


def walk_upload(results):
    """Walk an upload whose question is answered by `results`."""
    execution = Execution(load(), UPLOAD, "run", "2026-01-01T00:00:00.000Z")
    requests, ended = drive(execution, execution.walk(), [Succeeded(HASHED), *results])
    return execution, requests, ended


def test_an_undelivered_question_is_asked_again_by_a_redrive():
    """A question that could not be sent must wait for a redrive and its retries."""
    execution, requests, ended = walk_upload([UNAVAILABLE] * 13 + [UNAVAILABLE])

    assert (ended.status, ended.state) == ("FAILED", "AskUndelivered")
    assert ended.error == "WebhookUnavailableError"
    assert [r.state for r in requests] == ["Hash", *["Ask"] * 13, "AskUndelivered"]
    assert requests[-1].payload["error"]["Error"] == "WebhookUnavailableError"

    answers = [Succeeded({}), Succeeded({"verdict": "hold"})]
    again, ended = drive(execution, execution.redrive(), answers)

    assert again[0].payload["error"] is None
    assert [r.state for r in again] == ["AskUndelivered", "Ask"]
    assert (ended.status, ended.state) == ("SUCCEEDED", "Held")


def test_a_redriven_question_answered_with_a_failure_is_told():
    """A redriven question that is answered with a failure must be told as invalid."""
    execution, _, _ = walk_upload([UNAVAILABLE] * 14)
    told = Succeeded({"code": "INVALID_VERDICT", "sentence": "said"})

    requests, ended = drive(
        execution,
        execution.redrive(),
        [Succeeded({}), Failed("NoIdeaError", "said the server"), told],
    )

    assert requests[-1].state == "TellFailure"
    assert requests[-1].payload["error"]["Error"] == "InvalidVerdictError"
    assert (ended.state, ended.error) == ("Failed", "INVALID_VERDICT")


def test_a_redriven_question_that_fails_again_can_be_redriven_again():
    """A server that is down for days needs more than one redrive."""
    execution, _, _ = walk_upload([UNAVAILABLE] * 14)

    _, ended = drive(
        execution, execution.redrive(), [Succeeded({}), *[UNAVAILABLE] * 14]
    )

    assert (ended.status, ended.state) == ("FAILED", "AskUndelivered")
    assert execution.redrives == 1


@pytest.mark.parametrize("answer", [None, [], "new", 7, {"verdict": None}])
def test_nonsense_ends_at_the_telling_state(answer):
    """A server's nonsense, null included, must end in a told failure."""
    _, requests, _ = walk_upload(
        [Succeeded(answer), Succeeded({"code": "X", "sentence": "y"})]
    )

    assert requests[-1].state == "TellFailure"
    assert requests[-1].payload["error"]["Error"] == "InvalidVerdictError"


@pytest.mark.parametrize(("answer", "peaks"), [({}, None), ({"num_peaks": 7.0}, 7)])
def test_a_waveform_has_the_peaks_that_the_server_chose(answer, peaks):
    """A server that asks for other peaks would get the message's, and draw wrongly."""
    _, requests, _ = walk_upload([Succeeded({"verdict": "new", **answer})])

    assert requests[-1].state == "Waveform"
    assert requests[-1].payload["num_peaks"] == peaks


def test_three_silent_questions_end_typed():
    """A server that stays silent must get three questions, each with its own token."""
    silence = Failed("States.Timeout")

    _, requests, _ = walk_upload(
        [silence] * 3 + [Succeeded({"code": "X", "sentence": "y"})]
    )

    tokens = {r.token for r in requests if r.state == "Ask"}
    assert len(tokens) == 3
    assert requests[-1].payload["error"]["Error"] == "VerdictTimeoutError"


def test_retries_wait_as_the_machine_says():
    """The simulation's retries must wait like the machine's: 60·2ⁿ s, three times."""
    execution = Execution(load(), UPLOAD, "run", "2026-01-01T00:00:00.000Z")
    walk, sleeps, retries = execution.walk(), [], []

    request = next(walk)
    while not (isinstance(request, Invoke) and request.state == "TellFailure"):
        if isinstance(request, Sleep):
            sleeps.append(request)
            request = walk.send(None)
        else:
            retries.append(request.payload["retries"])
            request = walk.send(Failed("StorageUnavailableError"))

    assert [s.seconds for s in sleeps] == [60, 120, 240]
    assert retries == [0, 1, 2, 3]
    assert request.payload["retries"] == 0
    assert all(s.jitter for s in sleeps)


def test_the_walker_knows_every_kind_of_state():
    """A new kind of state would be walked wrongly until the walker knows the kind."""
    kinds = {state["Type"] for state in load()["States"].values()}

    assert kinds <= {"Task", "Choice", "Succeed", "Fail"}
    assert not re.findall(r"\$\{", str(load()["States"]))
