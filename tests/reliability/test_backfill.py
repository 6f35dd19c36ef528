"""Rules of `ops backfill` against a fake bucket and machine."""

import json
import re
from dataclasses import replace

import pytest
from support.filling import Cloud, refused, stem, waveform_of
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow.errors import InternalError
from waveflow.events.normalise import Entry, read_job
from waveflow_local.ops.backfill import job
from waveflow_local.ops.backfill.job import Backfill
from waveflow_local.ops.backfill.run import Limits
from waveflow_local.paths import LocalError

LIMITS = Limits(at_once=10, tolerate=5)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(job, "LOCAL_POLL_S", 0.0)


@pytest.fixture
def cloud(tmp_path):
    """Return an empty bucket and a machine."""
    return Cloud(tmp_path / "cloud")


@pytest.fixture
def fill(cloud, tmp_path):
    """Return a function that back-fills lines, whose originals lie in the bucket."""

    def run(lines, *, limits=LIMITS, dry_run=False, journal="journal", **options):
        manifest = tmp_path / "stems.jsonl"
        manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        work = Backfill(cloud.stack, str(manifest), options, stack_name="fake")
        return work.rehearse() if dry_run else work.run(limits, tmp_path / journal)

    return run


def stored(cloud, *numbers, **fields):
    """Store the originals of some stems, and return their lines."""
    lines = [stem(number, **fields) for number in numbers]
    for line in lines:
        cloud.put(line["filepath"])
    return lines


def drawn(cloud):
    """Return the stems whose executions were started, in order."""
    return [body["stemId"] for body in cloud.bodies]


def test_only_what_is_missing_or_stale_is_drawn(cloud, fill):
    """A million current stems must cost a million reads, and no execution."""
    lines = stored(cloud, 1, 2, 3, 4, 5)
    cloud.draw(lines[0], algorithm=ALGORITHM)
    cloud.draw(lines[1], algorithm=ALGORITHM - 1)
    cloud.draw(lines[2], algorithm=ALGORITHM + 1)
    cloud.put(waveform_of(lines[3]), b"no document")

    ended = fill(lines)

    assert drawn(cloud) == ["stem-2", "stem-4", "stem-5"]
    assert (ended.tally.drawn, ended.tally.current) == (3, 2)
    assert ended.tally.reasons == {"older algorithm": 2, "no document": 1}


