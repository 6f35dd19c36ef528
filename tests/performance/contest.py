"""Run contestants in turn and count what they cost."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from programs import HEAD
from rows import Cost

PYTHON = sys.executable
POLL_SECONDS = 0.004
SLOW = ("seed", "pydub")  # once is enough: they lose by factors


def say(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def run(command: list[str | Path]) -> tuple[float, float, float]:
    """Run a program: CPU seconds, wall seconds, peak MB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    megabytes, pid, status, usage = 0.0, 0, 0, None
    while not pid:
        time.sleep(POLL_SECONDS)
        # The last reading counts: before it starts, a program is its parent.
        megabytes = _high_water(process.pid) or megabytes
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, wall, megabytes


def _high_water(pid: int) -> float:
    """Read the peak of a program; the kernel's own count includes its parent's."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = status.partition("VmHWM:")[2].split()
    return int(found[0]) / 1024 if found else 0


def python(code: str, *arguments: Path) -> list[str | Path]:
    """Run code in a fresh interpreter."""
    return [PYTHON, "-c", HEAD + code, *arguments]


def warm(work: Callable[[], object]) -> tuple[float, float, float]:
    """Run in this process, its imports done."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall, 0


def race(
    contestants: dict[str, Callable[[], tuple[float, float, float]]], rounds: int
) -> dict[str, Cost]:
    """Let all run in turn, several rounds; before several one warms up."""
    costs = {name: Cost() for name in contestants}
    first = 0 if rounds > 1 else 1
    for number in range(first, rounds + 1):
        for name, work in contestants.items():
            if name in SLOW and number != 1:
                continue
            result = work()
            if number:
                costs[name].add(*result)
    return costs
