"""Draw what is missing or stale of a manifest: a few stems side by side."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from waveflow_local.ops.backfill.estimate import price_of
from waveflow_local.ops.backfill.executions import Executions
from waveflow_local.ops.backfill.ledger import GONE, Ledger, Mark
from waveflow_local.ops.backfill.lines import BackfillLine, record_of
from waveflow_local.ops.backfill.look import Look, Reason, Standing
from waveflow_local.ops.backfill.progress import Progress
from waveflow_local.ops.backfill.tally import Tally
from waveflow_local.ops.bulk.manifest import Numbered
from waveflow_local.paths import LocalError

LOOKS = 8  # looks at the bucket side by side; below the ten connections of boto3
AHEAD = 4 * LOOKS
LAST = 100

Line = Numbered[BackfillLine]


def look_ahead(lines: Iterator[Line], look: Look) -> Generator[tuple[Line, Standing]]:
    """Yield each line with what a look in another thread found, in order."""
    waiting: deque[tuple[Line, Future[Standing]]] = deque()
    pool = ThreadPoolExecutor(LOOKS, thread_name_prefix="look")
    try:
        for line in lines:
            waiting.append((line, pool.submit(look, line.line)))
            if len(waiting) > AHEAD:
                first, found = waiting.popleft()
                yield first, found.result()
        for first, found in waiting:
            yield first, found.result()
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Limits:
    """Bound a run, so that live uploads are not slowed and mistakes stay small.

    Parameters
    ----------
    at_once
        The most executions that run side by side.
    tolerate
        Percent of the last 100 drawn lines that may fail before no further one starts.
    """

    at_once: int
    tolerate: int

    def are_passed(self, last: Sequence[bool]) -> bool:
        """Tell whether too many of the last lines failed."""
        return sum(last) * 100 > self.tolerate * LAST


class Run:
    """Take a manifest's lines in order, and write to the ledger how each ended."""

    def __init__(
        self,
        ledger: Ledger,
        executions: Executions,
        *,
        look: Look,
        limits: Limits,
        progress: Progress,
    ) -> None:
        self._ledger, self._executions = ledger, executions
        self._look, self._limits, self._progress = look, limits, progress
        self._last: deque[bool] = deque(maxlen=LAST)
        self._lines: dict[str, Line] = {}
        self._is_proved = False

    @property
    def is_stopped(self) -> bool:
        """Tell whether too many of the last lines failed."""
        return self._limits.are_passed(self._last)

    @property
    def why_stopped(self) -> str:
        """Return the reason of an early end for the operator; else an empty text."""
        if not self.is_stopped:
            return ""
        return (
            f"{sum(self._last)} of the last {len(self._last)} failed, and "
            f"{self._limits.tolerate} of {LAST} are tolerated; the same command goes on"
        )

    def run(self, lines: Iterator[Line]) -> None:
        """Draw every line that needs to be drawn, and wait for the last end."""
        todo = (x for x in lines if self._ledger.mark_of(x.number) is not Mark.ENDED)
        with closing(look_ahead(todo, self._look)) as looked:
            for numbered, standing in looked:
                self._take(numbered, standing)
                self._take_ends()
                if self.is_stopped:
                    break
        while self._executions.running:
            self._executions.wait()
            self._take_ends()

    def _take(self, numbered: Line, standing: Standing) -> None:
        ledger, number = self._ledger, numbered.number
        if ledger.mark_of(number) is Mark.STARTED or standing.is_to_draw:
            self._start(numbered, standing)
        elif standing.reason is None:
            ledger.add_current(number)
        else:
            ledger.add_gone(number)
            self._last.append(True)

    def _start(self, numbered: Line, standing: Standing) -> None:
        number, name = numbered.number, self._ledger.name_of(numbered.number)
        while len(self._executions.running) >= self._limits.at_once:
            self._executions.wait()
            self._take_ends()
        if self.is_stopped:
            return
        if self._ledger.mark_of(number) is Mark.NONE:
            self._ledger.start(number, standing)
        self._lines[name] = numbered
        record = record_of(
            numbered.line,
            name,
            num_peaks=standing.num_peaks,
            options=self._look.asked.options,
        )
        self._executions.start(name, record, at=self._ledger.started_at(number))

    def _take_ends(self) -> None:
        for name, code in self._executions.ends():
            numbered = self._lines.pop(name)
            self._ledger.end(numbered.number, code)
            self._last.append(bool(code))
            if not code and not self._is_proved:
                self._prove(numbered)
        running = len(self._executions.running)
        self._progress.show(self._ledger.tally, running=running)

    def _prove(self, numbered: Line) -> None:
        """Look at the first stem that was drawn: an older stack would draw in vain."""
        self._is_proved = True
        if self._look(numbered.line).reason in {Reason.OLDER, Reason.NO_DOCUMENT}:
            raise LocalError(
                f"Line {numbered.number} was drawn, and its document is still not "
                "current: the stack is of another release than this command."
            )


def rehearse(lines: Iterator[Line], look: Look, progress: Progress) -> Tally:
    """Return what a run would do, by looks at the bucket alone."""
    tally = Tally()
    with closing(look_ahead(lines, look)) as looked:
        for numbered, standing in looked:
            if standing.reason is None:
                tally.current += 1
            elif not standing.is_to_draw:
                tally.add_failure(numbered.number, GONE)
            else:
                price = price_of(standing.seconds, look.asked)
                tally.add_drawn(standing.reason, standing.size_bytes, usd=price)
            progress.show(tally, running=0)
    return tally
