"""Step Functions of one account under its quotas, on a clock that a test owns."""

from collections import Counter

from waveflow.api.interfaces import Execution, HistoryEvent
from waveflow.api.jobs.context import JobContext
from waveflow.errors import StorageUnavailableError
from waveflow_local.engine.quotas import Throttle

ATTEMPTS = 3  # boto3's standard mode asks so often before it gives up
STATES = ["Hash", "Ask", "Verdict", "Waveform", "Tell"]


class AccountReads:
    """Machine whose executions end at given seconds; every call takes a token.

    `refused` counts the throttled calls, boto3's own repeats among them.
    """

    def __init__(self, ends, *, clock):
        self.calls, self.refused = Counter(), Counter()
        self._ends = ends
        self._clock = clock
        self._throttle = Throttle(clock=clock)

    def describe(self, name):
        """Return an execution as it is now, by one DescribeExecution."""
        self._call("DescribeExecution")
        ended = self._clock() >= self._ends[name]
        context = JobContext(owner="anna", token_id="t", key=f"audio/{name}")
        return Execution(
            name=name,
            status="SUCCEEDED" if ended else "RUNNING",
            record={"api": context.model_dump()},
            output={"status": "SUCCESS", "result": {}} if ended else None,
        )

    def history(self, name):
        """Return the history as it is now, by one GetExecutionHistory."""
        self._call("GetExecutionHistory")
        share = min(1, self._clock() / self._ends[name])
        entered = STATES[: int(share * len(STATES))]
        events = [HistoryEvent(number=1, kind="ExecutionStarted", at="t")]
        events += [
            HistoryEvent(number=n, kind="TaskStateEntered", at="t", state=state)
            for n, state in enumerate(entered, start=2)
        ]
        if share == 1:
            end = HistoryEvent(number=99, kind="ExecutionSucceeded", at="t")
            events.append(end)
        return events

    def _call(self, api):
        """Take a token as boto3 does: again at once, which is the worst for quotas."""
        for _ in range(ATTEMPTS):
            self.calls[api] += 1
            if self._throttle.allows(api):
                return
            self.refused[api] += 1
        raise StorageUnavailableError("Step Functions answered ThrottlingException.")


class NoObjects:
    """Bucket without an object, since no external server reports here."""

    def load(self, _key):
        """Return nothing for every key."""
