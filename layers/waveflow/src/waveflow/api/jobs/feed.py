"""Poll each followed job once, for any number of client streams of this process."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from msgspec import Struct

from waveflow.api.errors import JobNotVisibleError, RefusalError
from waveflow.api.schemas import Gone, Progress
from waveflow.errors import InternalError, StorageUnavailableError, WaveflowError

BACK_OFF = 2.0
HEARTBEAT_S = 15.0  # proxies drop a connection that is silent for a minute
LIFE_S = 120.0  # Lambda bills a stream to its end, also after its client has left


class Pace(Struct, frozen=True, kw_only=True):
    """Pauses between the polls of one job, in seconds.

    `first_s` passes before the first poll of a running job, then `pause_s`, which
    grows by `growth` up to `slow_s`. `spread` makes each pause longer or shorter by
    up to that part, since processes that share nothing must not poll in step.
    """

    first_s: float
    pause_s: float
    growth: float
    slow_s: float
    spread: float


# After half a minute a job is polled every two seconds.
LOCAL_PACE = Pace(first_s=0, pause_s=0.2, growth=1.15, slow_s=2, spread=0)
# Seoul reads 20 histories a second for all processes of an account (docs/deploy.md).
AWS_PACE = Pace(first_s=5, pause_s=10, growth=2, slow_s=40, spread=0.2)

Look = Callable[[str], Sequence[Progress]]
_log = logging.getLogger("waveflow.api")


class Feeds:
    """Pollers of the jobs that clients follow now, one for each job.

    A stream ends by itself after `life_s` or up to a fifth sooner, at random, so that
    clients who began together do not come back together.
    """

    def __init__(
        self,
        look: Look,
        *,
        pace: Pace = LOCAL_PACE,
        heartbeat_s: float = HEARTBEAT_S,
        life_s: float = LIFE_S,
    ) -> None:
        self._look = look
        self._pace = pace
        self._heartbeat_s = heartbeat_s
        self._life_s = life_s
        self._polls: dict[str, _Poll] = {}

    def follow(
        self, job_id: str, *, after: int = 0, running: bool = True
    ) -> AsyncIterator[Progress | Gone | None]:
        """Yield a job's progress events above number `after`; None is a heartbeat.

        The stream ends after the final moment, when the job is gone, or when the
        stream's life is over. A job that is known to have ended is polled at once.
        """
        life_s = self._random_life()
        return self._follow(job_id, after=after, running=running, life_s=life_s)

    async def _follow(
        self,
        job_id: str,
        *,
        after: int,
        running: bool,
        life_s: float,
        owner: str = "",
    ) -> AsyncIterator[Progress | Gone | None]:
        clock = asyncio.get_running_loop().time
        ends = clock() + life_s
        poll = self._join(job_id, running=running)
        poll.owners.add(owner)
        try:
            index = 0
            while True:
                while index < len(poll.moments):
                    moment = poll.moments[index]
                    index += 1
                    if moment.number > after:
                        yield moment
                    if moment.final:
                        return
                if poll.gone is not None:
                    yield poll.gone
                    return
                left_s = ends - clock()
                if left_s <= 0:
                    return
                if not await poll.wait(min(left_s, self._heartbeat_s)):
                    yield None
        finally:
            self._leave(job_id, poll)

    def is_followed(self, job_id: str, *, owner: str) -> bool:
        """Tell whether this process polls a job already for a stream of the owner."""
        poll = self._polls.get(job_id)
        return poll is not None and owner in poll.owners

    def _random_life(self) -> float:
        return self._life_s * random.uniform(0.8, 1)  # noqa: S311 - no secret

    def _join(self, job_id: str, *, running: bool) -> "_Poll":
        poll = self._polls.get(job_id)
        if poll is None:
            first_s = self._pace.first_s if running else 0
            poll = _Poll(job_id, self._look, pace=self._pace, first_s=first_s)
            self._polls[job_id] = poll
        poll.followers += 1
        return poll

    def _leave(self, job_id: str, poll: "_Poll") -> None:
        poll.followers -= 1
        if poll.followers == 0:
            self._polls.pop(job_id, None)
            poll.stop()

    async def follow_all(
        self, running: Mapping[str, bool], *, owner: str = ""
    ) -> AsyncIterator[Progress | Gone | None]:
        """Yield the progress events of several jobs, until all jobs have ended.

        `running` tells of each job id whether the job still runs, and `owner` whose
        jobs they are: the owner's next stream need not ask for the owner again.
        """
        news: _News = asyncio.Queue()
        life_s = self._random_life()
        streams = [
            self._follow(job_id, after=0, running=runs, life_s=life_s, owner=owner)
            for job_id, runs in running.items()
        ]
        tasks = [asyncio.create_task(_pass_on(each, news)) for each in streams]
        try:
            left = len(tasks)
            while left:
                item = await news.get()
                if isinstance(item, _Ended):
                    left -= 1
                else:
                    yield item
        finally:
            for task in tasks:
                task.cancel()


class _Ended:
    """Marker in a queue of progress events that the stream of one job has ended."""


_News = asyncio.Queue[Progress | Gone | None | _Ended]


async def _pass_on(stream: AsyncIterator[Progress | Gone | None], news: _News) -> None:
    async for item in stream:
        news.put_nowait(item)
    news.put_nowait(_Ended())


class _Poll:
    """Poller of one job, with the progress seen so far and the number of followers."""

    def __init__(self, job_id: str, look: Look, *, pace: Pace, first_s: float) -> None:
        self.moments: list[Progress] = []
        self.gone: Gone | None = None
        self.followers = 0
        self.owners: set[str] = set()  # whose job this is, as a stream was told
        self._job_id = job_id
        self._look = look
        self._pace = pace
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run(first_s), name=f"poll {job_id}")

    async def wait(self, seconds: float) -> bool:
        """Wait for new progress of the job; return False after `seconds` without."""
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def stop(self) -> None:
        """Cancel the polling task at once, without waiting for the task's end."""
        self._task.cancel()

    async def _run(self, first_s: float) -> None:
        """Poll the job until its end; slow down after a failure that may pass."""
        await self._sleep(first_s)
        pause_s = self._pace.pause_s
        while True:
            growth = self._pace.growth
            try:
                seen = await asyncio.to_thread(self._look, self._job_id)
            except (StorageUnavailableError, JobNotVisibleError):
                seen, growth = [], max(growth, BACK_OFF)
            except Exception as exc:  # noqa: BLE001 - followers get the event `Gone`
                self.gone = self._reason(exc)
                self._wake()
                return
            if len(seen) > len(self.moments):
                self.moments = list(seen)
                self._wake()
            if self.moments and self.moments[-1].final:
                return
            await self._sleep(pause_s)
            pause_s = min(pause_s * growth, self._pace.slow_s)

    async def _sleep(self, seconds: float) -> None:
        spread = self._pace.spread
        share = random.uniform(1 - spread, 1 + spread)  # noqa: S311 - no secret
        await asyncio.sleep(seconds * share)

    def _reason(self, exc: Exception) -> Gone:
        if isinstance(exc, RefusalError):
            return Gone(job_id=self._job_id, code=exc.code, message=str(exc))
        _log.error("A poll failed: %s", type(exc).__name__, exc_info=exc)
        code = exc.code if isinstance(exc, WaveflowError) else InternalError.code
        return Gone(job_id=self._job_id, code=code, message="It was logged.")

    def _wake(self) -> None:
        told, self._changed = self._changed, asyncio.Event()
        told.set()
