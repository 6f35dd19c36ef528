"""Comparison of the tests' walker with executions of the local engine."""

import json
from typing import Any

from support.walker import Execution, Failed, Result, Sleep, Succeeded, load


def disagreement(sfn: Any, arn: str) -> str | None:
    """Walk an execution by its own results; return the difference, or None."""
    described = sfn.describe_execution(executionArn=arn)
    if described["status"] == "RUNNING":
        return None
    events = sfn.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for event in events
        if "stateEnteredEventDetails" in event
    ]
    execution = _walked(json.loads(described["input"]), _results(events), arn)
    ended = execution.ended
    ours = (execution.entered, ended and ended.status, ended and ended.error)
    theirs = (entered, described["status"], described.get("error"))
    return None if ours == theirs else f"{arn}: {ours} is not {theirs}"


def _walked(data: Any, results: list[Result], arn: str) -> Execution:
    name = arn.rsplit(":", 1)[1]
    execution = Execution(load(), data, name, "2026-01-01T00:00:00.000Z")
    walk, left = execution.walk(), iter(results)
    result: Result | None = None
    try:
        while True:
            request = walk.send(result)
            result = None if isinstance(request, Sleep) else next(left)
    except StopIteration:
        return execution


def _results(events: list[dict[str, Any]]) -> list[Result]:
    found: list[Result] = []
    for event in events:
        if details := event.get("taskSucceededEventDetails"):
            output = json.loads(details["output"])
            waits = details["resource"].endswith("waitForTaskToken")
            found.append(Succeeded(output if waits else output["Payload"]))
        elif details := event.get("taskFailedEventDetails"):
            found.append(Failed(details["error"], details.get("cause", "")))
        elif "taskTimedOutEventDetails" in event:
            found.append(Failed("States.Timeout"))
    return found
