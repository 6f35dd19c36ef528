"""Three shapes of messages, read by one normaliser."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.records import SENT, START, TS, UPLOAD, record
from waveflow.errors import (
    InvalidIdError,
    InvalidMessageError,
    InvalidNumPeaksError,
    PathNotAllowedError,
    WaveflowError,
)
from waveflow.events.messages import (
    AnalysisMessage,
    DuplicateMessage,
    Job,
    MixMessage,
    UploadMessage,
)
from waveflow.events.normalise import Entry, find_job_id, read_job


def entry(body):
    """Return the entry that the machine makes of a message body."""
    return Entry(record=record(body), start=START, name="run-1")


def celery(**fields):
    """Return a message in the shape of seed 002."""
    return {
        "task": "app.tasks.generate_hash_and_webhook",
        "id": "hash-stem789-1",
        "args": [],
        "kwargs": {**UPLOAD, **fields},
    }


@pytest.mark.parametrize(
    "body",
    [
        celery(),
        {"task": "app.tasks.generate_hash_and_webhook", **UPLOAD},
        {"task": "generate_hash_and_webhook", **UPLOAD},
        UPLOAD,
    ],
)
def test_every_shape_yields_the_same_message(body):
    """A server may send Celery's envelope, a flat task, or bare fields."""
    job = read_job(entry(body))

    assert isinstance(job.message, UploadMessage)
    assert (job.ts, job.stem.stem_id, job.stem.num_peaks) == (TS, "stem789", 1024)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"audio_hash": "ab", "num_peaks": 10}, AnalysisMessage),
        ({"audio_hash": "ab"}, DuplicateMessage),
        ({}, UploadMessage),
        ({"stem_paths": ["audio/a.wav"], "stageId": "s"}, MixMessage),
    ],
)
def test_a_bare_body_is_told_by_its_fields(fields, kind):
    """Seed 000's server sends no task word, so fields must tell the message's kind."""
    assert isinstance(read_job(entry({**UPLOAD, **fields})).message, kind)


@pytest.mark.parametrize(
    ("body", "job_id"),
    [
        (celery(), "hash-stem789-1"),
        (UPLOAD, f"generate_hash_and_webhook-stem789-{TS}"),
        (
            {"stageId": "s", "stem_paths": ["audio/a"]},
            f"mix_stems_and_upload-s-{SENT}",
        ),
        ({"task": "nonsense"}, "message-1"),
        ("not json", "message-1"),
        (
            celery() | {"id": "not valid"},
            f"generate_hash_and_webhook-stem789-{TS}",
        ),
    ],
)
def test_the_job_id_comes_from_the_message_before_its_carrier(body, job_id):
    """A redelivered message must carry the id of its first delivery."""
    assert find_job_id(entry(body)) == job_id


def test_the_execution_names_a_job_that_nothing_else_names():
    """An operator must find even a job whose record is broken, by its execution."""
    assert find_job_id(Entry(record=None, start=START, name="run-1")) == "run-1"


