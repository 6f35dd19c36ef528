"""Streams of one job that share a poll."""

import asyncio

import pytest
from support.virtual_time import run_virtually
from waveflow.api.bootstrap import ApiServices
from waveflow.api.errors import JobExpiredError, JobNotVisibleError
from waveflow.api.jobs.feed import Feeds, Pace
from waveflow.api.schemas import Gone, Progress
from waveflow.errors import InternalError, StorageUnavailableError

FAST = Pace(first_s=0, pause_s=0.001, growth=1, slow_s=0.001, spread=0)
SLOW = Pace(first_s=0, pause_s=0.02, growth=1, slow_s=0.02, spread=0)


def moment(number, status="processing"):
    """Return a moment of a job."""
    return Progress(
        number=number, job_id="job", status=status, progress=number, message=""
    )


class Script:
    """Job that goes on a little with every look."""

    def __init__(self, *, hold=1):
        self.looks = 0
        self._hold = hold

    def __call__(self, _job_id):
        """Look at the job again."""
        self.looks += 1
        count = min(4, self.looks // self._hold)
        return [
            moment(n, "completed" if n == 4 else "processing")
            for n in range(1, count + 1)
        ]


async def collect(stream):
    """Return the numbers of a stream's moments; None stands for a heartbeat."""
    return [item.number if item else None async for item in stream]


def test_a_thousand_streams_share_one_poll():
    """A poll for each of 1,000 streams would exhaust the quota of Step Functions."""
    script = Script(hold=3)
    feeds = Feeds(script, pace=FAST)

    async def scenario():
        return await asyncio.gather(
            *(collect(feeds.follow("job")) for _ in range(1000))
        )

    seen = asyncio.run(scenario())

    assert all(numbers == [1, 2, 3, 4] for numbers in seen)
    assert script.looks <= 20


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_cut_stream_goes_on_where_it_was(after):
    """A client that comes back must miss no moment, and get no moment twice."""
    feeds = Feeds(Script(), pace=FAST)

    seen = asyncio.run(collect(feeds.follow("job", after=after)))

    assert seen == list(range(after + 1, 5))


def test_a_silent_job_is_kept_alive_by_heartbeats():
    """Proxies drop a connection that is silent for a minute."""
    feeds = Feeds(lambda _job: [moment(1)], pace=FAST, heartbeat_s=0.01)

    async def scenario():
        stream = feeds.follow("job")
        # A busy machine may send heartbeats before its first look has ended.
        while (first := await anext(stream)) is None:
            pass
        seen = [first, await anext(stream), await anext(stream)]
        await stream.aclose()
        return seen

    assert [m and m.number for m in asyncio.run(scenario())] == [1, None, None]


def test_a_client_that_leaves_leaves_no_poll():
    """A poll without a follower would ask Step Functions until its job ends."""
    feeds = Feeds(lambda _job: [moment(1)], pace=FAST)

    async def scenario():
        task = asyncio.create_task(collect(feeds.follow("job")))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.01)
        return [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]

    assert asyncio.run(scenario()) == []


class Failing(Script):
    """Job whose second to fourth look fail."""

    def __init__(self, error):
        super().__init__()
        self._error = error
        self._failures = 3

    def __call__(self, job_id):
        """Look at the job again."""
        if self.looks == 1 and self._failures:
            self._failures -= 1
            raise self._error
        return super().__call__(job_id)


@pytest.mark.parametrize(
    "error", [StorageUnavailableError("throttled"), JobNotVisibleError("too new")]
)
def test_what_may_pass_ends_no_stream(error):
    """A throttled or stale look must slow the stream down, not end it for clients."""
    feeds = Feeds(Failing(error), pace=SLOW, heartbeat_s=0.01)

    seen = asyncio.run(collect(feeds.follow("job")))

    assert [number for number in seen if number] == [1, 2, 3, 4]
    assert None in seen


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JobExpiredError("old"), "JOB_EXPIRED"),
        (InternalError("denied"), "INTERNAL_ERROR"),
        (KeyError("result"), "INTERNAL_ERROR"),
    ],
)
def test_what_does_not_pass_is_said_and_ends_the_stream(error, code):
    """The status 200 was sent long ago, so only an event can tell the reason."""

    async def scenario():
        return [item async for item in Feeds(Failing(error), pace=FAST).follow("j")]

    seen = asyncio.run(scenario())

    assert [moment.number for moment in seen[:-1]] == [1]
    assert isinstance(seen[-1], Gone)
    assert (seen[-1].job_id, seen[-1].code) == ("j", code)
    assert "result" not in seen[-1].message


def test_one_jobs_error_ends_no_other_jobs_stream():
    """A page that follows several jobs must not lose all by one failure."""
    bad, good = Failing(KeyError("x")), Script()
    feeds = Feeds(lambda job: (bad if job == "bad" else good)(job), pace=FAST)

    async def scenario():
        return [item async for item in feeds.follow_all({"bad": True, "good": True})]

    seen = asyncio.run(scenario())

    assert [item.job_id for item in seen if isinstance(item, Gone)] == ["bad"]
    assert [m.number for m in seen if isinstance(m, Progress)].count(4) == 1


def test_several_jobs_come_on_one_stream():
    """A browser opens six connections to a server, so jobs must share a stream."""
    feeds = Feeds(Script(), pace=FAST)

    seen = asyncio.run(collect(feeds.follow_all({"a": True, "b": True})))

    assert sorted(seen) == sorted([1, 2, 3, 4] * 2)


@pytest.mark.parametrize("several", [False, True])
def test_a_stream_ends_by_itself_and_leaves_no_poll(several):
    """Lambda bills a stream to its end, though the client has long left."""
    feeds = Feeds(lambda _job: [moment(1)], pace=FAST, life_s=0.05)

    async def scenario():
        jobs = {"a": True, "b": True}
        stream = feeds.follow_all(jobs) if several else feeds.follow("a")
        seen = await asyncio.wait_for(collect(stream), 5)
        await asyncio.sleep(0.01)
        left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        return seen, left

    seen, left = asyncio.run(scenario())

    assert [number for number in seen if number] == [1, 1][: 2 if several else 1]
    assert left == []


def test_a_job_that_has_ended_is_told_at_once():
    """A client that comes after the end must not wait for the first poll."""
    late = Pace(first_s=60, pause_s=60, growth=1, slow_s=60, spread=0)
    done = [moment(1), moment(2, "completed")]

    stream = Feeds(lambda _job: done, pace=late).follow("job", running=False)

    async def scenario():
        return await asyncio.wait_for(collect(stream), 5)

    assert asyncio.run(scenario()) == [1, 2]


@pytest.mark.parametrize(("local", "least_s", "most_s"), [("1", 0, 0), ("0", 4, 6)])
def test_jobs_are_polled_fast_on_a_developers_machine_alone(local, least_s, most_s):
    """On AWS each poll is taken from a quota of the whole account."""
    services, looks = ApiServices({"WAVEFLOW_LOCAL": local}), []

    class Jobs:
        """Jobs whose looks are timed, and whose second look is the last."""

        def look(self, _job_id):
            """Note the time, and return the moments of a job."""
            looks.append(asyncio.get_running_loop().time())
            return [moment(1), moment(2, "completed")][: len(looks)]

    services.jobs = Jobs()

    seen = run_virtually(collect(services.feeds.follow("job")))

    assert [number for number in seen if number] == [1, 2]
    assert least_s <= looks[0] <= most_s
    assert looks[1] - looks[0] >= (8 if local == "0" else 0.2)
