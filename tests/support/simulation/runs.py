"""State of one simulated execution, and the modes of an operator."""

from dataclasses import dataclass, field

from waveflow.events import flow
from waveflow.events.normalise import find_ids, find_job_id

from support.walker import Ended, Execution, Invoke, Result, Sleep, Walk


@dataclass
class Run:
    """Execution in the simulation, with the statuses that the server was told.

    `invocation` counts calls of functions; only the last call's result counts.
    `spoilt` is the key of an optional output at which the last stage failed.
    `left_with` is the result with which the execution left the task before `state`.
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
    spoilt: str | None = None
    answered: dict[str, Result] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    state: str = ""
    left_with: Result | None = None

    @property
    def ended(self) -> Ended | None:
        """Return the execution's end, or None while the execution runs."""
        return self.execution.ended

    def go_on(self, result: Result | None) -> Invoke | Sleep:
        """Hand a result to the walk, and return the walk's next request."""
        assert self.walk is not None
        request = self.walk.send(result)
        if isinstance(request, Invoke) and request.state != self.state:
            self.state, self.left_with = request.state, result
        return request


def run_of(execution: Execution) -> Run:
    """Return the run of an execution that has not begun."""
    record = execution.input[0]
    entry = flow.HashRequest(record=record, start=execution.start, name=execution.name)
    body = record["body"] if isinstance(record["body"], dict) else {}
    fields = body.get("kwargs", body)
    return Run(
        execution,
        execution.name,
        job_id=find_job_id(entry),
        tells=not {"stemId", "stageId"}.isdisjoint(find_ids(record)),
        user_id=None
        if {"stem_paths", "pairs"} & {*fields}
        else str(fields.get("userId")),
    )


@dataclass(frozen=True)
class Modes:
    """Modes that the operator of one simulated world has chosen."""

    message_mode: bool = False
    dedupe_mode: str = "delete"
    versioned: bool = True
    zoom_levels: tuple[int, ...] = ()
    audio_id: bool = False
