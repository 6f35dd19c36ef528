"""The rate of requests that an owner may send."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from waveflow.api.auth import RateLimit
from waveflow.api.errors import RateLimitedError


def test_the_rate_is_limited_for_each_owner():
    """A hasty owner must not use up the requests of another."""
    now = [0.0]
    limit = RateLimit(2, burst=3, clock=lambda: now[0])
    for _ in range(3):
        limit.take("a")

    with pytest.raises(RateLimitedError) as refused:
        limit.take("a")
    limit.take("b")
    now[0] += 0.5
    limit.take("a")

    assert refused.value.retry_after_s == 1


@pytest.fixture
def hasty():
    """Make threads take turns a thousand times as often."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty")
def test_threads_do_not_share_one_place_in_the_bucket():
    """Routes run in threads: two that read the same level would both be let in."""
    limit = RateLimit(1e-9, burst=100, clock=lambda: 0.0)

    def ask(_number):
        try:
            limit.take("a")
        except RateLimitedError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        let_in = sum(pool.map(ask, range(4000)))

    assert let_in == 100
