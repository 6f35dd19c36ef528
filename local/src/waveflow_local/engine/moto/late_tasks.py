"""Keep the work that a timed-out task still does out of the execution's history."""

import functools
import threading
from typing import Any

from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from waveflow_local.engine.moto.patching import internal, replace

_CLOSED = "closed_by_waveflow"
_WRITES = threading.Lock()


def apply() -> None:
    """Drop the events of an attempt whose time is up; moto appends them.

    The thread of a timed-out task goes on until its Lambda returns. Events that it
    writes then stand among those of the next attempt, or behind the execution's
    end, and a history that does not end with the end looks like one that runs.
    """
    if not hasattr(internal(EventManager, "add_event"), "__wrapped__"):
        _close_contexts()
        _write_to_open_contexts()


def _close_contexts() -> None:
    """Mark the context of a frame as closed when the frame is."""
    original = internal(Environment, "close_frame")

    @functools.wraps(original)
    def close_frame(self: Environment, frame: Environment) -> None:
        with _WRITES:
            setattr(frame.event_history_context, _CLOSED, True)
        original(self, frame)

    replace(Environment, "close_frame", close_frame)


def _write_to_open_contexts() -> None:
    """Write an event only while its context is open."""
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
