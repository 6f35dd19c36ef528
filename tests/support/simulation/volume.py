"""Run many simulated executions from seeds, and print the injected faults."""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from support.simulation.faults import Faults
from support.simulation.runs import Modes
from support.simulation.system import System
from support.simulation.traffic import Traffic
from support.walker import MACHINE, load

# Every fourth world has a server that changes its mind between executions of one job
# inside each other.
QUARREL = {
    "verdict decided anew": 0.9,
    "another execution in between": 0.6,
    "retried while it still runs": 0.3,
}
# Functions sleep after weeks: a fault of each call's rate would let none be awake.
ASLEEP = {
    "function asleep": 0.01,
    "every function asleep": 0.002,
    "new version not ready": 0.002,
    "function asleep for long": 0.0005,
}
# Faults with few occasions.
SELDOM = {
    "verdict names another user's copy": 0.5,
    "mix of another request at the same time": 0.1,
}
REDRIVEN = {"STORAGE_UNAVAILABLE", "RESOURCE_LIMIT", "VERDICT_TIMEOUT"}


@dataclass
class Report:
    """Totals of many seeds: faults, events and broken promises."""

    seeds: int = 0
    executions: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the report as text."""
        lines = [f"{self.executions} executions of {self.seeds} seeds"]
        for title, counter in (("injected", self.faults), ("counted", self.counts)):
            lines.append(f"{title}:")
            lines += [f"  {count:8} {name}" for name, count in sorted(counter.items())]
        lines.append(f"broken promises: {len(self.broken)}")
        lines += [f"  {line}" for line in self.broken[:20]]
        return "\n".join(lines)


def run_seed(
    seed: int, report: Report, *, messages: int, rate: float, machine: Path = MACHINE
) -> System:
    """Simulate one small world to its end, and add its totals to the report."""
    modes = Modes(
        message_mode=seed % 5 == 4,
        dedupe_mode="report" if seed % 10 == 8 else "delete",
        versioned=seed % 10 != 6,
        zoom_levels=(64, 128) if seed % 3 == 2 else (),
        audio_id=seed % 7 == 2,
    )
    random = Random(seed)  # noqa: S311 - a seed repeats its world
    quarrel = bool(rate) and seed % 4 == 1
    often = SELDOM | ASLEEP | (QUARREL if quarrel else {}) if rate else {}
    faults = Faults(random, rate, often)
    system = System(faults, load(machine), modes)
    traffic = Traffic(system)
    try:
        (traffic.argue if quarrel else traffic.send)(messages)
        system.drain()
        recover(system)
    except AssertionError as exc:
        report.broken.append(f"seed {seed}: {exc}")
    report.seeds += 1
    report.executions += len(system.runs)
    report.faults += system.faults.counts
    report.counts += system.ledger.counts
    return system


def recover(system: System) -> None:
    """End all faults, redrive and start anew as an operator does, and check the end."""
    hidden = len(system.ledger.without_copy())
    system.ledger.counts["without a live copy until an operator comes"] += hidden
    system.faults.stop()
    system.server.down_until = system.bucket.refuses_until = 0.0
    system.gate.wake()
    for run in system.undelivered():
        system.redrive(run)
        system.ledger.counts["redriven"] += 1
    system.drain()
    for run in list(system.runs):
        end = run.execution.ended
        if end is not None and end.state == "Failed" and end.error in REDRIVEN:
            system.start(run.execution.input)
            system.ledger.counts["started anew"] += 1
    system.drain()
    system.telling.settled(system.runs)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--executions", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--machine", type=Path, default=MACHINE)
    given = parser.parse_args()
    report, began, seed = Report(), time.monotonic(), given.first
    while report.executions < given.executions or report.seeds < given.seeds:
        run_seed(seed, report, messages=100, rate=given.rate, machine=given.machine)
        seed += 1
        if report.broken:
            break
    sys.stdout.write(f"{report}\nin {time.monotonic() - began:.1f} s\n")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
