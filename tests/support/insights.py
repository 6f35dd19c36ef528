"""Fakes of CloudWatch Logs Insights, and of Step Functions with one execution."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


class Insights:
    """Client of CloudWatch Logs whose query runs for a moment, then finds names."""

    def __init__(self, names: list[str], *, ends: str = "Complete") -> None:
        self.asked: dict[str, Any] = {}
        self._names = names
        self._states = ["Scheduled", "Running", ends]

    def start_query(self, **asked: Any) -> dict[str, str]:
        """Keep what is asked."""
        self.asked = asked
        return {"queryId": "query-1"}

    def get_query_results(self, *, queryId):  # noqa: N803 - boto3's name
        """Return the names once the query has ended."""
        assert queryId == "query-1"
        state = self._states.pop(0)
        rows = [[{"field": "execution", "value": name}] for name in self._names]
        return {"status": state, "results": rows if state == "Complete" else []}


class FailedExecution:
    """Client of Step Functions whose every execution ended in one state."""

    def __init__(
        self, status: str = "FAILED", *, state: str = "Failed", error: str = ""
    ) -> None:
        self.seen: list[str] = []
        self._status, self._state, self._error = status, state, error

    def get_execution_history(self, *, executionArn, **_options):  # noqa: N803
        """Return one state, and the end of an execution that has ended."""
        self.seen.append(executionArn)
        entered = {
            "type": "TaskStateEntered",
            "stateEnteredEventDetails": {"name": self._state},
        }
        ends = [{"type": "ExecutionFailed"}] if self._status != "RUNNING" else []
        return {"events": [{**e, "timestamp": NOW} for e in (entered, *ends)]}

    def describe_execution(self, *, executionArn):  # noqa: N803
        """Describe the execution."""
        told = {"error": self._error, "cause": "because"} if self._error else {}
        return {
            "executionArn": executionArn,
            "status": self._status,
            "startDate": NOW,
            "stopDate": NOW,
            **told,
        }
