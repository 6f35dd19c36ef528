"""Webhooks of a back-fill say that they are of a back-fill."""

import msgspec
import pytest
from waveflow.events.deliveries import delivery_of_failure, delivery_of_outcome
from waveflow.events.flow import Outcome, TellFailureRequest
from waveflow.events.normalise import Entry, read_job
from waveflow_local.json_schemas import schemas
from waveflow_local.ops.backfill.lines import BackfillLine, record_of

NAME, START = "backfill-3f9a1c20b7de-17", "2026-11-21T09:00:00Z"
LINE = {
    "userId": "ann",
    "trackId": "song",
    "stemId": "s-1",
    "filepath": "audio/s-1.wav",
    "timestamp": "2026-01-01T00:00:00Z",
    "stageId": "stage",
}


def record(name=NAME):
    """Return the record of an execution that draws the line."""
    line = msgspec.convert(LINE, BackfillLine)
    return record_of(line, name, num_peaks=None, options={})


def failed(made):
    """Return the webhook about a failure."""
    request = TellFailureRequest(
        record=made,
        start=START,
        name=NAME,
        stage="waveform",
        error={"Error": "CorruptAudioError", "Cause": "none"},
    )
    delivery = delivery_of_failure(request, read_job(request), code="CORRUPT_AUDIO")
    assert delivery is not None
    return delivery


def drawn(made):
    """Return the webhook about a drawn stem."""
    job = read_job(Entry(record=made, start=START, name=NAME))
    outcome = Outcome(status="SUCCESS", result={}, processing_time=0.1)
    return delivery_of_outcome(job, outcome)


@pytest.mark.parametrize("told", [drawn, failed])
def test_a_back_fills_webhook_says_so_and_has_an_id_of_its_run(told):
    """A user must not get a thousand mails on the day of a back-fill."""
    delivery = told(record())

    assert delivery.path == "completion"
    assert delivery.payload["backfill"] is True
    assert delivery.payload["task_id"] == NAME
    assert delivery.payload["stageId"] == "stage"


def test_two_runs_send_two_webhook_ids():
    """A server that takes the second run for a repeat never learns of its outputs."""
    first, second = drawn(record()), drawn(record("backfill-000000000000-17"))

    assert first.webhook_id != second.webhook_id


def test_the_schema_names_what_no_model_has():
    """A developer who reads the schema alone must find the field."""
    schema = schemas()["completion"]

    assert schema["properties"]["backfill"]["type"] == "boolean"
    assert "backfill" not in schema["required"]
