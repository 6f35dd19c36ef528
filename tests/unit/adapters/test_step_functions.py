"""Tasks of the machine, closed once; a failure that may pass is retried."""

import json

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from waveflow.adapters.step_functions import StepFunctionsTokens
from waveflow.errors import InternalError, WebhookUnavailableError

TOKEN = "the-token-of-a-waiting-task"


class Machine:
    """Client of Step Functions that keeps its requests, or fails."""

    def __init__(self, error=None):
        self.error = error
        self.sent = []

    def send_task_success(self, taskToken, output):  # noqa: N803 - boto3's own names
        """Close a task."""
        self.sent.append((taskToken, json.loads(output)))
        if self.error:
            raise self.error


def answer(code, status):
    """Return the error that boto3 makes of an answer, which quotes its request."""
    told = {"Error": {"Code": code, "Message": f"Token {TOKEN}"}}
    told["ResponseMetadata"] = {"HTTPStatusCode": status}
    return ClientError(told, "SendTaskSuccess")


def succeed(error=None):
    """Close a task with a verdict, and return what was sent."""
    machine = Machine(error)
    StepFunctionsTokens(machine).succeed(TOKEN, {"verdict": "new"})
    return machine.sent


@pytest.mark.parametrize(
    "error",
    [
        None,
        answer("TaskTimedOut", 400),
        answer("TaskDoesNotExist", 400),
        answer("InvalidToken", 400),
    ],
)
def test_a_task_is_closed_or_was_settled_without_us(error):
    """A second answer must not fail the question that the first answer ended."""
    assert succeed(error) == [(TOKEN, {"verdict": "new"})]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer("InternalServerError", 500), WebhookUnavailableError),
        (answer("ServiceUnavailable", 503), WebhookUnavailableError),
        (answer("ThrottlingException", 400), WebhookUnavailableError),
        (ConnectTimeoutError(endpoint_url="https://x"), WebhookUnavailableError),
        (answer("AccessDeniedException", 400), InternalError),
        (answer("InvalidOutput", 400), InternalError),
    ],
)
def test_what_may_pass_is_asked_again_and_the_rest_is_a_defect(error, kind):
    """The machine retries the first kind; no message quotes the token."""
    with pytest.raises(kind) as failure:
        succeed(error)

    assert TOKEN not in str(failure.value)
