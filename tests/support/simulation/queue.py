"""Queue and pipe: a message starts an execution, or comes back until it does."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from waveflow_local.engine.template import Template

from support.simulation.checks import BrokenPromiseError
from support.walker import ROOT

if TYPE_CHECKING:
    from support.simulation.system import System


class Queue:
    """Queue that delivers each message at least once, and the pipe that reads it."""

    def __init__(self, system: "System") -> None:
        self._system = system
        self._count = 0

    def send(self, body: Any, *, late_s: float = 0.0) -> None:
        """Send a message to the queue."""
        self._count += 1
        record = {
            "messageId": f"message-{self._count}",
            "sentTimestamp": str(1_767_225_600_000 + int(self._system.now * 1000)),
            "body": body,
        }
        strikes, random = self._system.faults.strikes, self._system.faults.random
        delays = [late_s + 0.5]
        if strikes("message delivered late"):
            delays = [late_s + 600 * random.random()]
        if strikes("message delivered twice"):
            delays.append(delays[0] + 20 * random.random())
        if strikes("message delivered again at the end"):
            delays.append(200_000.0)
        for delay in delays:
            self._system.later(delay, lambda: self._deliver(record))

    def _deliver(self, record: dict[str, Any], *, received: int = 1) -> None:
        """Start an execution; a message whose start is throttled comes back."""
        system = self._system
        if not system.throttles.refuses("StartExecution"):
            system.start([record])
            return
        hidden_s, most = _settings()
        system.ledger.counts["messages that came back to the queue"] += 1
        if received >= most:
            raise BrokenPromiseError(f"{record['messageId']} is a dead letter.")
        system.later(hidden_s, lambda: self._deliver(record, received=received + 1))


@lru_cache(maxsize=1)
def _settings() -> tuple[float, int]:
    """Return for how many seconds the queue hides a message, and how often."""
    template = Template.read(ROOT / "template.yaml", {})
    policy = template.property("Queue", "RedrivePolicy")
    hidden_s = template.property("Queue", "VisibilityTimeout")
    return float(hidden_s), int(policy["maxReceiveCount"])
