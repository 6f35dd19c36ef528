"""The notify stage asks and tells, and closes a token only on an answer."""

import json

import pytest
from support.memory import MemoryObjects
from support.records import START, UPLOAD, hash_request, record
from waveflow.errors import (
    WaveflowError,
    WebhookRejectedError,
    WebhookUnavailableError,
)
from waveflow.events.flow import (
    AskRequest,
    Outcome,
    TellFailureRequest,
    TellRequest,
    UndeliveredRequest,
    Verdict,
)
from waveflow.events.normalise import Entry, read_job
from waveflow.ports import Policy
from waveflow.stages.hash import hash_object
from waveflow.stages.notify import notify


class Server:
    """A webhook that keeps what it got and answers with one body."""

    def __init__(self, answer=b""):
        self.answer = answer
        self.received = []

    def post(self, path, payload, *, webhook_id):
        """Keep the delivery."""
        self.received.append((path, dict(payload), webhook_id))
        return self.answer


class Tokens:
    """Waiting tasks that keep what closed them."""

    def __init__(self):
        self.closed = []

    def succeed(self, token, output):
        """Keep the answer."""
        self.closed.append((token, dict(output)))


def policy(verdict_mode="callback"):
    """Return the operator's choices."""
    return Policy(
        allowed_prefixes=("audio/",),
        max_file_bytes=10_000,
        dedupe_mode="delete",
        verdict_mode=verdict_mode,
    )


def question(**fields):
    """Return the machine's request to ask for a verdict."""
    objects = MemoryObjects()
    objects.put(UPLOAD["filepath"], b"bytes")
    request = hash_request(roomId=7, status="mine", stageId="st-1")
    hashed = hash_object(request, objects=objects, policy=policy())
    asked = {"task_token": "token-1", "execution_arn": "arn:run-1", **fields}
    return AskRequest(job=hashed.job, source=hashed.source, **asked)


def run(request, answer=b"", mode="callback"):
    """Notify, and return what the server and the tokens saw."""
    server, tokens = Server(answer), Tokens()
    result = notify(request, webhook=server, tokens=tokens, policy=policy(mode))
    return server.received, tokens.closed, result


def test_the_question_carries_the_contract_and_the_unknown_fields():
    """Contract fields win over a message's fields of the same name."""
    [(path, payload, _)], closed, _ = run(question())

    assert path == "hash-check"
    assert payload["status"] == "hash_generated"
    assert payload["task_token"] == "token-1"
    assert payload["file_size"] == len(b"bytes")
    assert (payload["roomId"], payload["stageId"]) == (7, "st-1")
    assert closed == []


def test_every_question_is_a_delivery_of_its_own():
    """A receiver that drops repeats must answer each token."""
    [(_, _, first)], _, _ = run(question())
    [(_, _, second)], _, _ = run(question(task_token="token-2"))

    assert first != second


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"created",
        b"[]",
        b'{"status": "success"}',
        b"\xff",
        b"[" * 9999,
        '{"message": "완료"}'.encode("euc-kr"),
    ],
)
def test_any_other_body_means_received(answer):
    """NestJS answers 201 with whatever the controller returns."""
    _, closed, _ = run(question(), answer)

    assert closed == []


def test_a_verdict_in_the_body_closes_the_token():
    """A server without the AWS SDK can answer at once; only its answer is passed."""
    answer = {"verdict": "new", "num_peaks": 10, "note": "hello"}

    _, closed, _ = run(question(), json.dumps(answer).encode())

    assert closed == [("token-1", {"verdict": "new", "num_peaks": 10})]


def test_a_swallowed_error_is_asked_again():
    """The controller of seed 002 answers 201 with status error when it fails."""
    with pytest.raises(WebhookUnavailableError):
        run(question(), b'{"status": "error", "message": "db down"}')


def test_message_mode_ends_the_execution_silently():
    """A server written to seed 002 answers with the next message instead."""
    received, closed, _ = run(question(), b'{"status": "success"}', mode="message")

    assert len(received) == 1
    assert closed == [("token-1", {"verdict": "hold"})]


def test_a_known_verdict_is_not_asked_for():
    """A deletion that is already done must not be put to the server again."""
    received, closed, _ = run(question(verdict=Verdict(verdict="new")))

    assert received == []
    assert closed == [("token-1", {"verdict": "new"})]


def undelivered(error):
    """Return the machine's request after a question that was not asked."""
    return UndeliveredRequest(job=question().job, error=error)


@pytest.mark.parametrize("kind", [WebhookRejectedError, WebhookUnavailableError])
def test_an_undelivered_question_fails_again_where_a_redrive_resumes(kind):
    """The machine hands back what kept it from asking, until it is redriven."""
    cause = json.dumps({"errorMessage": "The server answered 404."})

    with pytest.raises(kind, match="answered 404"):
        run(undelivered({"Error": kind.__name__, "Cause": cause}))


def test_a_redriven_question_is_asked_again():
    """Once the execution was redriven, nothing stands in the question's way."""
    received, closed, _ = run(undelivered(None))

    assert (received, closed) == ([], [])


