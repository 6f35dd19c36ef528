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
from waveflow_local.paths import LocalError, UsageMistakeError

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
UNKNOWN = "ExecutionDoesNotExist"
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

    def __post_init__(self) -> None:
        """Refuse a choice of everything, before any stack is asked."""
        if self.code is None and self.since is None and not self.undelivered:
            raise UsageMistakeError("Name what to run again, by --error or --since.")

    def takes(self, execution: "Rerun") -> bool:
        """Tell whether a failed execution is among those to run again."""
        if self.code is None and execution.code == STOPPED:
            return False
        if self.code is not None and execution.code != self.code:
            return False
        return not self.undelivered or execution.untold

    def covers(self, stopped: datetime) -> bool:
        """Tell whether an execution ended within the chosen time."""
        first = self.since or datetime.min.replace(tzinfo=UTC)
        last = self.until or datetime.max.replace(tzinfo=UTC)
        return first <= stopped <= last


@dataclass(frozen=True)
class Rerun:
    """Hold one failed execution, and the way in which that execution runs again.

    `untold` means that the server has not heard of the failure.
    """

    arn: str
    code: str
    way: Way
    untold: bool
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
    try:
        chosen = [
            found
            for found in failed_executions(stack, choice)
            if choice.takes(found) and not _was_started_anew(stack, found)
        ]
    except (ClientError, BotoCoreError) as exc:
        raise LocalError(f"Step Functions cannot be read: {exc}") from exc
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
                if not choice.covers(stopped):
                    continue
                if found := _read(stack, listed["executionArn"]):
                    yield found


def _read(stack: Stack, arn: str) -> Rerun | None:
    """Return a failed execution; None where reads are too late to show its failure."""
    try:
        described = stack.sfn.describe_execution(executionArn=arn)
        if described["status"] not in ENDED_BADLY:
            return None  # it runs again, and only the list is late
        return _rerun(stack, described)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != UNKNOWN:
            raise
        return None


def _rerun(stack: Stack, described: "DescribeExecutionOutputTypeDef") -> Rerun | None:
    status = described["status"]
    error = described.get("error", status) if status == "FAILED" else status
    code = CODES.get(error, error)
    untold = _is_untold(stack, described, code)
    if untold is None:
        return None
    # Step Functions resumes nothing that ended more than 14 days ago.
    too_old = described.get("redriveStatus") == "NOT_REDRIVABLE"
    way = Way.RESUME if untold and not too_old else Way.ANEW
    return Rerun(
        described["executionArn"], code, way, untold=untold, input=described["input"]
    )


def _is_untold(
    stack: Stack, described: "DescribeExecutionOutputTypeDef", code: str
) -> bool | None:
    """Tell whether no webhook reported a failure; None where the history is late."""
    if described["status"] != "FAILED":
        return False
    if code in UNDELIVERED:
        return True
    state = _last_state(stack, described)
    return None if state is None else state in TELLING


def _last_state(
    stack: Stack, described: "DescribeExecutionOutputTypeDef"
) -> str | None:
    """Return the state that failed; None where the history is too late to show it."""
    history = stack.sfn.get_execution_history(
        executionArn=described["executionArn"], reverseOrder=True, maxResults=50
    )
    events = sorted(history["events"], key=lambda e: -e["id"])
    if not events or events[0]["type"] != "ExecutionFailed":
        return None
    entered = (
        event["stateEnteredEventDetails"]["name"]
        for event in events
        if "stateEnteredEventDetails" in event
    )
    return next(entered, "")


def _try_to_run(stack: Stack, execution: Rerun) -> Rerun:
    """Run one execution again; a refusal of one must not hide what was done before."""
    if stack.is_local and execution.way is Way.RESUME:
        reason = "The local engine has no redrive; send the message again."
        return dataclasses.replace(execution, done="failed", reason=reason)
    try:
        return _run(stack, execution)
    except (ClientError, BotoCoreError) as exc:
        return dataclasses.replace(execution, done="failed", reason=str(exc))


def _run(stack: Stack, execution: Rerun) -> Rerun:
    if execution.way is Way.RESUME:
        # A refusal says that somebody was quicker, so no new execution may follow.
        stack.sfn.redrive_execution(executionArn=execution.arn)
    else:
        _start_anew(stack, execution)
    return dataclasses.replace(execution, done="did")


def _start_anew(stack: Stack, execution: Rerun) -> None:
    """Start an execution with the same input; stages repeat no finished effect."""
    machine, name = stack.parts.machine_arn, _successor(execution.arn)
    try:
        stack.sfn.start_execution(
            stateMachineArn=machine, input=execution.input, name=name
        )
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise


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
        if exc.response["Error"]["Code"] != UNKNOWN:
            raise
        return False
    return True
