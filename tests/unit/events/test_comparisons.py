"""Messages that ask for a comparison, and the webhooks that answer them."""

import pytest
from support.records import SENT, START, TS, UPLOAD, record
from waveflow.errors import (
    InvalidIdError,
    InvalidMessageError,
    InvalidNumPeaksError,
)
from waveflow.events.deliveries import delivery_of_failure, delivery_of_outcome
from waveflow.events.flow import Outcome, TellFailureRequest
from waveflow.events.messages import CompareMessage, MixMessage, UploadMessage
from waveflow.events.normalise import Entry, find_job_id, read_job

KEYS = {"before": "audio/a.wav", "after": "mixed/b.wav"}
FIELDS = {"stageId": "stage1", "pairs": [KEYS], "timestamp": "2024-01-01T10:00:00Z"}
TASK = {"task": "compare_mixes"}


def job_of(body):
    """Return the job of a message."""
    return read_job(Entry(record=record(body), start=START, name="run-1"))


def failure_of(body, code="STEM_MISSING"):
    """Return the webhook of a comparison that failed, if there is one."""
    request = TellFailureRequest(
        record=record(body), start=START, name="run-1", stage="compare", error={}
    )
    try:
        job = job_of(body)
    except (InvalidMessageError, InvalidIdError, InvalidNumPeaksError):
        job = None
    return delivery_of_failure(request, job, code=code)


@pytest.mark.parametrize(
    "body",
    [
        {**TASK, **FIELDS},
        {"task": "app.tasks.compare_mixes", **FIELDS},
        {**TASK, "id": "c-1", "args": [], "kwargs": FIELDS},
    ],
)
def test_every_shape_with_its_task_word_is_a_comparison(body):
    """A server may send Celery's envelope, or a flat task."""
    job = job_of(body)

    assert isinstance(job.message, CompareMessage)
    assert (job.subject_id, job.ts, job.timestamp) == (
        "stage1",
        TS,
        FIELDS["timestamp"],
    )
    assert job.message.num_peaks == 1024
    assert [pair.keys for pair in job.message.pairs] == [tuple(KEYS.values())]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({**UPLOAD, "pairs": [KEYS]}, UploadMessage),
        ({"stageId": "s", "stem_paths": ["audio/a"], "pairs": 7}, MixMessage),
    ],
)
def test_pairs_alone_make_no_comparison(body, kind):
    """A server that sends `pairs` of its own in a mix must get what it got before."""
    job = job_of(body)

    assert isinstance(job.message, kind)
    assert job.extra == {"pairs": body["pairs"]}


@pytest.mark.parametrize("left", ["before", "after"])
@pytest.mark.parametrize("is_null", [False, True])
def test_a_version_may_be_null_or_absent(left, is_null):
    """A stem that is new has no older version, however a server says so."""
    pair = {left: "audio/a.wav"}
    if is_null:
        pair |= {name: None for name in KEYS if name != left}

    [read] = job_of({**TASK, **FIELDS, "pairs": [pair]}).message.pairs

    assert read.keys == ("audio/a.wav",)
    assert getattr(read, left) == "audio/a.wav"


SECRET = "audio/secret.wav"
WRONG = [
    ("pairs", []),
    ("pairs", [KEYS] * 65),
    ("pairs", {}),
    ("pairs", "audio/a.wav"),
    ("pairs", [[SECRET, SECRET]]),
    ("pairs[0] (both versions are null)", [{}]),
    ("pairs[1] (both versions are null)", [KEYS, {"before": None, "after": None}]),
    ("pairs[1].x", [KEYS, {**KEYS, "x": SECRET}]),
    ("pairs[0].before", [{"before": 1, "after": SECRET}]),
    ("pairs[0].after", [{"before": SECRET, "after": ""}]),
    ("pairs[0].after", [{"before": SECRET, "after": [SECRET]}]),
]


@pytest.mark.parametrize(("named", "pairs"), WRONG)
def test_a_wrong_pair_is_named_without_its_value(named, pairs):
    """A developer must see which of 64 pairs is wrong, and a log no key."""
    with pytest.raises(InvalidMessageError) as failure:
        job_of({**TASK, **FIELDS, "pairs": pairs})

    assert str(failure.value) == f"The message has an invalid {named}."


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({"pairs": None}, InvalidMessageError, "lacks pairs"),
        ({"stageId": None}, InvalidMessageError, "lacks stageId"),
        ({"stageId": "a b"}, InvalidIdError, "stageId"),
        ({"upstreamId": "a/b"}, InvalidIdError, "upstreamId"),
        ({"num_peaks": 0}, InvalidNumPeaksError, "num_peaks"),
        ({"num_peaks": None}, InvalidNumPeaksError, "num_peaks"),
        ({"num_peaks": True}, InvalidNumPeaksError, "num_peaks"),
        ({"timestamp": "yesterday"}, InvalidMessageError, "timestamp"),
        ({"audio_id": True}, InvalidMessageError, "no option audio_id"),
        ({"mix": {}}, InvalidMessageError, "no option mix"),
    ],
)
def test_every_other_field_is_checked_as_in_other_messages(fields, error, named):
    """A comparison without a usable id or time could neither be stored nor told."""
    with pytest.raises(error, match=named):
        job_of({**TASK, **FIELDS, **fields})


