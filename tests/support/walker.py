"""Walk the real machine file one state at a time, as Step Functions would.

A walk is a generator: it yields an `Invoke` or a `Sleep`, and is sent the result.
The caller of the generator owns clock and faults.
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from support.expressions import UndefinedValueError, evaluate

ROOT = Path(__file__).parents[2]
MACHINE = ROOT / "statemachine/waveflow.asl.json"
FUNCTIONS = ("Hash", "DedupeDelete", "Waveform", "Music", "Mix", "Compare", "Notify")
SUBSTITUTIONS = {
    **{f"{name}FunctionArn": f"{name}Function" for name in FUNCTIONS},
    "VerdictTimeoutSeconds": "900",
}
WAITING = ".waitForTaskToken"
UNCAUGHT = {"States.Runtime", "States.DataLimitExceeded"}


@dataclass(frozen=True)
class Invoke:
    """Request to run a function; with a token, to wait for the token's answer."""

    state: str
    function: str
    payload: Any
    timeout_s: float
    token: str | None


@dataclass(frozen=True)
class Sleep:
    """Request to wait before the next attempt; with jitter, for a part of the time."""

    seconds: float
    jitter: bool


@dataclass(frozen=True)
class Succeeded:
    """Result of a function, or the answer to a token."""

    output: Any


@dataclass(frozen=True)
class Failed:
    """Failure of a task: an error's name and its cause."""

    error: str
    cause: str = ""


@dataclass(frozen=True)
class Ended:
    """End of an execution: status, last state, and output or error."""

    status: str
    state: str
    output: Any = None
    error: str | None = None
    cause: str | None = None


Result = Succeeded | Failed
Walk = Generator[Invoke | Sleep, Result | None, Ended]


@dataclass
class Execution:
    """Execution of the machine; its variables outlive a redrive."""

    definition: Mapping[str, Any]
    input: Any
    name: str
    start: str
    variables: dict[str, Any] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    redrives: int = 0
    tokens: int = 0
    ended: Ended | None = None

    def walk(self) -> Walk:
        """Walk from the start, or after a redrive from the state that failed."""
        state = self.ended.state if self.ended else self.definition["StartAt"]
        data = self.input
        self.ended = None
        while True:
            self.entered.append(state)
            now = _Now(self, state, data)
            try:
                step = yield from now.run()
            except UndefinedValueError as exc:
                step = Ended(
                    "FAILED", state, None, "States.QueryEvaluationError", str(exc)
                )
            if isinstance(step, Ended):
                self.ended = step
                return step
            state, data = step

    def redrive(self) -> Walk:
        """Walk again from the state that failed."""
        assert self.ended is not None
        assert self.ended.status == "FAILED"
        self.redrives += 1
        return self.walk()


class _Now:
    """State that an execution has entered."""

    def __init__(self, execution: Execution, state: str, data: Any) -> None:
        self.execution = execution
        self.name = state
        self.state = execution.definition["States"][state]
        self.data = data

    def run(self) -> Generator[Invoke | Sleep, Result | None, Ended | tuple[str, Any]]:
        """Carry out the state, and return its end or the next state."""
        kind = self.state["Type"]
        if kind == "Choice":
            return self._choose()
        if kind == "Succeed":
            return Ended("SUCCEEDED", self.name, self.data)
        if kind == "Fail":
            error, cause = (self._value(self.state[k]) for k in ("Error", "Cause"))
            return Ended("FAILED", self.name, None, error, cause)
        assert kind == "Task", f"The walker does not know {kind}."
        return (yield from self._task())

    def _choose(self) -> tuple[str, Any]:
        for choice in self.state["Choices"]:
            if self._value(choice["Condition"]) is True:
                return self._leave(choice, choice["Next"])
        return self._leave(self.state, self.state["Default"])

    def _task(self) -> Generator[Any, Any, Ended | tuple[str, Any]]:
        attempts: dict[int, int] = {}
        while True:
            try:
                result = yield self._invocation(sum(attempts.values()))
                if isinstance(result, Succeeded):
                    return self._succeed(result.output)
            except UndefinedValueError as exc:
                result = Failed("States.QueryEvaluationError", str(exc))
            assert isinstance(result, Failed)
            wait = self._retry(result, attempts)
            if wait is None:
                return self._catch(result)
            yield wait

    def _succeed(self, output: Any) -> Ended | tuple[str, Any]:
        shown = output if self._waits else {"Payload": output}
        following = self._leave(self.state, self.state.get("Next"), result=shown)
        if self.state.get("End"):
            return Ended("SUCCEEDED", self.name, following[1])
        return following

    @property
    def _waits(self) -> bool:
        return bool(self.state["Resource"].endswith(WAITING))

    def _invocation(self, retries: int) -> Invoke:
        token = None
        if self._waits:
            self.execution.tokens += 1
            token = f"{self.execution.name}:token:{self.execution.tokens}"
        extra = {"Task": {"Token": token}, "State": {"RetryCount": retries}}
        arguments = self._value(self.state["Arguments"], context=extra)
        return Invoke(
            state=self.name,
            function=arguments["FunctionName"],
            payload=arguments["Payload"],
            timeout_s=float(self._value(self.state["TimeoutSeconds"])),
            token=token,
        )

    def _retry(self, failure: Failed, attempts: dict[int, int]) -> Sleep | None:
        for index, rule in enumerate(self.state.get("Retry", [])):
            if not _matches(rule, failure.error):
                continue
            done = attempts.get(index, 0)
            if done >= rule.get("MaxAttempts", 3):
                return None
            attempts[index] = done + 1
            wait = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2) ** done
            wait = min(wait, rule.get("MaxDelaySeconds", wait))
            return Sleep(wait, jitter=rule.get("JitterStrategy") == "FULL")
        return None

    def _catch(self, failure: Failed) -> Ended | tuple[str, Any]:
        told = {"Error": failure.error, "Cause": failure.cause}
        for rule in self.state.get("Catch", []):
            if _matches(rule, failure.error):
                return self._leave(rule, rule["Next"], errorOutput=told)
        return Ended("FAILED", self.name, None, failure.error, failure.cause)

    def _leave(
        self, rule: Mapping[str, Any], following: Any, **states: Any
    ) -> tuple[str, Any]:
        # Assign and Output are evaluated side by side, on the old variables.
        assigned = self._value(rule.get("Assign", {}), **states)
        output = (
            self._value(rule["Output"], **states) if "Output" in rule else self.data
        )
        self.execution.variables.update(assigned)
        return following, output

    def _value(
        self, node: Any, *, context: Mapping[str, Any] = {}, **bound: Any
    ) -> Any:
        run = self.execution
        states = {
            "input": self.data,
            "context": {
                "Execution": {
                    "Id": f"arn:aws:states:::execution:waveflow:{run.name}",
                    "Name": run.name,
                    "StartTime": run.start,
                    "RedriveCount": run.redrives,
                },
                **context,
            },
            **bound,
        }
        return evaluate(node, {**run.variables, "states": states})


def _matches(rule: Mapping[str, Any], error: str) -> bool:
    names = rule["ErrorEquals"]
    return error in names or ("States.ALL" in names and error not in UNCAUGHT)


@lru_cache(maxsize=4)
def load(path: Path = MACHINE) -> Mapping[str, Any]:
    """Return the machine with its substitutions filled in."""
    text = path.read_text("utf-8")
    for name, value in SUBSTITUTIONS.items():
        text = text.replace(f"${{{name}}}", value)
    definition: Mapping[str, Any] = json.loads(text)
    return definition
