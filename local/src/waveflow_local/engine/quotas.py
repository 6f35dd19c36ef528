"""Count the reads of Step Functions as AWS throttles them, by token buckets."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Quota:
    """Hold a token bucket's size and its refill in tokens a second."""

    bucket: int
    refill: float


# Throttling quotas of one account in Seoul (ap-northeast-2), all its programs together:
# Step Functions Developer Guide, "Service quotas", as of 2026-11. AWS may raise them.
SEOUL: Mapping[str, Quota] = {
    "DescribeExecution": Quota(bucket=250, refill=10),
    "GetExecutionHistory": Quota(bucket=400, refill=20),
    "ListExecutions": Quota(bucket=100, refill=2),
}


class Throttle:
    """Token buckets of one account, one for each API that has a quota."""

    def __init__(
        self,
        quotas: Mapping[str, Quota] = SEOUL,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quotas = quotas
        self._clock = clock
        self._lock = threading.Lock()  # the engine answers requests in threads
        now = clock()
        self._levels = {api: (float(each.bucket), now) for api, each in quotas.items()}

    def allows(self, api: str) -> bool:
        """Take a token for a call; return False where the API has none left."""
        quota = self._quotas.get(api)
        if quota is None:
            return True
        with self._lock:
            level, seen = self._levels[api]
            now = self._clock()
            level = min(quota.bucket, level + (now - seen) * quota.refill)
            allowed = level >= 1
            self._levels[api] = (level - allowed, now)
        return allowed
