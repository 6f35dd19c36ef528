"""Stages killed before and after each outside call, and run again."""

import itertools
import json
import os
import signal
import traceback
from pathlib import Path

import pytest
from support.invocations import BODY, KEY, OLDER, events, load, prepare


def state(aws):
    """Return the effects: bodies, versions, ids of webhooks, answers to tokens."""
    versions = {
        key: [version.body for version in kept]
        for key, kept in aws.bucket.versions.items()
    }
    return {
        "versions": versions,
        "webhooks": {(path, identity) for path, identity, _ in aws.webhooks},
        "closed": [json.loads(closed["output"]) for closed in aws.closed[-1:]],
    }


def in_a_child(aws, handler, event, *, told=Path(os.devnull)):
    """Run an invocation in a forked child, and return the child's exit status."""
    child = os.fork()
    if child == 0:
        try:
            told.write_text(json.dumps(handler(event)))
        except BaseException:  # noqa: BLE001 - a forked child must never return
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    aws.victim = child
    _, status = os.waitpid(child, 0)
    aws.victim = None
    return status


def result(told):
    """Return what an invocation told the machine, but the time that it took."""
    outcome = json.loads(told.read_text())
    for each in (outcome, outcome.get("outcome", {})):
        each.pop("processing_time", None)
    return outcome


LEFT = {  # effects of a clean run; two ends without any prove nothing
    "hash": 0,
    "dedupe_delete": 4,
    "music": 0,
    "waveform": 1,
    "waveform with all": 5,
    "mix": 2,
    "sum with all": 6,
    "compare": 1,
    "ask": 1,
    "known": 1,
    "tell": 1,
    "tell failure": 1,
}


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("case", LEFT)
def test_a_killed_stage_runs_again_to_the_same_end(aws, tmp_path, case):
    """Lambda may kill a stage at any call; the retry must end like a clean run."""
    stage, event = events(aws)[case]
    handler, told = load(stage), tmp_path / "told.json"
    prepare(aws)
    assert in_a_child(aws, handler, event, told=told) == 0
    clean, calls, outcome = state(aws), len(aws.requests), result(told)

    ends = {}
    for at in range(1, calls + 1):
        for moment in ("before", "after"):
            prepare(aws)
            aws.kill_at = (at, moment)
            killed = in_a_child(aws, handler, event)
            aws.kill_at = None
            again = in_a_child(aws, handler, event, told=told)
            ends[at, moment] = (killed, again, state(aws), result(told))

    effects = sum(map(len, clean["versions"].values())) - 2
    assert effects + len(clean["webhooks"]) + len(clean["closed"]) == LEFT[case]
    for end in ends.values():
        assert end == (signal.SIGKILL, 0, clean, outcome)


ASKING = [
    *(("waveform", "waveform with all"), ("mix", "mix with all")),
    *(("waveform with all", "waveform"), ("mix with all", "mix")),
]


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize(("first", "second"), ASKING)
def test_a_redelivery_with_other_options_adds_what_is_missing(
    aws, tmp_path, first, second
):
    """The first of two stages may be killed anywhere; the second ends complete."""
    cases, told = events(aws), tmp_path / "told.json"
    stage, asked_first = cases[first]
    _, asked_then = cases[second]
    handler = load(stage)
    prepare(aws)
    in_a_child(aws, handler, asked_first)
    calls = len(aws.requests)
    in_a_child(aws, handler, asked_then, told=told)
    clean, outcome = state(aws), result(told)

    for at in range(1, calls + 1):
        prepare(aws)
        aws.kill_at = (at, "after")
        in_a_child(aws, handler, asked_first)
        aws.kill_at = None
        assert in_a_child(aws, handler, asked_then, told=told) == 0
        assert result(told) == outcome
        left = state(aws)["versions"]
        assert left.items() <= clean["versions"].items()
        assert set(map(len, left.values())) == {1}


def lose_survivor(aws, handler, event):
    """Kill dedupe_delete right after its delete, then delete the survivor."""
    prepare(aws)
    for at in itertools.count(1):
        prepare(aws)
        aws.kill_at = (at, "after")
        in_a_child(aws, handler, event)
        aws.kill_at = None
        if aws.bucket.hidden(KEY):
            break
    aws.bucket.delete(OLDER)
    aws.requests.clear()


@pytest.mark.usefixtures("function_environment")
def test_a_killed_undo_is_ended_by_the_next_run(aws):
    """A stage killed anywhere in the undo must not leave the last copy hidden."""
    stage, event = events(aws)["dedupe_delete"]
    handler = load(stage)
    lose_survivor(aws, handler, event)
    refused = in_a_child(aws, handler, event)
    clean, calls = state(aws), len(aws.requests)

    ends = {}
    for at in range(1, calls + 1):
        for moment in ("before", "after"):
            lose_survivor(aws, handler, event)
            aws.kill_at = (at, moment)
            killed = in_a_child(aws, handler, event)
            aws.kill_at = None
            again = in_a_child(aws, handler, event)
            ends[at, moment] = (killed, again, aws.bucket.current(KEY).body)

    assert os.WEXITSTATUS(refused) == 1
    assert clean["versions"][KEY] == [BODY, None, BODY]
    for end in ends.values():
        assert end == (signal.SIGKILL, refused, BODY)
