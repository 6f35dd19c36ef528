"""Streams that share a poll."""

import asyncio

import pytest
from waveflow.jobs.feed import Feeds
from waveflow.jobs.progress import Progress
from waveflow.jobs.rate import RateLimit
from waveflow.jobs.refusals import JobExpiredError, RateLimitedError


def moment(number, status="processing"):
    """Return one moment."""
    return Progress(
        number=number, job_id="job", status=status, progress=number, message=""
    )


class Script:
    """A job that goes on a little with every look."""

    def __init__(self, *, hold=1):
        self.looks = 0
        self._hold = hold

    def __call__(self, _job_id):
        """Look once more."""
        self.looks += 1
        count = min(4, self.looks // self._hold)
        return [
            moment(n, "completed" if n == 4 else "processing")
            for n in range(1, count + 1)
        ]


async def collect(stream):
    """Return the numbers of everything that a stream yields."""
    return [item.number if item else None async for item in stream]


def test_a_thousand_streams_share_one_poll():
    """Step Functions is asked once for all of them, and nobody misses a moment."""
    script = Script(hold=3)
    feeds = Feeds(script, fast_s=0.001)

    async def scenario():
        return await asyncio.gather(
            *(collect(feeds.follow("job")) for _ in range(1000))
        )

    seen = asyncio.run(scenario())

    assert all(numbers == [1, 2, 3, 4] for numbers in seen)
    assert script.looks <= 20
    assert feeds.polled == 0


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_cut_stream_goes_on_where_it_was(after):
    """`Last-Event-ID` is the number of the last moment that arrived."""
    feeds = Feeds(Script(), fast_s=0.001)

    seen = asyncio.run(collect(feeds.follow("job", after=after)))

    assert seen == list(range(after + 1, 5))


def test_a_silent_job_is_kept_alive_by_heartbeats():
    """Proxies drop a connection on which nothing is said."""
    feeds = Feeds(lambda _job: [moment(1)], fast_s=0.001, heartbeat_s=0.01)

    async def scenario():
        stream = feeds.follow("job")
        seen = [await anext(stream) for _ in range(3)]
        await stream.aclose()
        return seen

    assert [m and m.number for m in asyncio.run(scenario())] == [1, None, None]
    assert feeds.polled == 0


def test_a_client_that_leaves_leaves_no_poll():
    """A task that nobody waits for must not live on."""
    feeds = Feeds(lambda _job: [moment(1)], fast_s=0.001)

    async def scenario():
        task = asyncio.create_task(collect(feeds.follow("job")))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.01)
        return [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]

    assert asyncio.run(scenario()) == []
    assert feeds.polled == 0


def test_a_job_that_is_forgotten_meanwhile_ends_its_streams():
    """The poll's refusal is everybody's."""

    def gone(_job):
        raise JobExpiredError("old")

    with pytest.raises(JobExpiredError):
        asyncio.run(collect(Feeds(gone, fast_s=0.001).follow("job")))


def test_several_jobs_come_on_one_stream():
    """A browser opens six connections to one server at most."""
    feeds = Feeds(Script(), fast_s=0.001)

    seen = asyncio.run(collect(feeds.follow_all(["a", "b"])))

    assert sorted(seen) == sorted([1, 2, 3, 4] * 2)


def test_the_rate_is_limited_for_each_owner():
    """A bucket fills with time, and is nobody else's."""
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
