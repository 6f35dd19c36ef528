"""Back-fills killed at each write and each call, and started again."""

import json
import os
import signal
import traceback
from pathlib import Path

import pytest
from support.filling import Cloud, Killer, stem
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow_local.ops.backfill import job
from waveflow_local.ops.backfill.job import Backfill
from waveflow_local.ops.backfill.run import Limits

COUNT = 5
CURRENT, GONE, FAILING = 1, 3, 4
STARTED = {f"stem-{n}" for n in range(COUNT) if n not in {CURRENT, GONE}}


def prepare(folder: Path) -> Cloud:
    """Return a bucket with a current stem, a stem that is gone, and three others."""
    cloud = Cloud(folder, failing={f"stem-{FAILING}": "CORRUPT_AUDIO"}, ticks=2)
    lines = [stem(number) for number in range(COUNT)]
    for number, line in enumerate(lines):
        if number != GONE:
            cloud.put(line["filepath"])
    cloud.draw(lines[CURRENT], algorithm=ALGORITHM)
    manifest = "".join(f"{json.dumps(line)}\n" for line in lines)
    (folder / "stems.jsonl").write_text(manifest)
    return cloud


def fill(folder: Path, gate: Killer) -> None:
    """Back-fill the stems of a folder, through a gate that may kill at each step."""
    cloud = Cloud(folder, failing={f"stem-{FAILING}": "CORRUPT_AUDIO"}, ticks=2)
    cloud.gate = gate
    write = os.write

    def torn_write(file: int, line: bytes) -> int:
        gate("before a write")
        half = write(file, line[: len(line) // 2])
        gate("amid a write")
        return half + write(file, line[half:])

    def sync(_file: int) -> None:
        gate("written")

    os.write, os.fsync = torn_write, sync  # in this child alone
    job.LOCAL_POLL_S = 0.0
    work = Backfill(cloud.stack, str(folder / "stems.jsonl"), {}, stack_name="fake")
    ended = work.run(Limits(at_once=2, tolerate=100), folder / "journal")
    (folder / "report").write_text(ended.tally.report())
    (folder / "passed").write_text(str(gate.passed))


def in_a_child(folder: Path, *, kill_at: int = 0) -> int:
    """Run a back-fill in a forked child, and return the child's exit status."""
    child = os.fork()
    if child == 0:
        try:
            fill(folder, Killer(kill_at))
        except BaseException:  # noqa: BLE001 - a forked child must never return
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def ends(folder: Path) -> list[tuple[int, str]]:
    """Return each line's end, as the journal has them."""
    _, *lines = (folder / "journal").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    return sorted(
        (entry["line"], next(iter(entry.keys() - {"line"})))
        for entry in entries
        if "start" not in entry
    )


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_killed_back_fill_goes_on_with_nothing_twice_and_nothing_left_out(tmp_path):
    """A stem that is drawn twice costs money; one that is left out is never drawn."""
    clean = tmp_path / "clean"
    prepare(clean)
    assert in_a_child(clean) == 0
    steps, report = int((clean / "passed").read_text()), (clean / "report").read_text()

    for at in range(1, steps + 1):
        folder = tmp_path / str(at)
        prepare(folder)
        assert in_a_child(folder, kill_at=at) in {signal.SIGKILL, 0}
        assert in_a_child(folder) == 0

        started = [body["stemId"] for body in Cloud(folder).bodies]
        assert sorted(started) == sorted(STARTED), at
        assert (folder / "report").read_text() == report
        assert ends(folder) == ends(clean), at

    assert steps > 50
    assert "drawn              2" in report


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_back_fill_that_is_killed_again_and_again_ends(tmp_path):
    """A machine that loses its power each minute must still come to the end."""
    prepare(tmp_path)

    status, kills = in_a_child(tmp_path, kill_at=20), 1
    while status != 0:
        status, kills = in_a_child(tmp_path, kill_at=20 + kills), kills + 1

    started = [body["stemId"] for body in Cloud(tmp_path).bodies]
    assert sorted(started) == sorted(STARTED)
    assert [number for number, _ in ends(tmp_path)] == [1, 2, 3, 4, 5]
    assert kills > 2
