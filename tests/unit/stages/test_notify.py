"""Questions and outcomes of the notify stage, and the tokens that it closes."""

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
    """Webhook that keeps its deliveries, and answers with one body."""

    def __init__(self, answer=b""):
        self.answer = answer
        self.received = []

    def post(self, path, payload, *, webhook_id):
        """Keep the delivery, and return the answer."""
        self.received.append((path, dict(payload), webhook_id))
        return self.answer


class Tokens:
    """Task tokens that keep the answers by which they were closed."""

    def __init__(self):
        self.closed = []

    def succeed(self, token, output):
        """Keep the token and its answer."""
        self.closed.append((token, dict(output)))


def policy(verdict_mode="callback"):
    """Return the policy of an operator who chose a verdict mode."""
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
    """Run notify; return the deliveries, the closed tokens and the result."""
    server, tokens = Server(answer), Tokens()
    result = notify(request, webhook=server, tokens=tokens, policy=policy(mode))
    return server.received, tokens.closed, result


def test_the_question_carries_the_contract_and_the_unknown_fields():
    """A server relies on the contract's fields, which a message must not replace."""
    [(path, payload, _)], closed, _ = run(question())

    assert path == "hash-check"
    assert payload["status"] == "hash_generated"
    assert payload["task_token"] == "token-1"
    assert payload["file_size"] == len(b"bytes")
    assert (payload["roomId"], payload["stageId"]) == (7, "st-1")
    assert closed == []


def test_every_question_is_a_delivery_of_its_own():
    """A receiver that drops repeats must answer each question, so ids must differ."""
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
    """NestJS answers 201 with any body, and no such body may close the token."""
    _, closed, _ = run(question(), answer)

    assert closed == []


def test_a_verdict_in_the_body_closes_the_token():
    """A server may answer in the body, and only a verdict's fields may be passed on."""
    answer = {"verdict": "new", "num_peaks": 10, "note": "hello"}

    _, closed, _ = run(question(), json.dumps(answer).encode())

    assert closed == [("token-1", {"verdict": "new", "num_peaks": 10})]


def test_a_swallowed_error_is_asked_again():
    """Seed 002's server answers 201 with status error, and must be asked again."""
    with pytest.raises(WebhookUnavailableError):
        run(question(), b'{"status": "error", "message": "db down"}')


def test_message_mode_ends_the_execution_silently():
    """An execution in message mode must end, as the next message is the verdict."""
    received, closed, _ = run(question(), b'{"status": "success"}', mode="message")

    assert len(received) == 1
    assert closed == [("token-1", {"verdict": "hold"})]


def test_a_known_verdict_is_not_asked_for():
    """A server must not be asked again about a deletion that is already done."""
    received, closed, _ = run(question(verdict=Verdict(verdict="new")))

    assert received == []
    assert closed == [("token-1", {"verdict": "new"})]


def undelivered(error):
    """Return the machine's request after a question that was not asked."""
    return UndeliveredRequest(job=question().job, error=error)


@pytest.mark.parametrize("kind", [WebhookRejectedError, WebhookUnavailableError])
def test_an_undelivered_question_fails_again_where_a_redrive_resumes(kind):
    """An undelivered question must keep failing in the state that a redrive resumes."""
    cause = json.dumps({"errorMessage": "The server answered 404."})

    with pytest.raises(kind, match="answered 404"):
        run(undelivered({"Error": kind.__name__, "Cause": cause}))


def test_a_redriven_question_is_asked_again():
    """After a redrive the question must be asked, and the old error forgotten."""
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
    """A server needs the code to decide, and the sentence for its user."""
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
    """A server knows codes, so each class that Step Functions names must have one."""
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
    """A server must hear of a broken message that still names a stem or a stage."""
    received, _, result = run(failure(body, "InvalidMessageError"))

    assert [told[0] for told in received] == ([path] if path else [])
    assert result.code == "INVALID_MESSAGE"


def test_the_same_end_is_the_same_delivery():
    """A retry must repeat its id, or receivers count one end as two."""
    job = read_job(Entry(record=record(UPLOAD), start=START, name="run-1"))
    outcome = Outcome(status="SUCCESS", result={}, processing_time=1.0)
    told = [run(TellRequest(job=job, outcome=outcome))[0][0][2] for _ in range(2)]
    failed = run(failure(UPLOAD))[0][0][2]
    other = run(failure(UPLOAD, "EmptyAudioError"))[0][0][2]

    assert told[0] == told[1]
    assert len({told[0], failed, other}) == 3


def test_other_ends_are_other_deliveries():
    """Receivers drop known ids, so ends of other jobs or paths need other ids."""
    jobs = [{**UPLOAD, "stemId": name} for name in ("one", "two")]
    elsewhere = [
        {"task": "nonsense", "id": "one-id", "kwargs": {name: "s"}}
        for name in ("stemId", "stageId")
    ]

    told = [run(failure(body))[0][0][2] for body in [*jobs, *elsewhere]]

    assert len(set(told)) == 4


def test_a_refused_message_is_told_with_all_that_it_said():
    """A server finds its job by the fields that the refused message carried."""
    [(_, payload, _)], _, _ = run(failure({**UPLOAD, "num_peaks": 5000, "roomId": 7}))

    assert payload["roomId"] == 7
    assert payload["original_filename"] == UPLOAD["original_filename"]
    assert payload["timestamp"] == UPLOAD["timestamp"]
    assert payload["stemId"] == UPLOAD["stemId"]


def test_the_paths_of_a_refused_mix_are_echoed():
    """A server must see the paths of a refused mix, byte for byte and in order."""
    paths = ["audio/b", "audio/a", "audio/b"]
    [(_, payload, _)], _, _ = run(failure({"stageId": "st", "stem_paths": paths}))

    assert (payload["stem_paths"], payload["stem_count"]) == (paths, 3)


def test_a_field_of_the_event_is_never_carried():
    """A sender's message must not write the result that a server reads."""
    body = {"stageId": "st", "stem_paths": ["audio/a"], "result": {"error_code": "X"}}
    job = read_job(Entry(record=record(body), start=START, name="run-1"))
    outcome = Outcome(status="SUCCESS", result={}, processing_time=1.0)

    [(_, payload, _)], _, _ = run(TellRequest(job=job, outcome=outcome))

    assert "result" not in payload


def test_an_infinite_number_is_refused_and_not_sent_on():
    """JSON writers cannot send Infinity, which readers make of 1e999."""
    [(_, payload, _)], _, result = run(failure({**UPLOAD, "x": float("inf")}))

    assert "x" not in payload
    assert result.code == "CORRUPT_AUDIO"
