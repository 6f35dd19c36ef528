"""Run contestants in turn, and count their CPU seconds, wall seconds and memory."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from programs import HEAD
from rows import Cost, Costs

Measured = tuple[float, float, float]  # CPU seconds, wall seconds, peak MB

PYTHON = sys.executable
POLL_SECONDS = 0.004
SLOW = ("seed", "pydub")  # slower by factors: one run is enough
RIVALS = ("theirs", "ffmpeg", "sox", *SLOW)


class FailedError(Exception):
    """Failure of a program that ended with an error."""


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def run(command: list[str | Path]) -> Measured:
    """Run a program; return CPU seconds, wall seconds and peak MB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    megabytes, pid, status, usage = 0.0, 0, 0, None
    while not pid:
        time.sleep(POLL_SECONDS)
        # Use the last reading: before exec, a new process has its parent's memory.
        megabytes = _high_water(process.pid) or megabytes
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        raise FailedError(f"{command[0]} failed with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, wall, megabytes


def _high_water(pid: int) -> float:
    """Return a program's peak memory; the kernel's own count includes the parent's."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = status.partition("VmHWM:")[2].split()
    return int(found[0]) / 1024 if found else 0


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Let this process and its children use a single core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def python(code: str, *arguments: str | Path) -> list[str | Path]:
    """Return the command that runs code in a fresh interpreter."""
    return [PYTHON, "-c", HEAD + code, *arguments]


def warm(work: Callable[[], object]) -> Measured:
    """Run a function in this process, after its imports; return its cost."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall, 0


def race(
    contestants: Mapping[str, Callable[[], Measured] | None], rounds: int
) -> Costs:
    """Run all contestants in turn, several rounds; a first round is not counted.

    A rival that cannot do the work is left out, and named in the output.
    """
    there = {name: work for name, work in contestants.items() if work}
    costs = {name: Cost() for name in there}
    first = 0 if rounds > 1 else 1
    for number in range(first, rounds + 1):
        for name, work in there.items():
            if name in SLOW and number != 1:
                continue
            try:
                result = work()
            except FailedError as exc:
                if name not in RIVALS:
                    raise
                say(f"left out: {exc}")
                costs.pop(name, None)
                continue
            if number and name in costs:
                costs[name].add(*result)
    return costs
