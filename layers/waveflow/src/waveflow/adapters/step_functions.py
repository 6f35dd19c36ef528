"""Close waiting tasks of the Step Functions machine by their task tokens."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from waveflow.adapters.aws_errors import AWS_ERRORS, AwsErrors, code_of
from waveflow.errors import WebhookUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# Codes of a task that was answered before, or whose time is over.
_SETTLED = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
_ERRORS = AwsErrors(service="Step Functions", unavailable=WebhookUnavailableError)


class StepFunctionsTokens:
    """Waiting tasks of the machine, closed by their secret task tokens."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def succeed(self, token: str, output: Mapping[str, object]) -> None:
        """Complete a waiting task with `output`; a task that is closed stays closed.

        Raises `WebhookUnavailableError` for a failure that may pass, so that the
        machine asks again.
        """
        try:
            self._client.send_task_success(taskToken=token, output=json.dumps(output))
        except AWS_ERRORS as exc:
            if code_of(exc) not in _SETTLED:
                raise _ERRORS.translated(exc) from exc
