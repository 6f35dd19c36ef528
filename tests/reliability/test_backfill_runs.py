"""Runs of a back-fill against a fake machine: bounds, failures, journals."""

import pytest
from support.filling import drawn, refused, stem, stored, waveform_of
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow.errors import InternalError, StorageUnavailableError
from waveflow_local.ops.backfill import look
from waveflow_local.ops.backfill.run import Limits
from waveflow_local.paths import LocalError


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


@pytest.mark.parametrize("refusals", [5, 6])
def test_a_bucket_that_asks_to_slow_down_is_waited_for(
    cloud, fill, monkeypatch, refusals
):
    """A single 503 of S3 must not end a night's run; a bucket that is away must."""
    monkeypatch.setattr(look, "PAUSES_S", [0.0] * 5)
    turned_away = iter([True] * refusals)

    def slow_down(made):
        if made == "get" and next(turned_away, False):
            raise refused("SlowDown", 503)

    cloud.gate = slow_down
    lines = stored(cloud, 1)

    if refusals > 5:
        with pytest.raises(StorageUnavailableError):
            fill(lines)
        assert not cloud.bodies
    assert fill(lines).tally.drawn == 1


def test_a_refusal_that_does_not_pass_ends_the_run_in_one_sentence(cloud, fill):
    """An operator without a right must read which service refused."""

    def deny(made):
        if made == "start":
            raise refused("AccessDeniedException")

    cloud.gate = deny
    with pytest.raises(InternalError, match="400 AccessDeniedException"):
        fill(stored(cloud, 1))
