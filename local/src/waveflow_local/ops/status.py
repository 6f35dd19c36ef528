"""Find a stem's executions on AWS through Logs Insights, and say what to do.

Pipes names executions, and reading each one's input would use up the quotas of Step
Functions. The first stage of each execution logs the execution's name and subject.
"""

import re
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from waveflow_local.engine.history import WAITING, see
from waveflow_local.ops.rerun import CODES, TELLING, UNKNOWN
from waveflow_local.ops.stack import Stack
from waveflow_local.ops.whereabouts import Whereabouts, find, report, whereabouts
from waveflow_local.paths import LocalError

# notify tells of a broken message
FIRST_STAGES = ("hash", "mix", "compare", "notify")
LIMIT = 20
DAY_S = 86_400
_LOOK_S = 0.5
_LOOKS = 240
_SUBJECT = re.compile(r'[^"\\\s]{1,200}')
_AGAIN = {"STORAGE_UNAVAILABLE", "RESOURCE_LIMIT", "INTERNAL_ERROR"}


@dataclass(frozen=True)
class Standing:
    """Hold one execution, and what an operator has to do about that execution."""

    found: Whereabouts
    advice: str
    needs_somebody: bool

    def __str__(self) -> str:
        """Return the execution, its state, the reason and the advice as lines."""
        said = report(self.found)
        return f"{said['text']}\n  {said['execution']}\n  do: {self.advice}"


def status(stack: Stack, subject: str, *, days: int) -> list[Standing]:
    """Return the executions about a stem, stage or job, the newest first."""
    if _SUBJECT.fullmatch(subject) is None:
        raise LocalError("An id has no quotes, backslashes or spaces.")
    if stack.is_local:
        found = find(stack.sfn, stack.parts.machine_arn, subject)
    else:
        found = _find_on_aws(stack, subject, days=days)
    return [_judge(each) for each in found]


def query_of(subject: str) -> str:
    """Return the Logs Insights query for the names of a subject's executions."""
    return (
        'filter message = "started" and ispresent(execution) and '
        f'(subject = "{subject}" or job_id = "{subject}") '
        f"| stats max(@timestamp) as at by execution | sort at desc | limit {LIMIT}"
    )


def _find_on_aws(stack: Stack, subject: str, *, days: int) -> list[Whereabouts]:
    prefix = stack.parts.machine_arn.replace(":stateMachine:", ":execution:")
    try:
        names = _names(stack.logs, stack.parts.name, query_of(subject), days=days)
        seen = (_see(stack, f"{prefix}:{name}") for name in names)
        return [each for each in seen if each is not None]
    except (BotoCoreError, ClientError) as exc:
        raise LocalError(f"The executions cannot be read: {exc}") from exc


def _names(logs: Any, stack_name: str, query: str, *, days: int) -> list[str]:
    """Ask Logs Insights for names of executions, the newest first."""
    now = int(time.time())
    asked = logs.start_query(
        logGroupNames=[f"/waveflow/{stack_name}/{stage}" for stage in FIRST_STAGES],
        startTime=now - days * DAY_S,
        endTime=now,
        queryString=query,
    )
    for _ in range(_LOOKS):
        answer = logs.get_query_results(queryId=asked["queryId"])
        if answer["status"] == "Complete":
            rows = [{f["field"]: f["value"] for f in row} for row in answer["results"]]
            return [row["execution"] for row in rows]
        if answer["status"] not in {"Scheduled", "Running"}:
            break
        time.sleep(_LOOK_S)
    raise LocalError(f"Logs Insights did not answer: {answer['status']}.")


def _see(stack: Stack, arn: str) -> Whereabouts | None:
    """Read one execution, or return None where Step Functions has forgotten it."""
    try:
        return whereabouts(see(stack.sfn, arn))
    except ClientError as exc:
        if exc.response["Error"]["Code"] == UNKNOWN:
            return None
        raise


def _judge(found: Whereabouts) -> Standing:
    """Return what an operator has to do about one execution."""
    seen = found.execution
    code = CODES.get(seen.error, seen.error)
    if seen.running:
        return Standing(found, _while_running(found), needs_somebody=False)
    if seen.status == "SUCCEEDED":
        return Standing(found, "nothing", needs_somebody=False)
    if seen.status in {"TIMED_OUT", "ABORTED"}:
        advice = f"ops redrive --error {seen.status} (the server was not told)"
    elif found.state in TELLING:
        advice = "mend the webhook, then ops replay (the server was not told)"
    elif code in _AGAIN or found.state != "Failed":
        advice = f"mend the reason, then ops redrive --error {code}"
    else:
        return Standing(found, "nothing; the server was told", needs_somebody=False)
    return Standing(found, advice, needs_somebody=True)


def _while_running(found: Whereabouts) -> str:
    """Return the advice about an execution that still runs."""
    state = found.execution.states[-1] if found.execution.states else None
    if state is not None and state.resource.endswith(WAITING):
        return "see why the server has not answered; the question is asked again"
    return "wait"
