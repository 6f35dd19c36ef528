"""Operator who runs `waveflow ops replay` and `redrive` on late, throttled reads."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from waveflow_local.ops.rerun import Choice, run_again
from waveflow_local.paths import LocalError

from support.simulation.account import (
    LAG_S,
    Event,
    LateReads,
    ThrottledError,
    status_in,
)
from support.simulation.bucket import EPOCH
from support.simulation.checks import BrokenPromiseError
from support.simulation.faults import Faults

if TYPE_CHECKING:
    from support.simulation.runs import Run
    from support.simulation.system import System

ARN = "arn:aws:states:us-east-1:1:execution:machine:"
AGAIN = "-again-"  # stands in the name of an execution that repeats another one
HASTE = 40  # most events between two commands of an operator in haste
REDRIVEN = ("STORAGE_UNAVAILABLE", "RESOURCE_LIMIT", "VERDICT_TIMEOUT")
ROUNDS = 3  # an error that comes again and again does not pass
REPLAYS = 200


class Client:
    """Client of Step Functions, as the operator's commands call boto3's."""

    def __init__(self, system: "System", faults: Faults) -> None:
        self._system = system
        self._reads = LateReads(system.histories, faults, system.clock)

    def get_paginator(self, _name: str) -> "Client":
        """Return the paginator of executions, which is this client itself."""
        return self

    def paginate(self, *, statusFilter: str, **_machine: str) -> Iterator[Any]:  # noqa: N803 - boto3's name
        """Yield one page of the executions that a read shows in a status."""
        listed = _read(self._reads.listed)
        yield {
            "executions": [
                {
                    "executionArn": ARN + name,
                    "startDate": _date(events[0].at),
                    "stopDate": _date(events[-1].at),
                }
                for name, events in listed.items()
                if status_in(events) == statusFilter
            ]
        }

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        """Return an execution as a read shows it."""
        events, run = self._events(executionArn), self._run(executionArn)
        status, end = status_in(events), events[-1].end
        return {
            "executionArn": executionArn,
            "status": status,
            "input": json.dumps(run.execution.input),
            "redriveStatus": "REDRIVABLE" if status == "FAILED" else "NOT_REDRIVABLE",
            **({"error": end.error} if end and end.error else {}),
        }

    def get_execution_history(
        self,
        *,
        executionArn: str,  # noqa: N803
        **_options: Any,
    ) -> dict[str, Any]:
        """Return an execution's events as a read shows them, the newest first."""
        return {
            "events": [
                {"id": event.number, "type": event.kind}
                | (
                    {"stateEnteredEventDetails": {"name": event.state}}
                    if event.state
                    else {}
                )
                for event in reversed(self._events(executionArn))
            ]
        }

    def redrive_execution(self, *, executionArn: str) -> None:  # noqa: N803
        """Resume an execution that has failed."""
        run = self._run(executionArn)
        if run.ended is None or run.ended.status != "FAILED":
            raise _error("ExecutionNotRedrivable")
        self._check_alone(run.name)
        self._system.ledger.counts["redriven"] += 1
        self._system.redrive(run)

    def start_execution(self, *, input: str, name: str, **_machine: str) -> None:  # noqa: A002
        """Start an execution, unless its name is taken."""
        if self._system.histories.until(name, self._system.now):
            raise _error("ExecutionAlreadyExists")
        self._check_alone(name)
        self._system.ledger.counts["started anew"] += 1
        self._system.start(json.loads(input), name=name)

    def _check_alone(self, name: str) -> None:
        """Raise for a job that runs again while it runs, or after it was done."""
        for run in self._system.runs:
            if _root(run.name) == _root(name) and not (
                run.ended and run.ended.status == "FAILED"
            ):
                raise BrokenPromiseError(f"{name} runs again beside {run.name}.")

    def _events(self, arn: str) -> list[Event]:
        events = _read(lambda: self._reads.events(arn.removeprefix(ARN)))
        if not events:
            raise _error("ExecutionDoesNotExist")
        return list(events)

    def _run(self, arn: str) -> "Run":
        name = arn.removeprefix(ARN)
        return next(run for run in self._system.runs if run.name == name)


class Operator:
    """Operator who runs each command in haste, and again when all has settled."""

    def __init__(self, system: "System", faults: Faults) -> None:
        self._system, self._faults = system, faults
        self._stack: Any = SimpleNamespace(
            sfn=Client(system, faults),
            parts=SimpleNamespace(machine_arn="machine"),
            is_local=False,
        )

    def replay(self) -> None:
        """Send the webhooks that were never delivered."""
        for _ in range(REPLAYS):
            if self._round(Choice(undelivered=True)):
                return
        raise BrokenPromiseError("An operator finds ever more to replay.")

    def redrive(self) -> None:
        """Run the executions again that ended with an error that may have passed."""
        for code in REDRIVEN * ROUNDS:
            self._round(Choice(code=code))

    def _round(self, choice: Choice) -> bool:
        """Run a command twice in haste, wait, and return whether nothing is left."""
        self._command(choice)
        for _ in range(self._faults.random.randrange(HASTE)):
            self._system.step()
        self._command(choice)
        self._system.drain()
        self._system.now += LAG_S
        left = self._command(choice)
        self._system.drain()
        return left == []

    def _command(self, choice: Choice) -> list[Any] | None:
        """Return what one command ran again, or None where a read was throttled."""
        try:
            return run_again(self._stack, choice, dry_run=False)
        except LocalError as exc:
            if "ThrottlingException" not in str(exc):
                raise
            return None


def _root(name: str) -> str:
    return name.partition(AGAIN)[0]


def _date(at: float) -> datetime:
    return EPOCH + timedelta(seconds=at)


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "StepFunctions")


def _read(call: Any) -> Any:
    try:
        return call()
    except ThrottledError as exc:
        raise _error("ThrottlingException") from exc
