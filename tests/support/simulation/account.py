"""Step Functions of one account: throttled calls, and reads that lag behind."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from support.simulation.faults import Faults
from support.walker import Ended

LAG_S = 60.0  # the longest lag of a read
ATTEMPTS = 3  # boto3's standard mode asks so often before it gives up
REST_S = 3_600.0  # after a throttle ends, its API is not throttled for so long
# Throttles end by themselves, after these seconds at most.
THROTTLES = {
    "StartExecution": ("StartExecution throttled", 600.0),
    "SendTaskSuccess": ("SendTaskSuccess throttled", 1_200.0),
    "Invoke": ("functions throttled for minutes", 300.0),
}
STALE, THROTTLED = "read of Step Functions stale", "read of Step Functions throttled"
ENDINGS = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed"}


class ThrottledError(Exception):
    """Refusal of one call by the account's quotas."""


class Throttles:
    """Throttles of the account's writes, each of one API and of some minutes."""

    def __init__(self, faults: Faults, now: Callable[[], float]) -> None:
        self._faults, self._now = faults, now
        self._until: dict[str, float] = {}

    def refuses(self, api: str) -> bool:
        """Return whether a throttle refuses one call of an API now."""
        kind, longest_s = THROTTLES[api]
        until, now = self._until.get(api, -REST_S), self._now()
        if now >= until + REST_S and self._faults.strikes(kind):
            until = now + self._faults.random.uniform(1, longest_s)
            self._until[api] = until
        return now < until

    def end(self) -> None:
        """End every throttle at once."""
        self._until.clear()


@dataclass(frozen=True)
class Event:
    """Event of an execution's history: a start, an entered state, or an end."""

    number: int
    at: float
    kind: str
    state: str = ""
    end: Ended | None = None


class Histories:
    """Histories of all executions by name, each event with its simulated time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._events: dict[str, list[Event]] = {}

    def begun(self, name: str) -> None:
        """Note the start of an execution, or its redrive."""
        again = name in self._events
        self._note(name, "ExecutionRedriven" if again else "ExecutionStarted")

    def entered(self, name: str, states: Iterable[str]) -> None:
        """Note the states that an execution has entered since the last note."""
        known = sum(1 for event in self._events[name] if event.state)
        for state in list(states)[known:]:
            self._note(name, "TaskStateEntered", state=state)

    def ended(self, name: str, end: Ended) -> None:
        """Note the end of an execution."""
        self._note(name, ENDINGS[end.status], end=end)

    def names(self) -> list[str]:
        """Return the names of all executions, the oldest first."""
        return list(self._events)

    def until(self, name: str, at: float) -> list[Event]:
        """Return the events of an execution until a time; [] before its start."""
        return [event for event in self._events.get(name, []) if event.at <= at]

    def _note(
        self, name: str, kind: str, *, state: str = "", end: Ended | None = None
    ) -> None:
        events = self._events.setdefault(name, [])
        events.append(Event(len(events) + 1, self._now(), kind, state, end))


class LateReads:
    """Reads of histories that are throttled, or show what was true a minute ago."""

    def __init__(
        self, histories: Histories, faults: Faults, now: Callable[[], float]
    ) -> None:
        self._histories, self._faults, self._now = histories, faults, now

    def events(self, name: str) -> list[Event]:
        """Return an execution's events as one read shows them."""
        return self._histories.until(name, self._moment())

    def listed(self) -> dict[str, list[Event]]:
        """Return the events of every execution that one read shows."""
        moment = self._moment()
        shown = {
            name: self._histories.until(name, moment)
            for name in self._histories.names()
        }
        return {name: events for name, events in shown.items() if events}

    def _moment(self) -> float:
        if all(self._faults.strikes(THROTTLED) for _ in range(ATTEMPTS)):
            raise ThrottledError
        if self._faults.strikes(STALE):
            return self._now() - self._faults.random.uniform(0, LAG_S)
        return self._now()


def status_in(events: list[Event]) -> str:
    """Return the status of an execution with these events."""
    end = events[-1].end
    return end.status if end else "RUNNING"


def ends_since(events: list[Event], since: float) -> list[Ended]:
    """Return the ends that a read may show that is not older than a time."""
    shown: list[Ended] = []
    for event in events:
        if event.at <= since:
            shown.clear()
        if event.end is not None:
            shown.append(event.end)
    return shown
