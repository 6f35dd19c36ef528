"""Pace of a back-fill in virtual time, held against the quotas of one account."""

from collections import Counter
from pathlib import Path

import pytest
from support.filling import PARTS, START, Cloud, refused, stem
from waveflow_local.engine.quotas import Throttle
from waveflow_local.ops.backfill import executions
from waveflow_local.ops.backfill.executions import Executions
from waveflow_local.ops.backfill.progress import Progress, duration
from waveflow_local.ops.backfill.tally import Tally, readable

CALL_S = 0.03  # a call of Step Functions takes so long
APIS = {"list": "ListExecutions", "describe": "DescribeExecution"}


class World:
    """Machine in virtual time, whose account throttles as AWS says."""

    def __init__(self, folder: Path, *, seconds: float) -> None:
        self.now = START.timestamp()
        self.refused = Counter[str]()
        self.cloud = Cloud(folder, ticks=seconds)
        self.cloud.clock = lambda: self.now - START.timestamp()
        self.cloud.gate = self.pass_time
        self._throttle = Throttle(clock=lambda: self.now)
        self._entered = False
        self.executions = Executions(
            self.cloud, PARTS.machine_arn, clock=lambda: self.now, sleep=self.sleep
        )

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def pass_time(self, call: str) -> None:
        """Let a call take its time, and take its token of the quota."""
        self._entered = not self._entered
        if not self._entered:
            return
        self.now += CALL_S
        if call in APIS and not self._throttle.allows(APIS[call]):
            self.refused[call] += 1
            self._entered = False
            raise refused("ThrottlingException")

    def run(self, count: int, *, at_once: int) -> dict[str, str]:
        """Run so many executions, and return the code of each end."""
        ended: dict[str, str] = {}
        for number in range(count):
            while len(self.executions.running) >= at_once:
                self.executions.wait()
                ended |= self.executions.ends()
            record = {"body": {"kwargs": stem(number)}}
            self.executions.start(f"n-{number}", record, at=self.now)
            ended |= self.executions.ends()
        while self.executions.running:
            self.executions.wait()
            ended |= self.executions.ends()
        return ended


@pytest.mark.parametrize(("at_once", "seconds"), [(10, 3), (200, 8)])
def test_a_long_back_fill_stays_within_the_reading_quotas(tmp_path, at_once, seconds):
    """Polling one by one would throttle the API's results and every operator."""
    world = World(tmp_path, seconds=seconds)

    ended = world.run(600, at_once=at_once)

    took = world.now - START.timestamp()
    assert set(ended.values()) == {""}
    assert len(ended) == 600
    assert not world.refused
    assert world.cloud.calls["list"] / took <= 0.5  # of 2 a second
    assert world.cloud.calls["describe"] == 0
    assert took < 600 * seconds / at_once * 2 + 10


def test_an_execution_behind_thousands_of_live_ones_is_found(tmp_path, monkeypatch):
    """A stem that waits for an hour must end too, though the lists are too long."""
    monkeypatch.setattr(executions, "PAGE", 10)
    world = World(tmp_path, seconds=3600)
    for number in range(5):
        world.executions.start(
            f"old-{number}", {"body": {"kwargs": stem(number)}}, at=world.now
        )
    for number in range(35):
        record = '[{"body": {"kwargs": {"stemId": "live", "timestamp": "2026-01-01"}}}]'
        world.cloud.start_execution(name=f"live-{number}", input=record)
    world.now += 60
    world.cloud.stuck |= {"stem-0", "stem-1", "stem-2"}
    world.now += 3600
    ended: dict[str, str] = {}
    for _ in range(4):
        world.executions.wait()
        ended |= world.executions.ends()

    assert ended == {"old-3": "", "old-4": ""}
    assert world.cloud.calls["describe"] == 2 * 4


def test_failures_are_asked_for_their_code_alone(tmp_path):
    """A success needs no description: the list tells it."""
    world = World(tmp_path, seconds=3)
    world.cloud.failing |= {"stem-3": "CORRUPT_AUDIO", "stem-4": "ABORTED"}

    ended = world.run(50, at_once=10)

    assert {n: c for n, c in ended.items() if c} == {
        "n-3": "CORRUPT_AUDIO",
        "n-4": "ABORTED",
    }
    assert world.cloud.calls["describe"] == 1


class Terminal:
    """Standard error of a terminal or of a log file."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.isatty = lambda: is_terminal
        self.text = ""

    def write(self, text: str) -> None:
        """Take what is written."""
        self.text += text

    def flush(self) -> None:
        """Do as a terminal does."""


def test_progress_tells_the_rate_of_late_and_the_time_that_is_left():
    """An operator decides whether to wait or to go home."""
    now = [0.0]
    tally = Tally(current=500)
    progress = Progress(10_000, resumed=500, clock=lambda: now[0])
    for _ in range(60):
        now[0] += 10
        tally.add_drawn("no document", 1, usd=0)
        tally.add_drawn("no document", 1, usd=0)
        progress.show(tally, running=3)

    told = progress.text(tally, running=3)

    assert told == (
        "620 of 10,000; 120 drawn, 500 current, 0 failed; 3 running; "
        "0.2/s, 13 h 01 min left"
    )


@pytest.mark.parametrize(("is_terminal", "lines"), [(True, 40), (False, 3)])
def test_progress_is_one_line_of_a_terminal_and_few_of_a_log(is_terminal, lines):
    """A log file of a night must not hold a line for each second."""
    now, out = [0.0], Terminal(is_terminal=is_terminal)
    progress = Progress(10, out=out, clock=lambda: now[0])

    for _ in range(200):
        now[0] += 1
        progress.show(Tally(), running=0)
    progress.close()

    shown = out.text.split("\r\x1b[K" if is_terminal else "\n")
    assert lines <= len(shown) - 1 <= 201
    assert ("\n" in out.text) is not is_terminal


def test_lengths_and_sizes_are_those_that_a_person_would_say():
    """A number of seconds with six digits tells nobody anything."""
    lengths = [duration(s) for s in (0.4, 59, 60, 3599, 3600, 400_000)]
    sizes = [readable(n) for n in (0, 999, 1000, 12_345_678, 9_876_543_210)]

    assert lengths[:4] == ["0 s", "59 s", "1 min 00 s", "59 min 59 s"]
    assert lengths[4:] == ["1 h 00 min", "111 h 06 min"]
    assert sizes == ["0 bytes", "999 bytes", "1.0 kB", "12.3 MB", "9.9 GB"]
