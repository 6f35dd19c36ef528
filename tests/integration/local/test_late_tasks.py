"""A task that has timed out has no more say in its execution."""

import threading
from typing import Any

from support.processes import eventually


def task(**fields: Any) -> dict[str, Any]:
    """Describe a state that invokes the one function, within a second."""
    arguments = {"FunctionName": "EchoFunction", "Payload": "{% $states.input %}"}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": arguments,
        "TimeoutSeconds": 1,
        **fields,
    }


class Late:
    """A handler whose first call ends when the test lets it, the others at once."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.returned = threading.Event()
        self._calls: list[Any] = []

    def __call__(self, event: Any, _context: Any) -> Any:
        """Answer one invocation."""
        self._calls.append(event)
        if len(self._calls) == 1:
            self.release.wait()
            self.returned.set()
        return event


def threads() -> int:
    """Count the threads of executions, which moto starts as daemons."""
    return sum("_exec_and_notify" in each.name for each in threading.enumerate())


def test_a_late_answer_is_not_written_behind_the_end(engine, start, finish):
    """A history that goes on behind its end looks as if the execution still ran."""
    late, before = Late(), threads()
    retry = [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]
    started = start({"Tell": task(Retry=retry, End=True)}, handler=late)
    ended = finish(started)

    late.release.set()
    late.returned.wait()
    eventually(lambda: threads() <= before)

    arn = started["executionArn"]
    told = engine.clients.sfn.get_execution_history(executionArn=arn)["events"]
    kinds = [event["type"] for event in told]
    assert ended["status"] == "SUCCEEDED"
    assert kinds[-1] == "ExecutionSucceeded"
    assert kinds.count("TaskTimedOut") == kinds.count("TaskSucceeded") == 1


def test_an_attempt_that_is_late_before_it_begins_leaves_a_readable_history(
    engine, start, finish
):
    """A busy machine may use the whole time up; the history must not answer 500."""
    before = threads()
    slow = task(End=True)
    slow["Arguments"]["Payload"] = "{% $sum([1..200000].$number('2')) %}"  # seconds
    started = start({"Tell": slow}, {"a": 1}, handler=lambda event, _context: event)
    ended = finish(started)

    eventually(lambda: threads() <= before)

    arn = started["executionArn"]
    told = engine.clients.sfn.get_execution_history(executionArn=arn)["events"]
    assert ended["error"] == "States.Timeout"
    assert [event["type"] for event in told] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskTimedOut",
        "ExecutionFailed",
    ]
