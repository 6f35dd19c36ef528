"""Start executions of the state machine and read their progress."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from waveflow.adapters.aws_errors import AWS_ERRORS, AwsErrors, code_of
from waveflow.api.interfaces import Execution, HistoryEvent
from waveflow.api.schemas import JsonObject
from waveflow.errors import StorageUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

_UNKNOWN = "ExecutionDoesNotExist"
ERRORS = AwsErrors(
    service="Step Functions",
    unavailable=StorageUnavailableError,
    passing_codes=frozenset(
        {"ExecutionLimitExceeded", "KmsThrottlingException", "ThrottlingException"}
    ),
)
_QUALIFIED_PARTS = (
    8  # the ARN of an alias or a version has one part more than a machine's
)


class StepFunctionsMachine:
    """State machine on Step Functions; names identify its executions."""

    def __init__(self, client: "SFNClient", machine_arn: str) -> None:
        self._client = client
        self._machine_arn = machine_arn
        parts = machine_arn.split(":")[: _QUALIFIED_PARTS - 1]
        self._prefix = ":".join([*parts[:5], "execution", parts[6]])

    def start(self, name: str, record: Mapping[str, object]) -> bool:
        """Start an execution; return False where its name is taken already."""
        try:
            # A pipe sends an array of one record, so the machine reads such an array.
            self._client.start_execution(
                stateMachineArn=self._machine_arn,
                name=name,
                input=json.dumps([record], ensure_ascii=False),
            )
        except AWS_ERRORS as exc:
            if code_of(exc) == "ExecutionAlreadyExists":
                return False
            raise ERRORS.translated(exc) from exc
        return True

    def describe(self, name: str) -> Execution | None:
        """Return the execution of a name; None if Step Functions knows none."""
        arn = self._arn(name)
        try:
            told = self._client.describe_execution(executionArn=arn)
        except AWS_ERRORS as exc:
            if code_of(exc) == _UNKNOWN:
                return None
            raise ERRORS.translated(exc) from exc
        return Execution(
            name=name,
            status=str(told["status"]),
            record=_record(told["input"]),
            output=json.loads(told.get("output") or "null"),
            error=told.get("error") or "",
            cause=told.get("cause") or "",
        )

    def history(self, name: str) -> Sequence[HistoryEvent]:
        """Return all history events of an execution, the oldest first."""
        arn = self._arn(name)
        try:
            pages = self._client.get_paginator("get_execution_history").paginate(
                executionArn=arn, includeExecutionData=False
            )
            return [_event(event) for page in pages for event in page["events"]]
        except AWS_ERRORS as exc:
            if code_of(exc) == _UNKNOWN:
                return []
            raise ERRORS.translated(exc) from exc

    def _arn(self, name: str) -> str:
        return f"{self._prefix}:{name}"


def _record(text: str) -> JsonObject:
    """Return the queue record in an execution's input; {} for any other input."""
    given = json.loads(text)
    record = given[0] if isinstance(given, list) and given else None
    return record if isinstance(record, dict) else {}


def _event(event: "HistoryEventTypeDef") -> HistoryEvent:
    entered = event.get("stateEnteredEventDetails")
    at = event["timestamp"].astimezone(UTC).isoformat(timespec="milliseconds")
    return HistoryEvent(
        number=event["id"],
        kind=event["type"],
        at=at.replace("+00:00", "Z"),
        state=entered["name"] if entered else "",
    )
