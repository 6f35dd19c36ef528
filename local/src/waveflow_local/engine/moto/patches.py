"""Mend moto 5.2.5 where moto differs from AWS; skip a patch that moto has itself."""

import functools
import time
import uuid
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from waveflow_local.engine.moto import (
    jsonata,
    late_tasks,
    speed,
    task_tokens,
    uploads,
)
from waveflow_local.engine.moto.patching import internal, replace

_retry_scale = 1.0


def apply() -> None:
    """Apply every patch of moto once; a second call changes nothing."""
    jsonata.apply()
    task_tokens.apply()
    late_tasks.apply()
    _name_executions()
    _complete_the_context()
    _scale_retries()
    speed.apply()
    uploads.apply()


def scale_retries(scale: float) -> None:
    """Shorten the waits of the engine's clock by `scale`, for tests."""
    global _retry_scale  # noqa: PLW0603 - moto's interpreter is global as well
    _retry_scale = scale


def scaled(seconds: float) -> float:
    """Return seconds of AWS as seconds of the engine's shortened clock."""
    return seconds * _retry_scale


def _name_executions() -> None:
    """Give unnamed executions a UUID as their name; moto starts only one without."""
    original = internal(StepFunctionsParserBackend, "start_execution")
    if hasattr(original, "__wrapped__") or "uuid4" in original.__code__.co_names:
        return

    @functools.wraps(original)
    def start(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        return original(
            self, state_machine_arn, name or str(uuid.uuid4()), *args, **kwargs
        )

    replace(StepFunctionsParserBackend, "start_execution", start)


def _complete_the_context() -> None:
    """Add RedriveCount to the execution's context, and write StartTime as AWS does."""
    original = internal(ExecutionWorker, "_get_evaluation_environment")
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def complete(self: ExecutionWorker) -> Any:
        env = original(self)
        execution = env.states.context_object.context_object_data["Execution"]
        execution.setdefault("RedriveCount", 0)
        started = execution["StartTime"]
        if isinstance(started, datetime):
            iso = started.isoformat(timespec="milliseconds")
            execution["StartTime"] = iso.replace("+00:00", "Z")
        return env

    replace(ExecutionWorker, "_get_evaluation_environment", complete)


def _scale_retries() -> None:
    """Make moto's interpreter sleep only a fraction of the seconds between retries."""

    def sleep(seconds: float) -> None:
        time.sleep(scaled(seconds))

    replace(retrier_decl, "time", SimpleNamespace(sleep=sleep))
