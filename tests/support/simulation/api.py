"""Jobs of the HTTP API: the product starts, reads and follows each on late reads."""

import asyncio
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from waveflow.api.errors import RETRY_AFTER_S, JobNotVisibleError, RefusalError
from waveflow.api.events import RETRY_MS
from waveflow.api.interfaces import Execution, HistoryEvent
from waveflow.api.jobs.context import JobContext
from waveflow.api.jobs.feed import AWS_PACE, Feeds
from waveflow.api.jobs.ids import Seal
from waveflow.api.jobs.service import Jobs
from waveflow.api.schemas import JobOptions, Progress
from waveflow.errors import StorageUnavailableError

from support.simulation.account import (
    LAG_S,
    Event,
    LateReads,
    ThrottledError,
    ends_since,
)
from support.simulation.bucket import EPOCH
from support.simulation.checks import BrokenPromiseError
from support.simulation.faults import Faults
from support.virtual_time import run_virtually
from support.walker import Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.simulation.system import System

WITHIN_S = 300.0  # a reader hears an end within a stream, a pause and a lag
PEAKS = 8
SEAL = Seal(lambda: ("one" * 15,))


class Marks:
    """Bucket that holds the marks of jobs that were just started, and no report."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def put(self, key: str, _body: bytes, **_facts: Any) -> None:
        """Store an empty object."""
        self._keys.add(key)

    def find(self, key: str) -> str | None:
        """Return the key of an object that is stored, or None."""
        return key if key in self._keys else None

    def load(self, _key: str) -> None:
        """Return nothing, since no external server reports here."""


class Machine:
    """Step Functions as the HTTP API reaches it, by late reads and throttled starts."""

    def __init__(self, system: "System", reads: LateReads) -> None:
        self._system, self._reads = system, reads

    def start(self, name: str, record: Mapping[str, Any]) -> bool:
        """Start an execution; return False where its name is taken already."""
        if self._system.throttles.refuses("StartExecution"):
            raise StorageUnavailableError("Step Functions answered Throttling.")
        if any(run.name == name for run in self._system.runs):
            return False
        self._system.start([dict(record)], name=name)
        return True

    def describe(self, name: str) -> Execution | None:
        """Return the execution of a name as one read shows it."""
        events = self._events(name)
        if not events:
            return None
        run = next(run for run in self._system.runs if run.name == name)
        end = events[-1].end or Ended("RUNNING", "")
        return Execution(
            name=name,
            status=end.status,
            record=run.execution.input[0],
            output=end.output,
            error=end.error or "",
            cause=end.cause or "",
        )

    def history(self, name: str) -> list[HistoryEvent]:
        """Return the events of an execution as one read shows them."""
        return [
            HistoryEvent(number=e.number, kind=e.kind, at=str(e.at), state=e.state)
            for e in self._events(name)
        ]

    def _events(self, name: str) -> list[Event]:
        try:
            return self._reads.events(name)
        except ThrottledError as exc:
            raise StorageUnavailableError(
                "Step Functions answered Throttling."
            ) from exc


class Api:
    """HTTP API of one world: clients start jobs, and follow each to its end."""

    def __init__(self, system: "System", faults: Faults) -> None:
        self._system, self._faults = system, faults
        self._marks = Marks()
        self._owners: dict[str, str] = {}

    def start(self, key: str, *, owner: str, platform: bool) -> None:
        """Start the job of an upload; the client repeats what is answered with 503."""
        job_id = SEAL.job_id("simulated", key)
        options = JobOptions(
            num_peaks=PEAKS, verdict="platform" if platform else "none"
        )
        context = JobContext(owner=owner, token_id="track", key=key, filename="a.wav")
        try:
            self._jobs(self._system.clock).start(
                context, job_id=job_id, options=options
            )
        except StorageUnavailableError:
            self._system.ledger.counts["starts by the API that came back"] += 1
            again = lambda: self.start(key, owner=owner, platform=platform)  # noqa: E731
            self._system.later(RETRY_AFTER_S, again)
            return
        self._owners[job_id] = owner

    def _jobs(self, now: "Callable[[], float]") -> Jobs:
        """Return the jobs of a new process, which has no memory of earlier calls."""
        reads = LateReads(self._system.histories, self._faults, now)
        return Jobs(
            Machine(self._system, reads),
            objects=self._marks,  # type: ignore[arg-type] # marks are all that is read
            uploads=self._marks,  # type: ignore[arg-type] # and all that is written
            seal=SEAL,
            max_file_bytes=1,
            clock=lambda: EPOCH.timestamp() + now(),
        )

    def follow_all(self, seed: int) -> None:
        """Let a client follow each job on the recorded time, and check what was told.

        Reads change no execution, so that clients may read after the executions.
        """
        random.seed(seed)

        async def scenario() -> None:
            await asyncio.gather(*(self._follow(job) for job in self._owners))

        run_virtually(scenario())

    async def _follow(self, job_id: str) -> None:
        clock = asyncio.get_running_loop().time
        events = self._system.histories.until(job_id, float("inf"))
        await asyncio.sleep(events[0].at + self._faults.random.random())
        ended_at = next(event.at for event in events if event.end is not None)
        told = None
        while told is None:
            told = await self._stream(job_id, self._jobs(clock))
            if told is None and clock() > ended_at + WITHIN_S:
                raise BrokenPromiseError(f"A reader never heard of {job_id}'s end.")
            await asyncio.sleep(RETRY_MS / 1000)
        shown = self._system.histories.until(job_id, clock())
        self._check(told, ends_since(shown, clock() - RETRY_MS / 1000 - LAG_S))
        await asyncio.sleep(max(0.0, events[-1].at + LAG_S - clock()))
        self._check(await self._result(job_id), [event.end for event in events[-1:]])
        self._system.ledger.counts["readers that heard the end"] += 1

    async def _stream(self, job_id: str, jobs: Jobs) -> Progress | None:
        """Return the final event of one stream, or None for a stream that ended."""
        try:
            running = jobs.is_running(job_id, owner=self._owners[job_id])
        except (StorageUnavailableError, JobNotVisibleError):
            await asyncio.sleep(RETRY_AFTER_S)
            return None
        except RefusalError as exc:
            raise BrokenPromiseError(f"{job_id} is {exc.code} to its owner.") from exc
        async for moment in Feeds(jobs.look, pace=AWS_PACE).follow(
            job_id, running=running
        ):
            if moment is not None and not isinstance(moment, Progress):
                raise BrokenPromiseError(f"A stream of {job_id} is {moment.code}.")
            if moment is not None and moment.final:
                return moment
        return None

    async def _result(self, job_id: str) -> Progress:
        """Return a job's result, which a client asks for until it is answered."""
        jobs = self._jobs(asyncio.get_running_loop().time)
        while True:
            try:
                return jobs.now(job_id, owner=self._owners[job_id])[1]
            except (StorageUnavailableError, JobNotVisibleError):
                await asyncio.sleep(RETRY_AFTER_S)
            except RefusalError as exc:
                raise BrokenPromiseError(f"{job_id} is {exc.code}.") from exc

    @staticmethod
    def _check(told: Progress, ends: list[Ended | None]) -> None:
        """Check that a final event tells one of the ends."""
        if not any(end is not None and _tells(told, end) for end in ends):
            raise BrokenPromiseError(f"{told.job_id} is told as {told}, not so.")


def _tells(told: Progress, end: Ended) -> bool:
    if end.status != "SUCCEEDED":
        return told.status == "failed" and told.error is not None
    if end.state == "Held":
        return told.outcome == "HELD"
    return bool(told.outcome == end.output["status"] and told.status == "completed")
