"""Run failed executions again: redriven where a webhook failed, else anew."""

import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError
from waveflow.errors import WaveflowError

from waveflow_local.ops.stack import Stack
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

CODES = {kind.__name__: kind.code for kind in WaveflowError.__subclasses__()}
# States whose failure no webhook has reported to the server.
TELLING = {"AskUndelivered", "Tell", "TellFailure"}
UNDELIVERED = {"WEBHOOK_REJECTED", "WEBHOOK_UNAVAILABLE"}
ENDED_BADLY: tuple[Literal["FAILED", "TIMED_OUT", "ABORTED"], ...] = (
    "FAILED",
    "TIMED_OUT",
    "ABORTED",
)
STOPPED = "ABORTED"  # an operator stopped the execution on purpose
NAME_LENGTH = 80  # the longest execution name that Step Functions takes


class Way(StrEnum):
    """Name the two ways in which an execution runs again."""

    RESUME = "resume"
    ANEW = "start anew"


@dataclass(frozen=True)
class Choice:
    """Choose failed executions by error code, by time, or by missing webhook."""

    code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    undelivered: bool = False

    def takes(self, execution: "Rerun") -> bool:
        """Tell whether a failed execution is among those to run again."""
        if self.code is None and execution.code == STOPPED:
            return False
        if self.code is not None and execution.code != self.code:
            return False
        return not self.undelivered or execution.way is Way.RESUME

    def covers(self, stopped: datetime) -> bool:
        """Tell whether an execution ended within the chosen time."""
        first = self.since or datetime.min.replace(tzinfo=UTC)
        last = self.until or datetime.max.replace(tzinfo=UTC)
        return first <= stopped <= last


@dataclass(frozen=True)
class Rerun:
    """Hold one failed execution, and the way in which that execution runs again."""

    arn: str
    code: str
    way: Way
    input: str
    done: Literal["would", "did", "failed"] = "would"
    reason: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether Step Functions did not let the execution run again."""
        return self.done == "failed"

    def __str__(self) -> str:
        """Return one line about the rerun for the operator, and one for a refusal."""
        rest = f"\n         {self.reason}" if self.reason else ""
        return f"{self.done:8} {self.way:10} {self.code:20} {self.arn}{rest}"


def run_again(stack: Stack, choice: Choice, *, dry_run: bool) -> list[Rerun]:
    """Run the chosen failed executions again, and return what was done with each.

    An execution that was started anew before is left out: its status stays failed.
    """
    if choice.code is None and choice.since is None and not choice.undelivered:
        raise LocalError("Name what to run again, by --error or --since.")
    chosen = [
        found
        for found in failed_executions(stack, choice)
        if choice.takes(found) and not _was_started_anew(stack, found)
    ]
    if dry_run:
        return chosen
    return [_try_to_run(stack, execution) for execution in chosen]


def failed_executions(stack: Stack, choice: Choice) -> Iterator[Rerun]:
    """Yield the executions that failed within the chosen time, the newest first."""
    for status in ENDED_BADLY:
        pages = stack.sfn.get_paginator("list_executions").paginate(
            stateMachineArn=stack.parts.machine_arn, statusFilter=status
        )
        for page in pages:
            for listed in page["executions"]:
                stopped = listed.get("stopDate", listed["startDate"])
                if choice.covers(stopped):
                    yield _read(stack, listed["executionArn"])


def _read(stack: Stack, arn: str) -> Rerun:
    described = stack.sfn.describe_execution(executionArn=arn)
    status = described["status"]
    error = described.get("error", status) if status == "FAILED" else status
    code = CODES.get(error, error)
    way = Way.RESUME if _is_untold(stack, described, code) else Way.ANEW
    return Rerun(arn=arn, code=code, way=way, input=described["input"])


def _is_untold(
    stack: Stack, described: "DescribeExecutionOutputTypeDef", code: str
) -> bool:
    if described["status"] != "FAILED":
        return False
    return code in UNDELIVERED or _last_state(stack, described) in TELLING


def _last_state(stack: Stack, described: "DescribeExecutionOutputTypeDef") -> str:
    history = stack.sfn.get_execution_history(
        executionArn=described["executionArn"], reverseOrder=True, maxResults=50
    )
    entered = (
        event["stateEnteredEventDetails"]["name"]
        for event in sorted(history["events"], key=lambda e: -e["id"])
        if "stateEnteredEventDetails" in event
    )
    return next(entered, "")


def _try_to_run(stack: Stack, execution: Rerun) -> Rerun:
    """Run one execution again; a refusal of one must not hide what was done before."""
    if stack.is_local and execution.way is Way.RESUME:
        reason = "The local engine has no redrive."
        return dataclasses.replace(execution, done="failed", reason=reason)
    try:
        return _run(stack, execution)
    except (ClientError, BotoCoreError) as exc:
        return dataclasses.replace(execution, done="failed", reason=str(exc))


def _run(stack: Stack, execution: Rerun) -> Rerun:
    if execution.way is Way.RESUME and _resume(stack, execution.arn):
        return _as(execution, Way.RESUME)
    # Stages repeat no finished effect, so a new execution is always safe.
    machine, name = stack.parts.machine_arn, _successor(execution.arn)
    try:
        stack.sfn.start_execution(
            stateMachineArn=machine, input=execution.input, name=name
        )
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
    return _as(execution, Way.ANEW)


def _successor(arn: str) -> str:
    """Return the name of the only execution that may repeat a failed execution."""
    name = arn.rpartition(":")[2]
    ending = f"-again-{hashlib.sha256(arn.encode()).hexdigest()[:16]}"
    return name.partition("-again-")[0][: NAME_LENGTH - len(ending)] + ending


def _was_started_anew(stack: Stack, execution: Rerun) -> bool:
    start = execution.arn.rpartition(":")[0]
    try:
        stack.sfn.describe_execution(
            executionArn=f"{start}:{_successor(execution.arn)}"
        )
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ExecutionDoesNotExist":
            raise
        return False
    return True


def _resume(stack: Stack, arn: str) -> bool:
    try:
        stack.sfn.redrive_execution(executionArn=arn)
    except ClientError as exc:
        # Step Functions refuses after 14 days, or when the machine has changed.
        if exc.response["Error"]["Code"] != "ExecutionNotRedrivable":
            raise
        return False
    return True


def _as(execution: Rerun, way: Way) -> Rerun:
    return Rerun(execution.arn, execution.code, way, execution.input, done="did")
