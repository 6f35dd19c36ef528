"""Limit how often one owner may ask; each process counts for itself."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from waveflow.api.errors import RateLimitedError

MAX_OWNERS = 10_000  # the one not seen for longest is forgotten


class RateLimit:
    """A bucket of `burst` requests for each owner that fills at `per_second`."""

    def __init__(
        self,
        per_second: float,
        *,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()  # routes run in threads
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, owner: str) -> None:
        """Count one request; raise `RateLimitedError` when the bucket is empty."""
        if self._per_second <= 0:
            return
        with self._lock:
            wait_s = self._take(owner, self._clock())
        if wait_s > 0:
            raise RateLimitedError(math.ceil(wait_s))

    def _take(self, owner: str, now: float) -> float:
        """Return how long to wait; 0 has taken one."""
        level, seen = self._buckets.pop(owner, (float(self._burst), now))
        level = min(self._burst, level + (now - seen) * self._per_second)
        taken = level >= 1
        self._buckets[owner] = (level - taken, now)
        if len(self._buckets) > MAX_OWNERS:
            self._buckets.popitem(last=False)
        return 0 if taken else (1 - level) / self._per_second
