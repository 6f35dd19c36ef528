"""Keep the late events of timed-out tasks out of the execution's history."""

import functools
import threading
from typing import Any

from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import (
    EvalTimeoutError,
    Timeout,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from waveflow_local.engine.moto.patching import internal, replace

_CLOSED = "closed_by_waveflow"
_WRITES = threading.Lock()


def apply() -> None:
    """Make moto drop the late events of a task whose time-out has passed.

    The thread of a timed-out task goes on until its Lambda returns. Events that it
    writes then stand among those of the next attempt, or behind the execution's
    end, and a history that does not end with the end looks like one that runs.
    """
    if not hasattr(internal(EventManager, "add_event"), "__wrapped__"):
        _close_contexts()
        _write_to_open_contexts()
        _end_without_a_time_out()


def _close_contexts() -> None:
    """Mark a task's history context as closed when moto closes the task's frame."""
    original = internal(Environment, "close_frame")

    @functools.wraps(original)
    def close_frame(self: Environment, frame: Environment) -> None:
        with _WRITES:
            setattr(frame.event_history_context, _CLOSED, True)
        original(self, frame)

    replace(Environment, "close_frame", close_frame)


def _write_to_open_contexts() -> None:
    """Write an event of the execution history only while its context is open."""
    original = internal(EventManager, "add_event")

    @functools.wraps(original)
    def add_event(self: EventManager, context: Any, *args: Any, **kwargs: Any) -> int:
        with _WRITES:
            if getattr(context, _CLOSED, False):
                last: int = context.last_published_event_id
                return last
            written: int = original(self, context, *args, **kwargs)
            return written

    replace(EventManager, "add_event", add_event)


def _end_without_a_time_out() -> None:
    """Time out a task whose time is up before moto has read its time limit.

    moto evaluates nothing then, and takes whatever the stack holds for a number of
    seconds: GetExecutionHistory answers 500 to an event with such a number.
    """
    original = internal(Timeout, "eval")

    @functools.wraps(original)
    def evaluate(self: Timeout, env: Environment) -> None:
        height = len(env.stack)
        original(self, env)
        if len(env.stack) == height:
            raise EvalTimeoutError

    replace(Timeout, "eval", evaluate)
