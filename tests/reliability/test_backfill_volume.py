"""Memory of a long back-fill against a fake machine."""

import json
import os
import tracemalloc

import pytest
from support.filling import Cloud, stem
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow_local.ops.backfill import job
from waveflow_local.ops.backfill.job import Backfill
from waveflow_local.ops.backfill.run import Limits

STEMS = int(os.environ.get("WAVEFLOW_STEMS", "200"))  # 1,000 in `make soak`
OURS = [tracemalloc.Filter(inclusive=True, filename_pattern="*/waveflow_local/ops/*")]
GROWTH = 16_384  # bytes; a stem of a table has a few hundred


def held() -> int:
    """Return the bytes that the command's own modules hold now."""
    snapshot = tracemalloc.take_snapshot().filter_traces(OURS)
    return sum(trace.size for trace in snapshot.traces)


def test_a_long_back_fill_holds_no_more_than_a_short_one(tmp_path, monkeypatch):
    """A bucket of a million stems must not fill the memory of an operator's laptop."""
    monkeypatch.setattr(job, "LOCAL_POLL_S", 0.0)
    cloud = Cloud(tmp_path, failing={"stem-9": "CORRUPT_AUDIO"}, ticks=2)
    lines = [stem(number) for number in range(STEMS)]
    for line in lines:
        cloud.put(line["filepath"])
        if int(line["stemId"].partition("-")[2]) % 2:
            cloud.draw(line, algorithm=ALGORITHM)
    manifest = tmp_path / "stems.jsonl"
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    seen: dict[int, int] = {}
    moments = {STEMS // 10, STEMS // 2 - 20}

    def look(call: str) -> None:
        if call == "start" and len(cloud.started) in moments - seen.keys():
            seen[len(cloud.started)] = held()

    cloud.gate = look
    work = Backfill(cloud.stack, str(manifest), {}, stack_name="fake")
    tracemalloc.start()
    ended = work.run(Limits(at_once=10, tolerate=100), tmp_path / "journal")
    tracemalloc.stop()

    early, late = (seen[moment] for moment in sorted(moments))
    assert ended.tally.done == STEMS
    assert ended.tally.current == STEMS // 2
    assert late - early == pytest.approx(0, abs=GROWTH)