def test_64_pairs_may_name_one_key_again_and_again():
    """A backing track is compared with each of its 64 successors."""
    pairs = [{"before": "audio/a.wav", "after": f"audio/{n}.wav"} for n in range(64)]

    assert len(job_of({**TASK, **FIELDS, "pairs": pairs}).message.pairs) == 64


@pytest.mark.parametrize(
    ("fields", "job_id"),
    [
        ({}, f"compare_mixes-stage1-{TS}"),
        ({"timestamp": None}, f"compare_mixes-stage1-{SENT}"),
        ({"stageId": "a b"}, "message-1"),
    ],
)
def test_the_job_id_is_made_of_stage_and_time(fields, job_id):
    """A redelivered comparison must carry the id of its first delivery."""
    entry = Entry(
        record=record({**TASK, **FIELDS, **fields}), start=START, name="run-1"
    )

    assert find_job_id(entry) == job_id


def test_a_comparison_is_told_with_its_fields_alone():
    """A server relies on these names; unknown fields of its own come back beside."""
    job = job_of({**TASK, **FIELDS, "upstreamId": "up-1", "projectId": 7})
    result = {"comparison_path": "comparisons/x", "statuses": ["same"], "warnings": []}
    outcome = Outcome(status="SUCCESS", processing_time=0.1, result=result)

    told = delivery_of_outcome(job, outcome)

    assert told.path == "comparison-complete"
    assert told.payload == {
        "projectId": 7,
        "stageId": "stage1",
        "status": "SUCCESS",
        "comparison_path": "comparisons/x",
        "statuses": ["same"],
        "upstreamId": "up-1",
        "task_id": f"compare_mixes-stage1-{TS}",
        "timestamp": "2024-01-01T10:00:00Z",
        "warnings": [],
    }
    assert delivery_of_outcome(job, outcome).webhook_id == told.webhook_id


def test_a_failed_comparison_has_the_five_error_fields():
    """A page shows the reason of a failure, and a repeat has the same id."""
    told = failure_of({**TASK, **FIELDS})

    assert told.path == "comparison-complete"
    payload = told.payload
    assert (payload["status"], payload["comparison_path"]) == ("FAILURE", None)
    assert (payload["statuses"], payload["warnings"]) == ([], [])
    assert payload["result"] == {
        "error": "Stem missing",
        "error_code": "STEM_MISSING",
        "error_message": "",
        "stage": "compare",
        "retryable": False,
    }
    assert failure_of({**TASK, **FIELDS}).webhook_id == told.webhook_id


def test_a_message_that_cannot_be_read_is_told_where_comparisons_are():
    """A server waits at /comparison-complete, also where it wrote a wrong pair."""
    body = {**TASK, **FIELDS, "pairs": [{}], "stemId": "s", "projectId": 7}

    told = failure_of(body, "INVALID_MESSAGE")

    assert told.path == "comparison-complete"
    assert told.payload["task_id"] == f"compare_mixes-stage1-{TS}"
    assert (told.payload["stemId"], told.payload["projectId"]) == ("s", 7)
    assert "pairs" not in told.payload


def test_a_comparison_of_no_stage_is_told_by_its_stem_or_not_at_all():
    """A message without any valid id has nobody who could be told."""
    body = {**TASK, **FIELDS, "stageId": "a b"}

    assert failure_of(body, "INVALID_ID") is None
    assert failure_of({**body, "stemId": "s"}, "INVALID_ID").path == "completion"


@pytest.mark.parametrize(
    ("given", "task_id"), [({}, "message-1"), ({"id": "mine"}, "mine")]
)
def test_a_refused_second_request_has_an_id_of_its_own(given, task_id):
    """A server takes a second webhook under the first request's id for a repeat."""
    body = {**TASK, "kwargs": FIELDS, **given}

    assert failure_of(body, "INVALID_MESSAGE").payload["task_id"] == task_id
