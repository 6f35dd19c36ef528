"""Read the states and the outcome of executions from Step Functions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

WAITING = "waitForTaskToken"
_ENDS = (
    "ExecutionSucceeded",
    "ExecutionFailed",
    "ExecutionTimedOut",
    "ExecutionAborted",
)
_FAILURES = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "EvaluationFailed": "evaluationFailedEventDetails",
}


@dataclass
class StateSeen:
    """Hold one state that an execution has entered, with its attempts and errors."""

    name: str
    entered: datetime
    left: datetime | None = None
    resource: str = ""
    attempts: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
    output: object = None

    @property
    def seconds(self) -> float:
        """Return the seconds that the state took, until its end or until now."""
        return ((self.left or datetime.now(UTC)) - self.entered).total_seconds()


@dataclass
class ExecutionSeen:
    """Hold an execution's status, states and output, read from Step Functions once."""

    arn: str
    status: str
    started: datetime
    states: list[StateSeen]
    stopped: datetime | None = None
    error: str = ""
    cause: str = ""
    output: object = None

    @property
    def seconds(self) -> float:
        """Return the seconds that the execution took, until its end or until now."""
        return ((self.stopped or datetime.now(UTC)) - self.started).total_seconds()

    @property
    def running(self) -> bool:
        """Tell whether the execution still runs."""
        return self.status == "RUNNING"

    @property
    def outcome(self) -> Mapping[str, object]:
        """Return the output of a successful execution; empty for any other."""
        return self.output if isinstance(self.output, dict) else {}

    @property
    def result(self) -> Mapping[str, object]:
        """Return the `result` that the server's webhook carried, or an empty one."""
        result = self.outcome.get("result")
        return result if isinstance(result, dict) else {}

    @property
    def verdict(self) -> str:
        """Return the server's last verdict as a word; empty before any verdict."""
        for state in reversed(self.states):
            if isinstance(state.output, dict) and "verdict" in state.output:
                return str(state.output["verdict"])
        return ""


def see(sfn: "SFNClient", arn: str) -> ExecutionSeen:
    """Read one execution's status, states and output from Step Functions."""
    events = list(_history(sfn, arn))
    states = _states(events)
    if not events or events[-1]["type"] not in _ENDS:
        started = events[0]["timestamp"] if events else datetime.now(UTC)
        return ExecutionSeen(arn, "RUNNING", started, states)
    described = sfn.describe_execution(executionArn=arn)
    # The history may end a moment before the status changes.
    stopped = described.get("stopDate")
    if states and states[-1].left is None:
        states[-1].left = stopped
    return ExecutionSeen(
        arn=arn,
        status=described["status"],
        started=described["startDate"],
        states=states,
        stopped=stopped,
        error=described.get("error", ""),
        cause=described.get("cause", ""),
        output=_json_or_text(described.get("output", "null")),
    )


def executions(sfn: "SFNClient", machine_arn: str) -> Iterator[tuple[str, object]]:
    """Yield every execution's ARN and input, the newest first."""
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine_arn)
    items = [item for page in pages for item in page["executions"]]
    for item in sorted(items, key=lambda i: i["startDate"], reverse=True):
        arn = item["executionArn"]
        yield arn, _json_or_text(sfn.describe_execution(executionArn=arn)["input"])


def running(sfn: "SFNClient", machine_arn: str) -> set[str]:
    """Return the ARNs of all executions that run, by one request for many of them."""
    pages = sfn.get_paginator("list_executions").paginate(
        stateMachineArn=machine_arn, statusFilter="RUNNING"
    )
    return {item["executionArn"] for page in pages for item in page["executions"]}


def _history(sfn: "SFNClient", arn: str) -> "Iterator[HistoryEventTypeDef]":
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
    for page in pages:
        yield from page["events"]


def _states(events: "Iterable[HistoryEventTypeDef]") -> list[StateSeen]:
    states: list[StateSeen] = []
    for event in events:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            states.append(StateSeen(name, event["timestamp"]))
        elif states:
            _note(states[-1], kind, event)
    return states


def _note(state: StateSeen, kind: str, event: "HistoryEventTypeDef") -> None:
    if kind.endswith("StateExited"):
        state.left = event["timestamp"]
    elif kind == "TaskScheduled":
        state.attempts += 1
        state.resource = event["taskScheduledEventDetails"]["resource"]
    elif kind == "TaskSucceeded":
        state.output = _json_or_text(
            event["taskSucceededEventDetails"].get("output", "")
        )
    elif kind in _FAILURES:
        detail = cast("Mapping[str, str]", event.get(_FAILURES[kind], {}))
        state.errors.append((detail.get("error", ""), detail.get("cause", "")))


def _json_or_text(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
