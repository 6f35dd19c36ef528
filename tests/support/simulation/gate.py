"""Gate before the functions: Lambda lets a call through, or rejects the call."""

from collections import Counter
from collections.abc import Callable, Iterable

from support.lambda_errors import NOT_READY
from support.simulation.account import Throttles
from support.simulation.faults import Faults
from support.walker import Failed

FUNCTIONS = ("Hash", "DedupeDelete", "Waveform", "Mix", "Compare", "Notify")
SLEEPS_S = (40.0, 110.0)  # shortest and longest that others have measured
FOR_LONG_S = (400.0, 1_000.0)  # one state gives up, or the telling state as well
PATIENCE_S = 300.0  # seconds that the machine waits at least
TOO_LONG = "functions asleep for longer than the machine waits"
AWAKE_S = 3_600.0  # time in which a function that was woken stays awake
INITIALIZING = "Lambda is initializing your function."


class Gate:
    """Gate that knows which functions are asleep, and when each one is awake again.

    A function of `wakes` without a time sleeps until the first call wakes it.
    """

    def __init__(
        self,
        faults: Faults,
        now: Callable[[], float],
        *,
        counts: Counter[str],
        throttles: Throttles,
    ) -> None:
        self._faults, self._now = faults, now
        self._counts, self._throttles = counts, throttles
        self._wakes: dict[str, float | None] = {}
        self._woken: dict[str, float] = {}

    def sleep(self, functions: Iterable[str], *, for_s: float | None = None) -> None:
        """Let functions sleep for some seconds, or until a call has woken them."""
        asleep = dict.fromkeys(functions, for_s and self._now() + for_s)
        self._wakes |= asleep
        if for_s is not None and for_s > PATIENCE_S:
            self._counts[TOO_LONG] += len(asleep)

    def wake(self) -> None:
        """Wake every function at once."""
        self._wakes.clear()

    def rejects(self, function: str) -> Failed | None:
        """Return how Lambda rejects a call, or None for a call that goes through."""
        self._perhaps_sleep(function)
        if function in self._wakes and not self._is_awake(function):
            return Failed(self._faults.choose(NOT_READY), INITIALIZING)
        throttled = self._throttles.refuses("Invoke")
        if throttled or self._faults.strikes("Lambda throttled"):
            return Failed("Lambda.TooManyRequestsException")
        if self._faults.strikes("Lambda service error"):
            return Failed("Lambda.ServiceException")
        return None

    def _is_awake(self, function: str) -> bool:
        wakes = self._wakes[function]
        if wakes is None:
            wakes = self._wakes[function] = self._now() + self._some_seconds()
        if self._now() < wakes:
            return False
        del self._wakes[function]
        self._woken[function] = self._now()
        return True

    def _perhaps_sleep(self, function: str) -> None:
        """Let functions fall asleep that were not woken within the last hour."""
        strikes = self._faults.strikes
        one, every = self._rested([function]), self._rested(FUNCTIONS)
        if one and strikes("function asleep"):
            self.sleep(one)
        if every and strikes("every function asleep"):
            self.sleep(every)
        if every and strikes("new version not ready"):
            for each in every:
                self.sleep([each], for_s=self._some_seconds())
        if one and strikes("function asleep for long"):
            for_s = self._faults.random.uniform(*FOR_LONG_S)
            self.sleep(self._rested([*one, "Notify"]) or one, for_s=for_s)

    def _rested(self, functions: Iterable[str]) -> list[str]:
        long_ago = self._now() - AWAKE_S
        return [
            each
            for each in functions
            if each not in self._wakes and self._woken.get(each, long_ago) <= long_ago
        ]

    def _some_seconds(self) -> float:
        return self._faults.random.uniform(*SLEEPS_S)
