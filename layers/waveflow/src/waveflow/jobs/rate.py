"""Limit how often one owner may ask; each process counts for itself."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from waveflow.jobs.refusals import RateLimitedError

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
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, owner: str) -> None:
        """Count one request; raise `RateLimitedError` when the bucket is empty."""
        if self._per_second <= 0:
            return
        now = self._clock()
        level, seen = self._buckets.pop(owner, (float(self._burst), now))
        level = min(self._burst, level + (now - seen) * self._per_second)
        if level < 1:
            self._buckets[owner] = (level, now)
            raise RateLimitedError(math.ceil((1 - level) / self._per_second))
        self._buckets[owner] = (level - 1, now)
        if len(self._buckets) > MAX_OWNERS:
            self._buckets.popitem(last=False)