@pytest.mark.parametrize(
    ("timestamp", "ts"),
    [
        ("2024-01-01T10:00:00", TS),
        ("2024-01-01T19:00:00+09:00", TS),
        ("2024-01-01T10:00:00.123Z", TS + 123),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_a_timestamp_is_read_as_utc(timestamp, ts):
    """Output keys carry the message's time, whatever its offset."""
    assert read_job(entry({**UPLOAD, "timestamp": timestamp})).ts == ts


@pytest.mark.parametrize(
    "task", ["app.tasks.app.tasks.generate_hash_and_webhook", "app.tasks.", "x"]
)
def test_a_task_word_has_one_prefix_at_most(task):
    """A word that the machine does not know must not be guessed by Python."""
    with pytest.raises(InvalidMessageError, match="unknown task"):
        read_job(entry({**UPLOAD, "task": task}))


@pytest.mark.parametrize(
    "timestamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_a_time_outside_of_the_calendar_is_refused(timestamp):
    """Such a time has no UTC date, and would end as an unexpected error."""
    with pytest.raises(InvalidMessageError, match="invalid timestamp"):
        read_job(entry({**UPLOAD, "timestamp": timestamp}))


def test_unknown_fields_are_carried():
    """The original server adds fields, and reads them in the answers."""
    job = read_job(entry(celery(roomId=7, stageId="st-1")))

    assert job.extra == {"roomId": 7}
    assert job.message.stage_id == "st-1"


def test_an_unknown_field_may_have_any_name():
    """A lone surrogate in a name is still JSON, and carried like the rest."""
    job = read_job(entry({**UPLOAD, "\ud800": 1}))

    assert job.extra == {"\ud800": 1}


def test_a_missing_field_is_named_and_no_value_is_told():
    """An error message must not repeat what a stranger wrote."""
    body = {"userId": "secret-user", "stemId": "secret-stem"}

    with pytest.raises(InvalidMessageError) as failure:
        read_job(entry(body))

    told = str(failure.value)
    assert told == (
        "The message lacks trackId, filepath, timestamp, original_filename."
    )


@pytest.mark.parametrize(
    ("fields", "error", "name"),
    [
        ({"stemId": "a/b"}, InvalidIdError, "stemId"),
        ({"stemId": "a\n"}, InvalidIdError, "stemId"),
        ({"userId": "x" * 129}, InvalidIdError, "userId"),
        ({"trackId": 7}, InvalidIdError, "trackId"),
        ({"upstreamId": ""}, InvalidIdError, "upstreamId"),
        ({"num_peaks": 0}, InvalidNumPeaksError, "num_peaks"),
        ({"num_peaks": 4001}, InvalidNumPeaksError, "num_peaks"),
        ({"num_peaks": True}, InvalidNumPeaksError, "num_peaks"),
        ({"num_peaks": "10"}, InvalidNumPeaksError, "num_peaks"),
        ({"num_peaks": None}, InvalidNumPeaksError, "num_peaks"),
        ({"num_peaks": 1.5}, InvalidNumPeaksError, "num_peaks"),
        ({"filepath": ""}, PathNotAllowedError, "filepath"),
        ({"filepath": 5}, InvalidMessageError, "filepath"),
        ({"timestamp": "yesterday"}, InvalidMessageError, "timestamp"),
        ({"timestamp": 5}, InvalidMessageError, "timestamp"),
        ({"original_filename": ["x"]}, InvalidMessageError, "original_filename"),
        # JSON can hold a lone surrogate, UTF-8 cannot.
        ({"num_peaks": "\ud800"}, InvalidNumPeaksError, "num_peaks"),
        ({"stemId": "\ud800"}, InvalidIdError, "stemId"),
        (
            {"audio_hash": "x", "duplicate_of": "\ud800"},
            InvalidMessageError,
            "duplicate_of",
        ),
        (
            {"audio_hash": "x", "duplicate_of": {"\ud800": 1}},
            InvalidMessageError,
            r"duplicate_of.stemId, duplicate_of.filepath, duplicate_of.\?\.",
        ),
        (
            {"audio_hash": "x", "duplicate_of": {}},
            InvalidMessageError,
            r"duplicate_of.stemId, duplicate_of.filepath\.",
        ),
        (
            {"waveform": {"a\nb\x00\x1b": 1}},
            InvalidMessageError,
            r"waveform.a\?b\?\?\.",
        ),
        (
            {"waveform": {"x" * 99: 1}},
            InvalidMessageError,
            rf"waveform.{'x' * 64}\.",
        ),
        (
            {"stem_paths": "\ud800", "stageId": "s"},
            InvalidMessageError,
            "stem_paths",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_its_own_code(fields, error, name):
    """A person sees the code, and the name tells which field to mend."""
    with pytest.raises(error, match=name):
        read_job(entry({**UPLOAD, **fields}))


@pytest.mark.parametrize(
    "paths", [[], ["audio/a", "audio/a"], [f"audio/{i}" for i in range(65)], "audio/a"]
)
def test_a_mix_has_1_to_64_distinct_stems(paths):
    """A stem named twice would be heard twice as loud."""
    with pytest.raises(InvalidMessageError, match="stem_paths"):
        read_job(entry({"stageId": "s", "stem_paths": paths}))


@pytest.mark.parametrize(
    "body",
    [
        None,
        "text",
        [],
        7,
        {"task": "other"},
        {"task": 7},
        celery() | {"args": [1]},
        celery() | {"kwargs": []},
        {"task": "generate_hash_and_webhook", "args": [1], **UPLOAD},
        {**UPLOAD, "x": float("inf")},
    ],
)
def test_what_is_no_message_is_refused(body):
    """A message of any shape must end with INVALID_MESSAGE, not as a crash."""
    with pytest.raises(InvalidMessageError):
        read_job(entry(body))


def test_null_means_absent_for_an_optional_field():
    """JavaScript sends null for a missing value, which must not fail a message."""
    job = read_job(entry({**UPLOAD, "upstreamId": None, "stageId": None}))

    assert job.message.upstream_id is msgspec.UNSET


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*UPLOAD, "task", "kwargs", "x"]), inner)
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_json_ends_as_a_job_or_as_a_typed_error(body):
    """A poison message must not crash the stage that reads it."""
    try:
        job = read_job(entry(body))
    except WaveflowError:
        return

    assert msgspec.convert(msgspec.to_builtins(job), Job) == job
