"""Invocations of a stage: typed errors, logs, metrics, and no secrets."""

import errno
import json
import traceback

import pytest
from support.records import UPLOAD, record
from waveflow import runtime
from waveflow.errors import (
    CorruptAudioError,
    DedupeRefusedError,
    InternalError,
    ResourceLimitError,
    StorageUnavailableError,
    WaveflowError,
    WebhookRejectedError,
)
from waveflow.events.flow import HashRequest

SECRET = "secret-" + "token"  # in two pieces: a traceback shows lines of code
EVENT = {"record": record(UPLOAD), "start": "2026-11-21T09:00:00Z", "name": "run-1"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch, request):
    """Set the environment of the services, and give each test a log of its own."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.name)
    monkeypatch.setenv("BUCKET_NAME", "bucket")
    runtime._logger.cache_clear()
    yield
    runtime._logger.cache_clear()


def handler(stage, *, name="hash"):
    """Return a handler of a stage that runs a function."""
    return runtime.lambda_stage(name, HashRequest)(stage)


def raising(error):
    """Return a handler that raises an error."""

    def stage(_request, _services):
        raise error

    return handler(stage)


def lines(capsys):
    """Return the printed lines, parsed as JSON."""
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
    """An error without a type would match none of Step Functions' exact names."""
    with pytest.raises(kind) as failure:
        raising(error)(EVENT, None)

    assert type(failure.value) is kind
    assert "secret-token" not in str(failure.value) + capsys.readouterr().out


def test_a_foreign_exception_is_not_shown_behind_the_typed_one():
    """Lambda logs the whole chain of a raised error, and a cause may hold a token."""
    with pytest.raises(InternalError) as failure:
        raising(KeyError(SECRET))(EVENT, None)

    shown = "".join(traceback.format_exception(failure.value))
    assert SECRET not in shown


@pytest.mark.parametrize("error", [KeyError("x"), OSError(errno.ENOSPC, "No space")])
def test_a_class_of_exception_is_in_the_log_alone(error, capsys):
    """A musician reads the message; an operator needs the class behind the message."""
    with pytest.raises(WaveflowError) as failure:
        raising(error)(EVENT, None)

    kind = type(error).__name__
    [ended] = [line for line in lines(capsys) if line.get("message") == "ended"]
    assert ended["kind"] == kind
    assert kind not in str(failure.value)
    assert "No space" not in str(failure.value)


def counts(line):
    """Return the counters of an invocation."""
    return {name: line[name][0] for name in ("served", "refused", "defects")}


def test_a_wrong_event_is_the_machines_fault(capsys):
    """An event that breaks the model is the machine's defect, and must be counted."""
    with pytest.raises(InternalError):
        handler(lambda _request, _services: None)({"record": {}}, None)

    ended, metrics, counted = lines(capsys)
    assert (ended["message"], ended["outcome"]) == ("ended", "INTERNAL_ERROR")
    assert (metrics["stage"], metrics["outcome"]) == ("hash", "INTERNAL_ERROR")
    assert counts(counted) == {"served": 0, "refused": 0, "defects": 1}


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (CorruptAudioError("broken"), {"served": 1, "refused": 1, "defects": 0}),
        (DedupeRefusedError("SELF"), {"served": 1, "refused": 1, "defects": 0}),
        (WebhookRejectedError("404"), {"served": 1, "refused": 1, "defects": 0}),
        (StorageUnavailableError("503"), {"served": 0, "refused": 0, "defects": 0}),
        (MemoryError(), {"served": 0, "refused": 0, "defects": 0}),
        (KeyError("x"), {"served": 0, "refused": 0, "defects": 1}),
    ],
)
def test_a_failure_counts_by_whose_fault_it_is(error, counted, capsys):
    """An alarm that rings for broken uploads is soon switched off."""
    with pytest.raises(WaveflowError):
        raising(error)(EVENT, None)

    assert counts(lines(capsys)[-1]) == counted


def test_every_line_carries_the_job(capsys):
    """An operator follows a job from queue to webhook by its id in every line."""
    event = {**EVENT, "retries": 2}

    handler(lambda _request, _services: {"source": {"size": 7}})(event, None)

    started, ended, metrics, _ = lines(capsys)
    job = "generate_hash_and_webhook-stem789-1704103200000"
    assert (started["message"], ended["message"]) == ("started", "ended")
    assert {started["job_id"], ended["job_id"]} == {job}
    assert (started["subject"], started["execution"]) == ("stem789", EVENT["name"])
    assert (ended["outcome"], ended["bytes"], ended["retries"]) == ("ok", 7, 2)
    assert (metrics["stage"], metrics["outcome"]) == ("hash", "ok")
    assert (metrics["bytes"], metrics["retries"]) == ([7], [2])


def test_alarms_find_the_metrics_by_the_service_alone(capsys, request):
    """Alarms of the template name one dimension, and would miss any other metric."""
    handler(lambda _request, _services: None)(EVENT, None)

    *_, counted = lines(capsys)
    [shape] = counted["_aws"]["CloudWatchMetrics"]
    assert shape["Namespace"] == "WaveFlow"
    assert shape["Dimensions"] == [["service"]]
    assert counted["service"] == request.node.name
    assert counts(counted) == {"served": 1, "refused": 0, "defects": 0}


def test_a_stage_of_its_own_alarm_is_counted_by_that_alarm_alone(capsys, request):
    """ErrorRateAlarm takes refusals off the errors that it knows; it knows ten."""
    handler(lambda _request, _services: None, name="compare")(EVENT, None)

    *_, apart, counted = lines(capsys)
    [shape] = apart["_aws"]["CloudWatchMetrics"]
    assert {*shape["Dimensions"][0]} == {"service", "stage"}
    assert (apart["service"], apart["stage"]) == (request.node.name, "compare")
    assert (apart["served"], apart["refused"]) == ([1], [0])
    assert counted["defects"] == [0]
    assert not {"served", "refused"} & {*counted}


def test_an_id_cannot_forge_a_log_line(capsys):
    """A newline in a name must not forge a line that an operator believes."""
    forged = {**UPLOAD, "stemId": 'x\n{"level": "ERROR"}'}

    raised = {**EVENT, "record": record(forged)}
    handler(lambda _request, _services: None)(raised, None)

    assert [line.get("level") for line in lines(capsys)] == ["INFO", "INFO", None, None]
