"""Find the owner of an HTTP request, and limit each owner's requests and streams."""

import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from waveflow.api.errors import RateLimitedError, UnauthorizedError

if TYPE_CHECKING:
    from waveflow.api.bootstrap import ApiServices

MAX_OWNERS = 10_000  # the owner who was silent for longest is forgotten
SEAT_WAIT_S = 5  # Retry-After of a stream that an owner opens too many
_bearer = HTTPBearer(auto_error=False, description="A JWT of the configured issuer.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class RateLimit:
    """Token bucket of each owner: `burst` requests, refilled at `per_second`.

    Every process counts for itself.
    """

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
        """Count one request of an owner; raise `RateLimitedError` above the limit."""
        if self._per_second <= 0:
            return
        with self._lock:
            wait_s = self._take(owner, self._clock())
        if wait_s > 0:
            raise RateLimitedError(math.ceil(wait_s))

    def _take(self, owner: str, now: float) -> float:
        """Count a request and return 0, or return the seconds to wait instead."""
        level, seen = self._buckets.pop(owner, (float(self._burst), now))
        level = min(self._burst, level + (now - seen) * self._per_second)
        taken = level >= 1
        self._buckets[owner] = (level - taken, now)
        if len(self._buckets) > MAX_OWNERS:
            self._buckets.popitem(last=False)
        return 0 if taken else (1 - level) / self._per_second


class StreamSeats:
    """Limit the open event streams of each owner within this process.

    A process on Lambda has one stream at a time; there the reserved concurrency of
    the function limits all streams together.
    """

    def __init__(self, per_owner: int) -> None:
        self._per_owner = per_owner
        self._taken: Counter[str] = Counter()

    @contextmanager
    def hold(self, owner: str) -> Iterator[None]:
        """Hold a seat of an owner; raise `RateLimitedError` where all are taken."""
        if self._taken[owner] >= self._per_owner:
            raise RateLimitedError(SEAT_WAIT_S, what="open streams")
        self._taken[owner] += 1
        try:
            yield
        finally:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]


def _owner(request: Request, credentials: Credentials) -> str:
    """Return the request's owner; refuse a bad token, or requests above the limit."""
    services: ApiServices = request.app.state.services
    rate_limit: RateLimit = request.app.state.rate_limit
    anonymous = services.http.anonymous
    if credentials is not None:
        owner = services.bearer.owner(credentials.credentials)
    elif request.headers.get("Authorization") or anonymous is None:
        raise UnauthorizedError("Send a bearer token.")
    else:
        owner = anonymous
    rate_limit.take(owner)
    return owner


Owner = Annotated[str, Depends(_owner)]


async def _stream_seat(request: Request, owner: Owner) -> AsyncIterator[None]:
    """Hold a seat of the owner until the stream has ended or its client has left."""
    seats: StreamSeats = request.app.state.stream_seats
    with seats.hold(owner):
        yield


StreamSeat = Depends(_stream_seat)