OUTPUTS = {
    "zoom level": (
        {"waveform": {"zoom_levels": [256, 1024]}},
        ["waveforms/stem-1_zoom_1767225600000/256.dat",
         "waveforms/stem-1_zoom_1767225600000/1024.dat"],
    ),
    "split zoom level": (
        {"waveform": {"zoom_levels": [256], "split_channels": True}},
        ["waveforms/stem-1_zoom_1767225600000/256_split.dat"],
    ),
    "previews": (
        {"previews": ["opus", "mp3"]},
        ["previews/stem-1_1767225600000.opus", "previews/stem-1_1767225600000.mp3"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTPUTS)
def test_a_stem_without_an_asked_for_output_is_drawn(cloud, fill, case):
    """An old stem must get the zoom levels and previews that new stems have."""
    options, keys = OUTPUTS[case]
    [line] = stored(cloud, 1)
    cloud.draw(line, algorithm=ALGORITHM)
    for key in keys:
        cloud.put(key)
    complete = fill([line], journal="complete", **options)
    for number, key in enumerate(keys, start=1):
        cloud.remove(key)
        fill([line], journal=key.replace("/", "|"), **options)
        cloud.put(key)
        assert len(cloud.bodies) == number

    assert complete.tally.current == 1
    assert {name: cloud.bodies[0][name] for name in options} == options


def test_the_stacks_zoom_levels_are_asked_of_old_stems_too(cloud, fill):
    """A stack that draws zoom levels of every upload wants them of every stem."""
    [line] = stored(cloud, 1)
    cloud.draw(line, algorithm=ALGORITHM)
    cloud.stack.parts = replace(cloud.stack.parts, zoom_levels=(256,))

    missing = fill([line], journal="1")
    cloud.put("waveforms/stem-1_zoom_1767225600000/256.dat")
    there = fill([line], journal="2")

    assert missing.tally.drawn == there.tally.current == 1
    assert "waveform" not in cloud.bodies[0]


def test_a_mono_stem_needs_no_level_of_two_channels(cloud, fill):
    """A stem that can have no split level would be drawn by every run for ever."""
    lines = stored(cloud, 1, channels=1) + stored(cloud, 2, channels=2)
    for line in lines:
        cloud.draw(line, algorithm=ALGORITHM)
        cloud.put(f"waveforms/{line['stemId']}_zoom_1767225600000/256.dat")

    fill(lines, waveform={"zoom_levels": [256], "split_channels": True})

    assert drawn(cloud) == ["stem-2"]
    assert "channels" not in cloud.bodies[0]


def test_a_level_too_large_to_keep_is_not_missed(cloud, fill):
    """A level that the stage drops would be asked for by every run for ever."""
    [line] = stored(cloud, 1)
    cloud.draw(line, algorithm=ALGORITHM, duration=21_600.0, sample_rate=96_000)
    cloud.put("waveforms/stem-1_zoom_1767225600000/128.dat")

    ended = fill([line], waveform={"zoom_levels": [64, 128]})

    assert ended.tally.current == 1


def test_an_identity_is_missed_where_the_servers_table_has_none(cloud, fill):
    """No object holds the identity, so the manifest says which stems have one."""
    lines = stored(cloud, 1, audio_id=f"pcm1:{'0' * 64}") + stored(cloud, 2)
    for line in lines:
        cloud.draw(line, algorithm=ALGORITHM)

    fill(lines, audio_id=True)

    assert drawn(cloud) == ["stem-2"]
    assert cloud.bodies[0]["audio_id"] is True


def test_a_message_is_one_that_the_stages_take(cloud, fill):
    """A message with a field that `hash` refuses would fail for every stem."""
    full = {
        "stageId": "stage",
        "upstreamId": "up",
        "original_filename": "노래.wav",
        "audio_hash": "0" * 64,
    }
    lines = stored(cloud, 1) + stored(cloud, 2, **full, audio_id=f"pcm1:{'0' * 64}")
    cloud.draw(lines[1], algorithm=0, num_peaks=77)

    fill(lines, previews=["opus"])

    names = list(cloud.started)
    entries = [json.loads(cloud.text[name]) for name in names]
    jobs = [
        read_job(Entry(record=record, start="2026-01-01", name=name))
        for name, [record] in zip(names, entries, strict=True)
    ]
    assert [found.job_id for found in jobs] == names
    assert all(re.fullmatch(r"backfill-[0-9a-f]{12}-[12]", name) for name in names)
    assert [found.ts for found in jobs] == [1767225600000] * 2
    assert jobs[0].extra == {"backfill": True}
    assert jobs[1].extra == {"backfill": True, "stageId": "stage"}
    assert [found.stem.num_peaks for found in jobs] == [1024, 77]
    assert cloud.bodies[1].items() >= full.items()


def test_no_execution_is_started_of_a_stem_that_is_gone(cloud, fill):
    """The server must not hear FAILURE of a drawn stem whose original was removed."""
    lines = stored(cloud, 1, 2)
    cloud.remove(lines[0]["filepath"])

    ended = fill(lines)

    assert drawn(cloud) == ["stem-2"]
    assert ended.failed
    assert "OBJECT_NOT_FOUND     1 (line 1)" in str(ended)


def test_a_bucket_whose_originals_are_gone_stops_the_run(cloud, fill):
    """A manifest of the wrong bucket must not be read to its millionth line."""
    ended = fill([stem(number) for number in range(300)])

    assert "6 of the last 6 failed" in ended.stopped
    assert ended.tally.done == 6
    assert not cloud.bodies


@pytest.mark.parametrize("at_once", [1, 3])
def test_so_many_run_side_by_side_and_no_more(cloud, fill, at_once):
    """Every execution more takes concurrency from the uploads of musicians."""
    cloud.ticks = 3

    ended = fill(stored(cloud, *range(12)), limits=Limits(at_once, tolerate=5))

    assert cloud.most_running == at_once
    assert ended.tally.drawn == 12


def test_failures_are_counted_by_code(cloud, fill):
    """An operator decides by the code: redrive, mend, or leave."""
    cloud.failing |= {"stem-1": "CORRUPT_AUDIO", "stem-2": "StorageUnavailableError"}
    cloud.failing |= {"stem-3": "TIMED_OUT", "stem-4": "CORRUPT_AUDIO"}

    ended = fill(stored(cloud, *range(7)))

    assert ended.tally.failed == {
        "CORRUPT_AUDIO": 2,
        "STORAGE_UNAVAILABLE": 1,
        "TIMED_OUT": 1,
    }
    assert ended.tally.failed_lines["CORRUPT_AUDIO"] == [2, 5]
    assert ended.tally.drawn == 3
    assert "CORRUPT_AUDIO        2 (lines 2, 5)" in str(ended)


@pytest.mark.parametrize(
    ("tolerate", "failing", "stops"),
    [(0, 1, True), (5, 5, False), (5, 6, True), (100, 30, False)],
)
def test_too_many_failures_stop_the_run(cloud, fill, tolerate, failing, stops):
    """A broken bucket policy must not fail a million stems, one after the other."""
    cloud.failing |= {f"stem-{n}": "INTERNAL_ERROR" for n in range(failing)}

    ended = fill(stored(cloud, *range(60)), limits=Limits(1, tolerate))

    assert bool(ended.stopped) == stops
    assert len(cloud.bodies) == (failing if stops else 60)


def test_only_the_last_hundred_count(cloud, fill):
    """Ten failures spread over a day are no reason to stop."""
    cloud.failing |= {f"stem-{n}": "CORRUPT_AUDIO" for n in range(0, 300, 25)}

    ended = fill(stored(cloud, *range(300)))

    assert not ended.stopped
    assert ended.tally.failed.total() == 12


def test_a_stopped_run_goes_on_where_it_stopped(cloud, fill):
    """After the mistake is mended, the rest is drawn and nothing again."""
    cloud.failing |= {f"stem-{n}": "INTERNAL_ERROR" for n in range(6)}
    lines = stored(cloud, *range(20))
    stopped = fill(lines, limits=Limits(1, 5))
    cloud.failing.clear()

    ended = fill(lines)

    assert "6 of the last 6 failed" in str(stopped)
    assert sorted(drawn(cloud)) == sorted(line["stemId"] for line in lines)
    assert (ended.tally.drawn, ended.tally.failed.total()) == (14, 6)


def test_an_ended_run_is_reported_again_and_does_nothing(cloud, fill):
    """A second enter key must not draw a bucket twice."""
    lines = stored(cloud, 1, 2)
    first = fill(lines)
    cloud.remove(waveform_of(lines[0]))

    again = fill(lines)

    assert len(cloud.bodies) == 2
    assert again.tally == first.tally
    assert "name a new file with --journal" in str(again)


def test_another_run_draws_what_failed(cloud, fill):
    """Names of a run are taken for 90 days, so a new run needs names of its own."""
    cloud.failing["stem-1"] = "RESOURCE_LIMIT"
    lines = stored(cloud, 1, 2)
    fill(lines)
    cloud.failing.clear()

    second = fill(lines, journal="second")

    assert drawn(cloud) == ["stem-1", "stem-2", "stem-1"]
    assert (second.tally.drawn, second.tally.current) == (1, 1)


@pytest.mark.parametrize("change", ["options", "manifest"])
def test_a_journal_of_another_run_is_refused(cloud, fill, change):
    """Lines that another manifest's journal calls done would never be drawn."""
    lines = stored(cloud, 1, 2)
    fill(lines[:1] if change == "manifest" else lines)

    with pytest.raises(LocalError, match=f"of another {change}"):
        fill(lines, **({"audio_id": True} if change == "options" else {}))


def test_a_stack_of_an_older_release_is_found_out_by_the_first_stem(cloud, fill):
    """An older stack would draw a million stems, and each would still be stale."""
    cloud.algorithm = ALGORITHM - 1

    with pytest.raises(LocalError, match="another release than this command"):
        fill(stored(cloud, *range(50)), limits=Limits(1, 5))

    assert len(cloud.bodies) == 1


def test_a_rehearsal_starts_nothing_and_tells_the_price(cloud, fill):
    """Whoever pays decides before anything is started."""
    lines = stored(cloud, *range(4))
    cloud.draw(lines[0], algorithm=ALGORITHM)
    cloud.remove(lines[1]["filepath"])

    said = fill(lines, dry_run=True)

    assert said.splitlines() == [
        "would draw         2  10 bytes of sound; no document 2",
        "current            1",
        "failed             1",
        "  OBJECT_NOT_FOUND     1 (line 2)",
        "about 0.0003 USD on AWS",
    ]
    assert cloud.calls.keys() == {"get", "head"}
    assert not [*cloud.folder.parent.glob("journal*")]


@pytest.mark.parametrize("call", ["start", "list", "describe"])
def test_throttling_is_waited_for(cloud, fill, call):
    """A quota that live uploads use up must slow the back-fill, and end nothing."""
    cloud.failing["stem-1"] = "CORRUPT_AUDIO"
    turned_away = iter([True] * 6)

    def throttle(made):
        if made == call and next(turned_away, False):
            raise refused("ThrottlingException")

    cloud.gate = throttle
    ended = fill(stored(cloud, *range(3)))

    assert (ended.tally.drawn, ended.tally.failed.total()) == (2, 1)
    assert sorted(drawn(cloud)) == ["stem-0", "stem-1", "stem-2"]


def test_a_refusal_that_does_not_pass_ends_the_run_in_one_sentence(cloud, fill):
    """An operator without a right must read which service refused."""

    def deny(made):
        if made == "start":
            raise refused("AccessDeniedException")

    cloud.gate = deny
    with pytest.raises(InternalError, match="400 AccessDeniedException"):
        fill(stored(cloud, 1))
