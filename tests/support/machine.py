"""Stand in for a state machine whose executions ended in every way."""

import json
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


class FakeMachine:
    """Executions that ended in every way, and what was asked about them."""

    def __init__(self):
        self.executions = {
            "told": ("FAILED", "STORAGE_UNAVAILABLE", "Failed", NOW),
            "asking": ("FAILED", "WebhookUnavailableError", "AskUndelivered", NOW),
            "telling": ("FAILED", "WebhookRejectedError", "Tell", NOW),
            "killed": ("FAILED", "Lambda.Unknown", "TellFailure", NOW),
            "late": ("TIMED_OUT", "States.Timeout", "Ask", NOW - timedelta(days=2)),
            "old": ("FAILED", "WebhookRejectedError", "Tell", NOW - timedelta(days=20)),
            "fine": ("SUCCEEDED", None, "Tell", NOW),
        }
        self.started, self.redriven = [], []

    def get_paginator(self, _name):
        """Return what lists executions."""
        return self

    def paginate(self, *, stateMachineArn, statusFilter):  # noqa: N803 - boto3's names
        """List the executions of one status."""
        assert stateMachineArn == "machine"
        yield {
            "executions": [
                {"executionArn": name, "startDate": at, "stopDate": at}
                for name, (status, _, _, at) in self.executions.items()
                if status == statusFilter
            ]
        }

    def describe_execution(self, *, executionArn):  # noqa: N803
        """Describe one."""
        status, error, _, _ = self.executions[executionArn]
        described = {"executionArn": executionArn, "status": status}
        input_text = json.dumps([{"body": executionArn}])
        return {**described, "input": input_text, **({"error": error} if error else {})}

    def get_execution_history(self, *, executionArn, **_options):  # noqa: N803
        """Return the last events."""
        entered = {"name": self.executions[executionArn][2]}
        return {"events": [{"id": 7, "stateEnteredEventDetails": entered}, {"id": 8}]}

    def redrive_execution(self, *, executionArn):  # noqa: N803
        """Resume one, if it is not too old."""
        if executionArn == "old":
            error = {"Error": {"Code": "ExecutionNotRedrivable", "Message": "14 days"}}
            raise ClientError(error, "RedriveExecution")
        self.redriven.append(executionArn)

    def start_execution(self, *, stateMachineArn, input):  # noqa: A002, N803
        """Start one anew."""
        assert stateMachineArn == "machine:live"
        self.started.append(json.loads(input)[0]["body"])

    def describe_state_machine(self, **_names):
        """Tell that the machine is there."""
        return {"status": "ACTIVE"}
