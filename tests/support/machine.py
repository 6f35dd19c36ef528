"""A fake of Step Functions whose executions ended in every way."""

import json
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
LAST = {"id": 8, "type": "ExecutionFailed"}
ARN = "arn:aws:states:us-east-1:1:execution:machine:"


class FakeMachine:
    """Client of Step Functions with ended executions; redrives and starts are kept.

    While `blind`, the machine neither lists nor describes executions that it was just
    asked to start, as Step Functions for a moment after StartExecution.
    """

    def __init__(self):
        self.executions = {
            ARN + name: ended
            for name, ended in {
                "told": ("FAILED", "STORAGE_UNAVAILABLE", "Failed", NOW),
                "asking": ("FAILED", "WebhookUnavailableError", "AskUndelivered", NOW),
                "telling": ("FAILED", "WebhookRejectedError", "Tell", NOW),
                "killed": ("FAILED", "Lambda.Unknown", "TellFailure", NOW),
                "late": ("TIMED_OUT", None, "Ask", NOW - timedelta(days=2)),
                "stopped": ("ABORTED", None, "Ask", NOW - timedelta(days=2)),
                "old": (
                    *("FAILED", "WebhookRejectedError", "Tell"),
                    NOW - timedelta(days=20),
                ),
                "fine": ("SUCCEEDED", None, "Tell", NOW),
            }.items()
        }
        self.inputs = {arn: arn.rpartition(":")[2] for arn in self.executions}
        self.started, self.redriven = [], []
        self.blind = False

    def fail_the_started(self, error):
        """End the running executions with an error."""
        for arn, (status, *_) in self.executions.items():
            if status == "RUNNING":
                self.executions[arn] = ("FAILED", error, "Failed", NOW)

    def get_paginator(self, _name):
        """Return the paginator of executions, which is this fake itself."""
        return self

    def paginate(self, *, stateMachineArn, statusFilter):  # noqa: N803 - boto3's names
        """Yield one page of the executions of one status."""
        yield self.list_executions(
            stateMachineArn=stateMachineArn, statusFilter=statusFilter
        )

    def list_executions(self, *, stateMachineArn, statusFilter):  # noqa: N803
        """Return the executions of one status."""
        assert stateMachineArn == "machine"
        return {
            "executions": [
                {"executionArn": name, "startDate": at, "stopDate": at}
                for name, (status, _, _, at) in self.executions.items()
                if status == statusFilter
            ]
        }

    def describe_execution(self, *, executionArn):  # noqa: N803
        """Return the description of an execution, or raise as boto3 does."""
        known = self.executions.get(executionArn)
        if known is None or (self.blind and known[0] == "RUNNING"):
            error = {"Error": {"Code": "ExecutionDoesNotExist", "Message": "none"}}
            raise ClientError(error, "DescribeExecution")
        status, error, _, _ = known
        described = {"executionArn": executionArn, "status": status}
        young = NOW - known[3] < timedelta(days=14)
        described["redriveStatus"] = "REDRIVABLE" if young else "NOT_REDRIVABLE"
        input_text = json.dumps([{"body": self.inputs[executionArn]}])
        return {**described, "input": input_text, **({"error": error} if error else {})}

    def get_execution_history(self, *, executionArn, **_options):  # noqa: N803
        """Return the last events of an execution."""
        entered = {"name": self.executions[executionArn][2]}
        return {"events": [{"id": 7, "stateEnteredEventDetails": entered}, LAST]}

    def redrive_execution(self, *, executionArn):  # noqa: N803
        """Record the redrive of an execution that is young enough."""
        name = executionArn.rpartition(":")[2]
        if name == "old" or name in self.redriven:
            error = {"Error": {"Code": "ExecutionNotRedrivable", "Message": "14 days"}}
            raise ClientError(error, "RedriveExecution")
        self.redriven.append(name)

    def start_execution(self, *, stateMachineArn, input, name):  # noqa: A002, N803
        """Start an execution whose name is new."""
        assert stateMachineArn == "machine"
        if ARN + name in self.executions:
            error = {"Error": {"Code": "ExecutionAlreadyExists", "Message": "known"}}
            raise ClientError(error, "StartExecution")
        body = json.loads(input)[0]["body"]
        self.executions[ARN + name] = ("RUNNING", None, "Hash", NOW)
        self.inputs[ARN + name] = body
        self.started.append(body)

    def describe_state_machine(self, **_names):
        """Return the description of a machine that exists."""
        return {"status": "ACTIVE"}
