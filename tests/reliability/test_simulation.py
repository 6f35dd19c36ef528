"""Nothing is lost and nobody is fooled, whatever fails: in volume."""

import sys

import pytest
from support.simulation.faults import KINDS
from support.simulation.volume import Report, run_seed

SEEDS = 80
SHARES = 8  # each runs in a worker of its own
MESSAGES = 100  # of one seed; repeats and answers make more executions of them


@pytest.mark.parametrize("share", range(SHARES))
def test_no_promise_breaks_with_every_fault_at_five_percent(share):
    """10,000 executions together; `make soak` runs ten times as many."""
    report = Report()

    for seed in range(share, SEEDS, SHARES):
        run_seed(seed, report, messages=MESSAGES, rate=0.05)

    sys.stdout.write(f"{report}\n")
    assert report.broken == []
    assert report.executions >= 10_000 / SHARES
    assert report.counts["proved deletes"] >= 50


def test_every_kind_of_fault_is_injected():
    """A fault that never strikes proves nothing."""
    report = Report()

    for seed in (1000, 1001, 1002, 1004):
        run_seed(seed, report, messages=100, rate=0.15)

    assert set(report.faults) == set(KINDS)
    assert report.broken == []


def test_a_calm_world_works_to_its_end():
    """Without faults, every twin is deleted once and everything else is drawn."""
    report = Report()

    system = run_seed(3, report, messages=60, rate=0.0)

    ends = [run.execution.ended for run in system.runs]
    assert report.broken == []
    assert report.counts["proved deletes"] >= 5
    assert {end.state for end in ends} <= {"Tell", "Failed"}
    assert {v for v in system.bucket.copies.values() if v < 1} == set()
