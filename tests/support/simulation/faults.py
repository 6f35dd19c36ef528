"""Kinds of faults, and a seeded choice of the fault that strikes next."""

from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

# Faults of one invocation of a stage, at one of its outside calls.
AT_A_CALL = (
    "S3 unavailable",
    "S3 read cut short",
    "S3 bit flipped",
    "S3 answer lost",
    "optional output denied",
    "preview encoder fails",
    "object replaced",
    "object deleted",
    "object uploaded again",
    "killed before a call",
    "killed after a call",
    "another execution in between",
    "retried while it still runs",
    "webhook unavailable",
    "webhook answer lost",
    "webhook rejected",
    "token answer lost",
)
AROUND_A_CALL = (
    "Lambda service error",
    "Lambda throttled",
    "Lambda answer lost",
    "function asleep",
    "every function asleep",
    "function asleep for long",
    "new version not ready",
)
OF_A_MESSAGE = (
    "message delivered twice",
    "message delivered late",
    "message delivered again at the end",
    "twins uploaded at once",
    "message broken",
    "message without a time",
    "message names another user's file",
    "message with another hash",
    "message asks for other outputs",
    "mix names a file elsewhere",
    "mix of another request at the same time",
    "mix of an older release",
)
OF_A_VERDICT = (
    "verdict missing",
    "verdict late",
    "verdict twice",
    "verdict garbage",
    "verdict a failure",
    "verdict in the body",
    "verdict hold",
    "verdict decided anew",
    "verdict names itself",
    "verdict names its own stem",
    "verdict names a younger copy",
    "verdict names other bytes",
    "verdict names nothing",
    "verdict names another user's copy",
    "server down for hours",
    "optional outputs down for long",
)
OF_THE_ACCOUNT = (
    "StartExecution throttled",
    "SendTaskSuccess throttled",
    "functions throttled for minutes",
    "read of Step Functions stale",
    "read of Step Functions throttled",
)
KINDS = (
    *AT_A_CALL,
    *AROUND_A_CALL,
    *OF_A_MESSAGE,
    *OF_A_VERDICT,
    *OF_THE_ACCOUNT,
)


class Faults:
    """Seeded source of faults of one rate; the kinds in `often` have their own."""

    def __init__(
        self, random: Random, rate: float, often: Mapping[str, float] | None = None
    ) -> None:
        self.random = random
        self.rate = rate
        self._often = dict(often or {})
        self.counts: Counter[str] = Counter()

    def stop(self) -> None:
        """Let no fault strike from now on."""
        self.rate = 0.0
        self._often.clear()

    def strikes(self, kind: str) -> bool:
        """Return whether a fault of this kind strikes now."""
        if self.random.random() >= self._often.get(kind, self.rate):
            return False
        self.counts[kind] += 1
        return True

    def one_of(self, kinds: Iterable[str]) -> str | None:
        """Return the first of these kinds that strikes now, or None."""
        return next((kind for kind in kinds if self.strikes(kind)), None)

    def armed(self, calls: int) -> dict[str, int]:
        """Return the faults of one invocation, each with the number of its call."""
        if not self.rate:
            return {}
        draw, often = self.random.random, self._often
        return {
            kind: int(draw() * calls)
            for kind in AT_A_CALL
            if draw() < often.get(kind, self.rate)
        }

    def choose(self, items: list[Any]) -> Any:
        """Return one of the items."""
        return self.random.choice(items)
