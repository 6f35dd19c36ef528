"""A fake of an AWS account that answers `waveflow ops smoke` as AWS should."""

import io
import json
from typing import Any

STATES = (
    *("Hash", "Ask", "AskUndelivered", "DedupeDelete", "Waveform", "Music"),
    *("Mix", "Compare"),
)
REFUSED = ["Route", "Hash", "Ask", "AskUndelivered"]
OF_MISSING = {
    "Hash": "ObjectNotFoundError",
    "Waveform": "ObjectNotFoundError",
    "Music": "ObjectNotFoundError",
    "Mix": "StemMissingError",
    "Compare": "StemMissingError",
    "DedupeDelete": "DedupeRefusedError",
}


class SmokeAccount:
    """Clients of SQS, Step Functions, Lambda and CloudWatch of one new stack.

    A server refuses each webhook, so that every execution fails at once. Tests set
    `pipes`, `asks_again` and `filled` to what AWS might do instead.
    """

    def __init__(self, *, execution: str = "execution:", function: str = "") -> None:
        self.pipes = json.loads
        self.asks_again = True
        self.filled = [0.0] * 12
        self.hashed = 0
        self._execution, self._function = execution, function
        self._inputs: dict[str, str] = {}
        self._redriven: dict[str, int] = {}

    def send_message(self, *, QueueUrl, MessageBody):  # noqa: N803 - boto3's names
        """Start an execution of the message, as the pipe does."""
        assert QueueUrl
        try:
            body = self.pipes(MessageBody)
        except ValueError:
            body = MessageBody
        self._start(f"piped-{len(self._inputs)}", json.dumps([{"body": body}]))

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: A002, N803
        """Start an execution, which fails at once."""
        assert stateMachineArn
        return {"executionArn": self._start(name, input)}

    def _start(self, name: str, text: str) -> str:
        arn = f"{self._execution}{name}"
        self._inputs[arn], self._redriven[arn] = text, 0
        return arn

    def list_executions(self, *, stateMachineArn, maxResults):  # noqa: N803
        """List the newest executions."""
        assert stateMachineArn
        return {"executions": [{"executionArn": a} for a in self._inputs][-maxResults:]}

    def describe_execution(self, *, executionArn):  # noqa: N803
        """Describe an execution whose webhook was refused."""
        return {
            "status": "FAILED",
            "error": "WebhookRejectedError",
            "input": self._inputs[executionArn],
            "redriveCount": self._redriven[executionArn],
        }

    def redrive_execution(self, *, executionArn):  # noqa: N803
        """Run the failed execution again, which fails at once."""
        self._redriven[executionArn] += 1

    def get_execution_history(self, *, executionArn, maxResults):  # noqa: N803
        """Return the states that the execution entered."""
        assert maxResults
        again = REFUSED[-2:] if self.asks_again else REFUSED[-1:]
        names = REFUSED + ["AskUndelivered", *again] * self._redriven[executionArn]
        return {"events": [{"stateEnteredEventDetails": {"name": n}} for n in names]}

    def describe_state_machine(self, *, stateMachineArn):  # noqa: N803
        """Return the machine's definition, with the function of each state."""
        assert stateMachineArn
        arns = {name: f"{self._function}{name}Function-1a2b" for name in STATES}
        states = {n: {"Arguments": {"FunctionName": arn}} for n, arn in arns.items()}
        return {"definition": json.dumps({"States": states})}

    def invoke(self, *, FunctionName, Payload):  # noqa: N803
        """Pin the upload at the first call, and find every later object missing."""
        assert json.loads(Payload)
        state = FunctionName.removeprefix(self._function).removesuffix("Function-1a2b")
        self.hashed += state == "Hash"
        first = state == "Hash" and self.hashed == 1
        pinned: dict[str, Any] = {"job": {}, "source": {}}
        said = pinned if first else {"errorType": OF_MISSING[state]}
        return {"Payload": io.BytesIO(json.dumps(said).encode())}

    def get_metric_data(self, **_query: Any):
        """Return the values of an expression over a metric without points."""
        return {"MetricDataResults": [{"Values": self.filled}]}
