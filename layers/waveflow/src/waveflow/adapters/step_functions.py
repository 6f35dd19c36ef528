"""Close waiting tasks of the state machine."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from waveflow.errors import InternalError, WebhookUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# The task was answered by somebody else, or its time is over: nothing to do.
_SETTLED = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
_SERVER_ERROR = 500


class StepFunctionsTokens:
    """The tokens of the machine's waiting tasks; they are passwords."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        """Close a waiting task with `output`; one that is closed stays as it is.

        Raises `WebhookUnavailableError` for what may pass, so that the machine
        asks again.
        """
        try:
            self._client.send_task_success(taskToken=token, output=json.dumps(output))
        except ClientError as exc:
            code = exc.response["Error"]["Code"]
            status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
            if code in _SETTLED:
                return
            if status >= _SERVER_ERROR or code == "ThrottlingException":
                raise WebhookUnavailableError(
                    f"Step Functions answered {code}."
                ) from exc
            raise InternalError(f"Step Functions answered {code}.") from exc
        except BotoCoreError as exc:
            raise WebhookUnavailableError(
                f"Step Functions did not answer: {type(exc).__name__}."
            ) from exc
