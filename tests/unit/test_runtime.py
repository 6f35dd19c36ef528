"""Every invocation is typed, logged and measured, and nothing else is told."""

import errno
import json

import pytest
from support.records import UPLOAD, record
from waveflow import runtime
from waveflow.errors import (
    CorruptAudioError,
    DedupeRefusedError,
    InternalError,
    ResourceLimitError,
)
from waveflow.events.flow import HashRequest

EVENT = {"record": record(UPLOAD), "start": "2026-11-21T09:00:00Z", "name": "run-1"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch, request):
    """Give the services an environment, and each test a log of its own."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.name)
    monkeypatch.setenv("BUCKET_NAME", "bucket")
    runtime._logger.cache_clear()
    yield
    runtime._logger.cache_clear()


def handler(stage):
    """Return a handler of the stage `hash` that does what it is told."""
    return runtime.lambda_stage("hash", HashRequest)(stage)


def raising(error):
    """Return a handler that fails."""

    def stage(_request, _services):
        raise error

    return handler(stage)


def lines(capsys):
    """Return what was printed, line by line."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CorruptAudioError("broken"), CorruptAudioError),
        (DedupeRefusedError("SELF"), DedupeRefusedError),
        (MemoryError(), ResourceLimitError),
        (OSError(errno.ENOSPC, "No space left on device"), ResourceLimitError),
        (OSError(errno.EROFS, "Read-only file system"), ResourceLimitError),
        (OSError(errno.ECONNRESET, "reset"), InternalError),
        (KeyError("secret-token"), InternalError),
    ],
)
def test_every_failure_leaves_typed(error, kind, capsys):
    """Step Functions matches exact names; an untyped one would match nothing."""
    with pytest.raises(kind) as failure:
        raising(error)(EVENT, None)

    assert type(failure.value) is kind
    assert "secret-token" not in str(failure.value) + capsys.readouterr().out


def test_a_wrong_event_is_the_machines_fault():
    """The model is the seam; nothing behind it checks again."""
    with pytest.raises(InternalError):
        handler(lambda _request, _services: None)({"record": {}}, None)


def test_every_line_carries_the_job(capsys):
    """The job's id leads from the queue to the webhook."""
    handler(lambda _request, _services: {"source": {"size": 7}})(EVENT, None)

    started, ended, metrics = lines(capsys)
    job = "generate_hash_and_webhook-stem789-1704103200000"
    assert (started["message"], ended["message"]) == ("started", "ended")
    assert {started["job_id"], ended["job_id"]} == {job}
    assert (ended["outcome"], ended["bytes"]) == ("ok", 7)
    assert (metrics["stage"], metrics["outcome"]) == ("hash", "ok")
    assert metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "WaveFlow"


def test_an_id_cannot_forge_a_log_line(capsys):
    """A newline in a name stays inside its JSON string."""
    forged = {**UPLOAD, "stemId": 'x\n{"level": "ERROR"}'}

    raised = {**EVENT, "record": record(forged)}
    handler(lambda _request, _services: None)(raised, None)

    assert [line.get("level") for line in lines(capsys)] == ["INFO", "INFO", None]
