"""Work on many files in several processes, and yield the results in input order."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TypeVar

from waveflow.errors import InternalError, WaveflowError

from waveflow_local.paths import LocalError

FILE_ERROR = "FILE_ERROR"  # code of a file that cannot be read or written
WINDOW = 256  # results that wait for a slow file before them; bounds the memory
GRACE_S = 2.0  # an ended process removes its unfinished file meanwhile
ALONE_S = 1.0  # an idle process looks that often whether its parent lives
# A forked process shares the loaded modules; only Linux forks safely.
START = "fork" if sys.platform == "linux" else "spawn"
_MASKED = {signal.SIGINT, signal.SIGHUP, signal.SIGTERM}  # while a process starts

Report = TypeVar("Report")


@dataclass(frozen=True, slots=True)
class Failure:
    """Name the error of one file of many by code and sentence."""

    code: str
    message: str

    def __str__(self) -> str:
        """Return the line that a command prints for the same error of a single file."""
        if self.code == FILE_ERROR:
            return self.message
        return f"{self.code}: {self.message}"


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_all(  # noqa: PLR0913 - one parameter per choice
    work: Callable[[Path], Report],
    paths: Sequence[Path],
    *,
    jobs: int,
    prepare: Callable[[], object] | None = None,
    on_result: Callable[[], object] = lambda: None,
    start: str = START,
) -> Generator[tuple[Path, Report | Failure]]:
    """Yield each file with its report or failure, in the order of `paths`.

    Parameters
    ----------
    work
        Runs in other processes, so pickle must be able to name it.
    jobs
        The number of processes, at least 1.
    prepare
        Loads what every process needs; called once where processes are forked.
    on_result
        Called for each file that is done, before the file's turn to be yielded.
    start
        A start method of multiprocessing.
    """
    if prepare and start == "fork":
        prepare()
    results: dict[int, Report | Failure] = {}
    given = 0
    with _crew(work, min(jobs, len(paths)), start=start) as workers:
        for wanted, path in enumerate(paths):
            last = min(len(paths), wanted + WINDOW)
            while wanted not in results:
                idle = (worker for worker in workers if worker.index is None)
                for index, worker in zip(range(given, last), idle, strict=False):
                    worker.give(index, paths[index])
                    given = index + 1
                for index, result in _results(workers):
                    results[index] = result
                    on_result()
            yield path, results.pop(wanted)


def _results(workers: "Sequence[_Worker]") -> "Iterator[tuple[int, Report | Failure]]":
    busy = {each.pipe: each for each in workers if each.index is not None}
    for ready in wait(list(busy)):
        worker = busy[ready]  # type: ignore[index] # only pipes were given
        yield worker.take()


@contextmanager
def _crew(
    work: Callable[[Path], Report], count: int, *, start: str
) -> "Iterator[list[_Worker]]":
    workers: list[_Worker] = []
    try:
        workers.extend(_Worker(work, start=start) for _ in range(count))
        yield workers
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.end()


class _Worker:
    """Hold one process, the pipe to the process, and the file being worked on."""

    def __init__(self, work: Callable[[Path], Report], *, start: str) -> None:
        self._work, self._start_method = work, start
        self._start()

    def _start(self) -> None:
        self.index: int | None = None
        self._path = Path()
        context = multiprocessing.get_context(self._start_method)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(  # type: ignore[attr-defined] # every context has one
            target=_serve, args=(self._work, theirs), daemon=True
        )
        # The child inherits the mask: Ctrl-C and SIGHUP reach the parent, which ends
        # the child by SIGTERM, which waits until the child has a handler of its own.
        signal.pthread_sigmask(signal.SIG_BLOCK, _MASKED)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _MASKED)
        theirs.close()

    def give(self, index: int, path: Path) -> None:
        """Hand the file of an index to the process."""
        self.index, self._path = index, path
        try:
            self.pipe.send(path)
        except OSError:
            return  # the process has ended, which `take` reports

    def take(self) -> tuple[int, Report | Failure]:
        """Return the index and result of the file; replace a process that ended."""
        assert self.index is not None  # noqa: S101 - only busy workers are asked
        index, self.index = self.index, None
        try:
            return index, self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            failure = _crash(self._path, self.process.exitcode or 0)
            self.pipe.close()
            self._start()
            return index, failure

    def end(self) -> None:
        """Wait for the ended process; kill the process if its clean-up hangs."""
        self.process.join(GRACE_S)
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _crash(path: Path, code: int) -> Failure:
    end = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    sentence = f"{path}: The process that worked on the file ended {end}."
    return Failure(InternalError.code, sentence)


def _serve(work: Callable[[Path], Report], pipe: Connection) -> None:
    signal.signal(signal.SIGTERM, _stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    parent = os.getppid()
    while True:
        # A forked process holds both ends of its pipe, so that no end of file comes.
        while not pipe.poll(ALONE_S):
            if os.getppid() != parent:
                return
        pipe.send(_result_of(work, pipe.recv()))


def _stop(*_: object) -> None:
    """End the process; a terminal and the parent both send SIGTERM, and once counts."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit()


def _result_of(work: Callable[[Path], Report], path: Path) -> Report | Failure:
    try:
        return work(path)
    except LocalError as exc:
        return Failure(FILE_ERROR, str(exc))
    except WaveflowError as exc:
        return Failure(exc.code, str(exc))
