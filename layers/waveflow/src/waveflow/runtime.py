"""Turn a stage function into a Lambda handler: model in, one call, model out.

Every line of the log carries the job's id and no event, token or signed URL.
"""

import errno
import functools
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from waveflow.bootstrap import Services, services
from waveflow.errors import (
    DedupeRefusedError,
    InternalError,
    ResourceLimitError,
    WaveflowError,
)
from waveflow.events.fields import JsonObject
from waveflow.events.messages import Job
from waveflow.events.normalise import Entry, find_ids, find_job_id


class JobRequest(Protocol):
    """Describe the input of a stage that gets a job instead of a queue record."""

    @property
    def job(self) -> Job:
        """Return the job that the first stage read from the message."""
        ...

    @property
    def retries(self) -> int:
        """Return how often the state machine has retried the stage."""
        ...


Request = Entry | JobRequest
# Any is the stage's own model: `lambda_stage` converts the event to it.
Stage = Callable[[Any, Services], object]
Handler = Callable[[JsonObject, object], JsonObject | None]
METRICS_NAMESPACE = "WaveFlow"
# A CloudWatch alarm takes ten metrics, and ErrorRateAlarm has ten: an alarm of its own
# watches how often these stages fail.
WATCHED_APART = ("compare",)
UNITS = {
    "duration_s": MetricUnit.Seconds,
    "peak_memory_mb": MetricUnit.Megabytes,
    "bytes": MetricUnit.Bytes,
    "audio_s": MetricUnit.Seconds,
}
_FULL = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM),
}
# Linux counts the peak memory in KiB, macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def lambda_stage(name: str, model: object) -> Callable[[Stage], Handler]:
    """Return a decorator that makes a stage function the Lambda handler `name`."""

    def decorate(stage: Stage) -> Handler:
        @functools.wraps(stage)
        def handler(event: JsonObject, _context: object) -> JsonObject | None:
            return _run(stage, event, model=model, name=name)

        return handler

    return decorate


def _request(event: JsonObject, model: object) -> Request:
    try:
        request: Request = msgspec.convert(event, model)
    except msgspec.ValidationError as exc:
        raise InternalError(f"The machine sent a wrong event: {exc}.") from None
    return request


def _run(
    stage: Stage, event: JsonObject, *, model: object, name: str
) -> JsonObject | None:
    """Run a stage between two log lines, and emit its metrics."""
    started = time.monotonic()
    keys = {"stage": name}
    measured: dict[str, float] = {}
    error: WaveflowError | None = None
    result: JsonObject | None = None
    try:
        request = _request(event, model)
        keys["job_id"], measured["retries"] = _job_id(request), request.retries
        _logger().info("started", extra={**keys, **_execution_of(request)})
        result = msgspec.to_builtins(_run_typed(stage, request, keys=keys))
    except WaveflowError as exc:
        error = exc
        raise
    finally:
        outcome = _outcome_word(error)
        measured |= {
            "duration_s": round(time.monotonic() - started, 3),
            "peak_memory_mb": _peak_memory_mb(),
            **_size_of(result),
        }
        _logger().info(
            "ended", extra={**keys, **_kind_of(error), "outcome": outcome, **measured}
        )
        _emit(measured, stage=name, outcome=outcome)
        _emit_counts(error, stage=name)
    return result


def _kind_of(error: WaveflowError | None) -> dict[str, str]:
    """Return the class of the exception behind an error, whose text may be secret."""
    behind = error and (error.__cause__ or error.__context__)
    return {"kind": type(behind).__name__} if behind else {}


def _outcome_word(error: WaveflowError | None) -> str:
    if isinstance(error, DedupeRefusedError):
        return error.reason
    return "ok" if error is None else error.code


def _counts(error: WaveflowError | None) -> dict[str, float]:
    """Return metrics: a faulty job counts as `refused`, our own fault as `defects`.

    An error that may pass (`retryable`) and a function that is killed count as neither.
    """
    defect = isinstance(error, InternalError)
    refused = error is not None and not error.retryable and not defect
    return {"served": error is None or refused, "refused": refused, "defects": defect}


def _emit_counts(error: WaveflowError | None, *, stage: str) -> None:
    """Print what the alarms count; ErrorRateAlarm takes off what it has counted."""
    counts = _counts(error)
    if stage in WATCHED_APART:
        _emit({name: counts.pop(name) for name in ("served", "refused")}, stage=stage)
    _emit(counts)


def _size_of(result: JsonObject | None) -> dict[str, float]:
    """Return the bytes and audio seconds that a stage's result names, if any."""
    if result is None:
        return {}
    outcome = result.get("outcome") or result
    told = {**(result.get("source") or {}), **(outcome.get("result") or {})}
    sizes = {"bytes": ("size", "file_size"), "audio_s": ("duration",)}
    return {
        name: told[key] for name, keys in sizes.items() for key in keys if key in told
    }


def _emit(measured: dict[str, float], **dimensions: str) -> None:
    """Print the invocation's metrics in CloudWatch's embedded metric format."""
    metrics = EphemeralMetrics(namespace=METRICS_NAMESPACE)
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    for name, amount in measured.items():
        metrics.add_metric(name, UNITS.get(name, MetricUnit.Count), amount)
    metrics.flush_metrics()


def _run_typed(stage: Stage, request: Request, *, keys: dict[str, str]) -> object:
    """Run the stage, and convert every exception into a WaveFlow error."""
    try:
        return stage(request, services())
    except WaveflowError:
        raise
    except Exception as exc:  # noqa: BLE001 - nothing untyped may reach the machine
        # A foreign exception's text may hold a task token; its traceback may not.
        place = traceback.format_list(traceback.extract_tb(exc.__traceback__))
        kind = type(exc).__name__
        _logger().warning("unexpected", extra={**keys, "kind": kind, "place": place})
        raise _error_of(exc) from None


@functools.lru_cache(maxsize=1)
def _logger() -> Logger:
    return Logger()


def _job_id(request: Request) -> str:
    return find_job_id(request) if isinstance(request, Entry) else request.job.job_id


def _execution_of(request: Request) -> dict[str, str]:
    """Return a first stage's execution and its stem or stage, for who looks for both.

    Pipes names executions by itself, so that the logs alone join name and stem.
    """
    if not isinstance(request, Entry):
        return {}
    ids = find_ids(request.record)
    subject = ids.get("stemId") or ids.get("stageId")
    return {"execution": request.name, **({"subject": subject} if subject else {})}


def _error_of(exc: Exception) -> WaveflowError:
    if isinstance(exc, MemoryError):
        return ResourceLimitError("The memory is used up.")
    if isinstance(exc, OSError) and exc.errno in _FULL:
        return ResourceLimitError("The disk is full or broken.")
    return InternalError("An unexpected error was raised.")


def _peak_memory_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * _RSS_UNIT >> 20
