"""Keep what the driver knows of one execution, and what the operator has chosen."""

from dataclasses import dataclass, field

from waveflow.events import flow
from waveflow.events.normalise import find_ids, find_job_id

from support.walker import Ended, Execution, Result, Walk


@dataclass
class Run:
    """One execution: whom it tells, and what it has told.

    `invocation` counts its calls of functions; a result of any but the last is lost.
    """

    execution: Execution
    name: str
    job_id: str
    tells: bool
    user_id: str | None
    walk: Walk | None = None
    waiting: str | None = None
    asks: bool = False
    invocation: int = 0
    answered: dict[str, Result] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @property
    def ended(self) -> Ended | None:
        """Return how it ended, if it did."""
        return self.execution.ended


def run_of(execution: Execution) -> Run:
    """Return a run of an execution that has not begun."""
    record = execution.input[0]
    entry = flow.HashRequest(record=record, start=execution.start, name=execution.name)
    body = record["body"] if isinstance(record["body"], dict) else {}
    fields = body.get("kwargs", body)
    return Run(
        execution,
        execution.name,
        job_id=find_job_id(entry),
        tells=not {"stemId", "stageId"}.isdisjoint(find_ids(record)),
        user_id=None if "stem_paths" in fields else str(fields.get("userId")),
    )


@dataclass(frozen=True)
class Modes:
    """What the operator of one world has chosen."""

    message_mode: bool = False
    dedupe_mode: str = "delete"
    versioned: bool = True
