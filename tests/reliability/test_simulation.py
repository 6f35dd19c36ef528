"""Promises of the whole system under every fault, in thousands of executions."""

import sys

from support.simulation.faults import KINDS
from support.simulation.volume import Report, run_seed

SEEDS = 48
MESSAGES = 100  # messages of one seed; repeats and answers start further executions


def test_no_promise_breaks_with_every_fault_at_five_percent():
    """A fault at any call must not lose a file or tell a server what is not so."""
    report = Report()

    for seed in range(SEEDS):
        run_seed(seed, report, messages=MESSAGES, rate=0.05)

    sys.stdout.write(f"{report}\n")
    assert report.broken == []
    assert report.executions >= 6_000
    assert report.counts["proved deletes"] >= 200
    assert report.counts["optional files told"] >= 3_000
    assert report.counts["sums told"] >= 150
    assert report.counts["mixes refused for another request"] >= 200
    assert report.counts["comparisons told"] >= 50
    assert report.counts["comparisons refused for another request"] >= 8
    assert report.counts["done without: PREVIEW_FAILED"] >= 25
    assert report.counts["done without: ZOOM_FAILED"] >= 80


def test_every_kind_of_fault_is_injected():
    """A kind of fault that never strikes would leave its promise untested."""
    report = Report()

    for seed in (*range(1000, 1005), 1006, 1007, 1009):
        run_seed(seed, report, messages=100, rate=0.15)

    assert set(report.faults) == set(KINDS)
    assert report.counts["readers that heard the end"] >= 20
    assert report.counts["messages that came back to the queue"] >= 20
    assert report.counts["redriven"] >= 50
    assert report.broken == []


def test_a_calm_world_works_to_its_end():
    """A calm system must delete every twin once, and draw all other uploads whole."""
    report = Report()

    system = run_seed(3, report, messages=60, rate=0.0)

    ends = [run.execution.ended for run in system.runs]
    assert report.broken == []
    assert report.counts["proved deletes"] >= 5
    assert report.counts["optional files told"] >= 20
    assert not [name for name in report.counts if name.startswith("done without")]
    assert {end.state for end in ends} <= {"Tell", "Failed"}
    assert {v for v in system.bucket.copies.values() if v < 1} == set()
