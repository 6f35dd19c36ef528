"""Find a stem's executions, and explain their states in sentences."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from waveflow.events.normalise import find_ids

from waveflow_local.engine.history import (
    WAITING,
    ExecutionSeen,
    StateSeen,
    executions,
    see,
)

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class Whereabouts:
    """Hold one execution about a stem, its newest state and the reason in words."""

    execution: ExecutionSeen
    state: str
    reason: str


class StatusReport(TypedDict):
    """Report of one execution's state: `text` for a person, the rest as JSON."""

    execution: str
    status: str
    state: str
    reason: str
    states: list[str]
    verdict: str
    started: str
    seconds: float
    text: str


def find(sfn: "SFNClient", machine_arn: str, subject: str) -> list[Whereabouts]:
    """Return the executions about a stem, stage or job, the newest first."""
    arns = [
        arn
        for arn, given in executions(sfn, machine_arn)
        if subject in _subjects(given)
    ]
    return [whereabouts(see(sfn, arn)) for arn in arns]


def explain(seen: ExecutionSeen) -> str:
    """Say in one sentence why an execution is in its present state."""
    state = seen.states[-1] if seen.states else None
    if seen.running:
        return _explain_running(state)
    if seen.status == "SUCCEEDED":
        status = seen.outcome.get("status")
        return (
            f"told the server {status}" if status else "ended; nothing was to be told"
        )
    if seen.status == "TIMED_OUT":
        return "the whole execution took too long"
    return (
        f"{seen.error}: {sentence(seen.cause)}" if seen.error else seen.status.lower()
    )


def report(found: Whereabouts) -> StatusReport:
    """Return the report of one execution's state, for a person and for a machine."""
    seen = found.execution
    path = [state.name for state in seen.states]
    return {
        "execution": seen.arn,
        "status": seen.status,
        "state": found.state,
        "reason": found.reason,
        "states": path,
        "verdict": seen.verdict,
        "started": seen.started.isoformat(timespec="milliseconds"),
        "seconds": round(seen.seconds, 3),
        "text": f"{seen.status} in {found.state} after {seen.seconds:.1f} s "
        f"({' > '.join(path)}): {found.reason}",
    }


def sentence(cause: str) -> str:
    """Return the error message inside a Lambda's JSON cause, or the cause itself."""
    try:
        payload = json.loads(cause)
    except ValueError:
        return cause
    message = payload.get("errorMessage") if isinstance(payload, dict) else None
    return message if isinstance(message, str) else cause


def _explain_running(state: StateSeen | None) -> str:
    if state is None:
        return "starting"
    since = f"for {state.seconds:.0f} s"
    if state.errors and len(state.errors) >= state.attempts:
        error, cause = state.errors[-1]
        return (
            f"attempt {state.attempts} failed with {error} ({sentence(cause)}); "
            "it will be tried again"
        )
    if state.resource.endswith(WAITING):
        return f"waiting {since} for the server's verdict, question {state.attempts}"
    return f"working {since}"


def whereabouts(seen: ExecutionSeen) -> Whereabouts:
    """Return an execution with its newest state and the reason in words."""
    state = seen.states[-1].name if seen.states else "-"
    return Whereabouts(seen, state, explain(seen))


def _subjects(given: object) -> set[str]:
    """Return every id by which a person may ask for an execution."""
    if not isinstance(given, list) or not given:
        return set()
    record = given[0]
    ids = find_ids(record)
    found = {ids[name] for name in ("stemId", "stageId") if name in ids}
    body = record.get("body") if isinstance(record, dict) else None
    if isinstance(body, dict) and isinstance(body.get("id"), str):
        found.add(body["id"])
    return found
