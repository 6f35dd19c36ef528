"""Run many simulated executions from seeds, and print the injected faults."""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from support.simulation.account import STALE, THROTTLED, THROTTLES
from support.simulation.api import Api
from support.simulation.faults import Faults
from support.simulation.operator import Operator
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
# Throttles last for minutes; a read has its fault for itself.
THROTTLED_ACCOUNT = {kind: 0.01 for kind, _ in THROTTLES.values()}
LATE_READS = {STALE: 0.3, THROTTLED: 0.2}
# Faults with few occasions.
SELDOM = {
    "verdict names another user's copy": 0.5,
    "mix of another request at the same time": 0.1,
}


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
    often = SELDOM | ASLEEP | THROTTLED_ACCOUNT | (QUARREL if quarrel else {})
    faults = Faults(random, rate, often if rate else {})
    late = Faults(random, rate, LATE_READS if rate else {})
    system = System(faults, load(machine), modes)
    api = Api(system, late)
    traffic = Traffic(system, api)
    try:
        (traffic.argue if quarrel else traffic.send)(messages)
        system.drain()
        recover(system, late)
        api.follow_all(seed)
    except AssertionError as exc:
        report.broken.append(f"seed {seed}: {exc}")
    report.seeds += 1
    report.executions += len(system.runs)
    report.faults += system.faults.counts + late.counts
    report.counts += system.ledger.counts
    return system


def recover(system: System, late: Faults | None = None) -> None:
    """End all faults but late reads, let an operator rerun jobs, and check the end."""
    hidden = len(system.ledger.without_copy())
    system.ledger.counts["without a live copy until an operator comes"] += hidden
    system.faults.stop()
    system.server.down_until = system.bucket.refuses_until = 0.0
    system.gate.wake()
    system.throttles.end()
    operator = Operator(system, late or system.faults)
    operator.replay()
    operator.redrive()
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
