"""Close waiting tasks of the state machine."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from waveflow.adapters.aws_errors import AwsErrors
from waveflow.errors import WebhookUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# The task was answered by somebody else, or its time is over: nothing to do.
_SETTLED = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
_ERRORS = AwsErrors(service="Step Functions", unavailable=WebhookUnavailableError)


class StepFunctionsTokens:
    """The tokens of the machine's waiting tasks; they are passwords."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        """Close a waiting task with `output`; one that is closed stays as it is.

        Raises `WebhookUnavailableError` for what may pass, so that the machine
        asks again.
        """
        with _ERRORS.translated(settled=_SETTLED):
            self._client.send_task_success(taskToken=token, output=json.dumps(output))