def failure(body, error="CorruptAudioError", cause="The file is broken."):
    """Return the machine's request to tell a failure."""
    return TellFailureRequest(
        record=record(body),
        start=START,
        name="run-1",
        stage="waveform",
        error={"Error": error, "Cause": json.dumps({"errorMessage": cause})},
    )


def test_a_failure_is_told_with_its_code():
    """The server shows the sentence and keeps the code."""
    [(path, payload, _)], _, result = run(failure(UPLOAD))

    assert path == "completion"
    assert payload["status"] == "FAILURE"
    assert payload["result"] == {
        "error": "Corrupt audio",
        "error_code": "CORRUPT_AUDIO",
        "error_message": "The file is broken.",
        "stage": "waveform",
        "retryable": False,
    }
    assert (result.code, result.sentence) == ("CORRUPT_AUDIO", "The file is broken.")


@pytest.mark.parametrize(
    ("error", "code"),
    [(kind.__name__, kind.code) for kind in WaveflowError.__subclasses__()]
    + [
        ("Lambda.Unknown", "RESOURCE_LIMIT"),
        ("Sandbox.Timedout", "RESOURCE_LIMIT"),
        ("States.Timeout", "RESOURCE_LIMIT"),
        ("Lambda.AWSLambdaException", "INTERNAL_ERROR"),
        ("KeyError", "INTERNAL_ERROR"),
    ],
)
def test_every_error_has_its_code(error, code):
    """Step Functions names errors by class; the server knows codes."""
    assert run(failure(UPLOAD, error))[2].code == code


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"stemId": "s"}, "completion"),
        ({"task": "nonsense", "kwargs": {"stemId": "s"}}, "completion"),
        ({"stageId": "st"}, "mixing-complete"),
        ({"stageId": "st", "stemId": "s"}, "completion"),
        ({"stageId": "st", "stem_paths": ["audio/a"]}, "mixing-complete"),
        ({"stemId": "../x"}, None),
        ({"task": "nonsense"}, None),
        ("no json", None),
    ],
)
def test_a_failure_is_told_where_an_id_says_whom_it_is_about(body, path):
    """A message too broken to name anybody still ends with its code."""
    received, _, result = run(failure(body, "InvalidMessageError"))

    assert [told[0] for told in received] == ([path] if path else [])
    assert result.code == "INVALID_MESSAGE"


def test_the_same_end_is_the_same_delivery():
    """Retries repeat the id; a success after a failure is news."""
    job = read_job(Entry(record=record(UPLOAD), start=START, name="run-1"))
    outcome = Outcome(status="SUCCESS", result={}, processing_time=1.0)
    told = [run(TellRequest(job=job, outcome=outcome))[0][0][2] for _ in range(2)]
    failed = run(failure(UPLOAD))[0][0][2]
    other = run(failure(UPLOAD, "EmptyAudioError"))[0][0][2]

    assert told[0] == told[1]
    assert len({told[0], failed, other}) == 3


def test_other_ends_are_other_deliveries():
    """A receiver drops what it has seen: of another job, or told elsewhere, is news."""
    jobs = [{**UPLOAD, "stemId": name} for name in ("one", "two")]
    elsewhere = [
        {"task": "nonsense", "id": "one-id", "kwargs": {name: "s"}}
        for name in ("stemId", "stageId")
    ]

    told = [run(failure(body))[0][0][2] for body in [*jobs, *elsewhere]]

    assert len(set(told)) == 4


def test_a_refused_message_is_told_with_all_that_it_said():
    """A server that correlates by a field of its own must find it again."""
    [(_, payload, _)], _, _ = run(failure({**UPLOAD, "num_peaks": 5000, "roomId": 7}))

    assert payload["roomId"] == 7
    assert payload["original_filename"] == UPLOAD["original_filename"]
    assert payload["timestamp"] == UPLOAD["timestamp"]
    assert payload["stemId"] == UPLOAD["stemId"]


def test_the_paths_of_a_refused_mix_are_echoed():
    """Byte for byte, in order, also when they are what is wrong."""
    paths = ["audio/b", "audio/a", "audio/b"]
    [(_, payload, _)], _, _ = run(failure({"stageId": "st", "stem_paths": paths}))

    assert (payload["stem_paths"], payload["stem_count"]) == (paths, 3)


def test_a_field_of_the_event_is_never_carried():
    """A message must not be able to write the server's result."""
    body = {"stageId": "st", "stem_paths": ["audio/a"], "result": {"error_code": "X"}}
    job = read_job(Entry(record=record(body), start=START, name="run-1"))
    outcome = Outcome(status="SUCCESS", result={}, processing_time=1.0)

    [(_, payload, _)], _, _ = run(TellRequest(job=job, outcome=outcome))

    assert "result" not in payload


def test_an_infinite_number_is_refused_and_not_sent_on():
    """JSON readers may make one of 1e999; JSON writers cannot."""
    [(_, payload, _)], _, result = run(failure({**UPLOAD, "x": float("inf")}))

    assert "x" not in payload
    assert result.code == "CORRUPT_AUDIO"
