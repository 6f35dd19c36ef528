"""Open, renew and close Step Functions' task tokens as AWS does."""

import functools
import secrets
import threading
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import EmptyResult
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.parser.asl.component.common.retry.retry_outcome import (
    RetryOutcome,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback_state,
)
from moto.stepfunctions.parser.asl.eval import states
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackConsumerLeft,
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from waveflow_local.engine.moto.patching import internal, replace

_PREFIX = "AQCkAAAAKgAAAAMAAAAAAAAAA"
_RANDOM_BYTES = 456  # a token of 633 characters; the API takes 2,048
_ANSWERED_ONCE = threading.Lock()
_CallbackState = callback_state.StateTaskServiceCallback


class TaskTimedOut(AWSError):  # noqa: N818 - named by Step Functions
    """Refuse a task token whose task was answered, timed out, or has ended."""

    TYPE = "TaskTimedOut"

    def __init__(self) -> None:
        super().__init__("Task Timed Out: 'Provided task does not exist anymore'")


def apply() -> None:
    """Mend moto's task tokens; skip a patch that moto has itself."""
    replace(states, "long_uid", _token)
    _keep_early_answers()
    _keep_the_cause()
    if "_handle_retry" not in vars(_CallbackState):
        _close_and_renew()
    _refuse_closed_tokens()


def _token() -> str:
    """Return a task token of AWS's length: too long for a column of 255 characters."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def _keep_early_answers() -> None:
    """Keep a SendTaskSuccess that comes before the Lambda has returned."""
    original = internal(CallbackEndpoint, "setup_heartbeat_endpoint")
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def setup(self: Any, heartbeat_seconds: int) -> Any:
        endpoint = original(self, heartbeat_seconds)
        if self.get_outcome() is not None:
            endpoint.notify()
        return endpoint

    replace(CallbackEndpoint, "setup_heartbeat_endpoint", setup)


def _keep_the_cause() -> None:
    """Keep the cause of SendTaskFailure, which moto drops."""
    original = internal(StepFunctionResponse, "send_task_failure")
    if "cause" in original.__code__.co_consts:
        return

    def send_task_failure(self: Any) -> EmptyResult:
        self.stepfunction_backend.send_task_failure(
            self._get_param("taskToken"),
            error=self._get_param("error"),
            cause=self._get_param("cause"),
        )
        return EmptyResult()

    replace(StepFunctionResponse, "send_task_failure", send_task_failure)


def _close_and_renew() -> None:
    """Close every task token after its task, and give each retry a new token."""
    evaluate = internal(_CallbackState, "_evaluate_with_timeout")
    retry = internal(_CallbackState, "_handle_retry")

    def evaluate_and_close(self: Any, env: Any) -> None:
        try:
            evaluate(self, env)
        finally:
            task = env.states.context_object.context_object_data.get("Task")
            endpoint = task and env.callback_pool_manager.get(task["Token"])
            if endpoint:
                endpoint.report(CallbackConsumerLeft())

    def retry_with_new_token(self: Any, env: Any, failure_event: Any) -> RetryOutcome:
        outcome: RetryOutcome = retry(self, env, failure_event)
        if outcome == RetryOutcome.CanRetry and (
            "Task" in env.states.context_object.context_object_data
        ):
            env.callback_pool_manager.add(env.states.context_object.update_task_token())
        return outcome

    replace(_CallbackState, "_evaluate_with_timeout", evaluate_and_close)
    replace(_CallbackState, "_handle_retry", retry_with_new_token)


def _refuse_closed_tokens() -> None:
    """Refuse a second or late SendTaskSuccess, which moto would accept."""

    def succeed(
        self: StepFunctionsParserBackend, task_token: str, outcome: str
    ) -> None:
        _deliver(self, CallbackOutcomeSuccess(callback_id=task_token, output=outcome))

    def fail(
        self: StepFunctionsParserBackend,
        task_token: str,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        _deliver(self, CallbackOutcomeFailure(task_token, error=error, cause=cause))

    replace(StepFunctionsParserBackend, "send_task_success", succeed)
    replace(StepFunctionsParserBackend, "send_task_failure", fail)


def _deliver(backend: StepFunctionsParserBackend, outcome: CallbackOutcome) -> None:
    for execution in internal(backend, "_get_executions")():
        env = execution.exec_worker and execution.exec_worker.env
        endpoint = env and env.callback_pool_manager.get(outcome.callback_id)
        if not endpoint:
            continue
        with _ANSWERED_ONCE:
            if (
                endpoint.consumer_error is not None
                or endpoint.get_outcome() is not None
                or execution.status != "RUNNING"
            ):
                raise TaskTimedOut
            endpoint.notify(outcome)
        return
    raise InvalidToken
