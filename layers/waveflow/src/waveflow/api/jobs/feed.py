"""Poll each followed job once, for any number of client streams."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence

from waveflow.api.errors import RefusalError
from waveflow.api.schemas import Gone, Progress
from waveflow.errors import InternalError, StorageUnavailableError, WaveflowError

FAST_S, SLOW_S = 0.2, 2.0
GROWTH = 1.15  # after half a minute a job is polled every two seconds
BACK_OFF = 2.0
HEARTBEAT_S = 15.0  # proxies drop a connection that is silent for a minute

Look = Callable[[str], Sequence[Progress]]
_log = logging.getLogger("waveflow.api")


class Feeds:
    """Pollers of the jobs that clients follow now, one for each job."""

    def __init__(
        self, look: Look, *, fast_s: float = FAST_S, heartbeat_s: float = HEARTBEAT_S
    ) -> None:
        self._look = look
        self._fast_s = fast_s
        self._heartbeat_s = heartbeat_s
        self._polls: dict[str, _Poll] = {}

    async def follow(
        self, job_id: str, *, after: int = 0
    ) -> AsyncIterator[Progress | Gone | None]:
        """Yield a job's progress events above number `after`; None is a heartbeat.

        The stream ends after the final moment, or when the job is gone.
        """
        poll = self._join(job_id)
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
                if not await poll.wait(self._heartbeat_s):
                    yield None
        finally:
            self._leave(job_id, poll)

    def _join(self, job_id: str) -> "_Poll":
        poll = self._polls.get(job_id)
        if poll is None:
            poll = self._polls[job_id] = _Poll(job_id, self._look, self._fast_s)
        poll.followers += 1
        return poll

    def _leave(self, job_id: str, poll: "_Poll") -> None:
        poll.followers -= 1
        if poll.followers == 0:
            self._polls.pop(job_id, None)
            poll.stop()

    async def follow_all(
        self, job_ids: Sequence[str]
    ) -> AsyncIterator[Progress | Gone | None]:
        """Yield the progress events of several jobs, until all jobs have ended."""
        news: _News = asyncio.Queue()
        tasks = [asyncio.create_task(self._pass_on(each, news)) for each in job_ids]
        try:
            running = len(tasks)
            while running:
                item = await news.get()
                if isinstance(item, _Ended):
                    running -= 1
                else:
                    yield item
        finally:
            for task in tasks:
                task.cancel()

    async def _pass_on(self, job_id: str, news: "_News") -> None:
        async for item in self.follow(job_id):
            news.put_nowait(item)
        news.put_nowait(_Ended())


class _Ended:
    """Marker in a queue of progress events that the stream of one job has ended."""


_News = asyncio.Queue[Progress | Gone | None | _Ended]


class _Poll:
    """Poller of one job, with the progress seen so far and the number of followers."""

    def __init__(self, job_id: str, look: Look, fast_s: float) -> None:
        self.moments: list[Progress] = []
        self.gone: Gone | None = None
        self.followers = 0
        self._job_id = job_id
        self._look = look
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run(fast_s), name=f"poll {job_id}")

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

    async def _run(self, pause_s: float) -> None:
        """Poll the job until its end; slow down after a failure that may pass."""
        while not (self.moments and self.moments[-1].final):
            growth = GROWTH
            try:
                seen = await asyncio.to_thread(self._look, self._job_id)
            except StorageUnavailableError:
                seen, growth = [], BACK_OFF
            except Exception as exc:  # noqa: BLE001 - followers get the event `Gone`
                self.gone = self._reason(exc)
                self._wake()
                return
            if len(seen) > len(self.moments):
                self.moments = list(seen)
                self._wake()
                continue
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * growth, SLOW_S)

    def _reason(self, exc: Exception) -> Gone:
        if isinstance(exc, RefusalError):
            return Gone(job_id=self._job_id, code=exc.code, message=str(exc))
        _log.error("A poll failed: %s", type(exc).__name__, exc_info=exc)
        code = exc.code if isinstance(exc, WaveflowError) else InternalError.code
        return Gone(job_id=self._job_id, code=code, message="It was logged.")

    def _wake(self) -> None:
        told, self._changed = self._changed, asyncio.Event()
        told.set()
