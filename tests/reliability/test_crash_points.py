"""Stages killed before and after each outside call, and run again."""

import json
import os
import signal
import traceback

import pytest
from support.invocations import events, load, prepare


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


def in_a_child(aws, handler, event):
    """Run an invocation in a forked child, and return the child's exit status."""
    child = os.fork()
    if child == 0:
        try:
            handler(event)
        except BaseException:  # noqa: BLE001 - a forked child must never return
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    aws.victim = child
    _, status = os.waitpid(child, 0)
    aws.victim = None
    return status


LEFT = {  # effects of a clean run; two ends without any prove nothing
    "hash": 0,
    "dedupe_delete": 3,
    "music": 0,
    "waveform": 1,
    "mix": 2,
    "ask": 1,
    "known": 1,
    "tell": 1,
    "tell failure": 1,
}


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("case", LEFT)
def test_a_killed_stage_runs_again_to_the_same_end(aws, case):
    """Lambda may kill a stage at any call; the retry must end like a clean run."""
    stage, event = events(aws)[case]
    handler = load(stage)
    prepare(aws)
    assert in_a_child(aws, handler, event) == 0
    clean, calls = state(aws), len(aws.requests)

    ends = {}
    for at in range(1, calls + 1):
        for moment in ("before", "after"):
            prepare(aws)
            aws.kill_at = (at, moment)
            killed = in_a_child(aws, handler, event)
            aws.kill_at = None
            again = in_a_child(aws, handler, event)
            ends[at, moment] = (killed, again, state(aws))

    effects = sum(map(len, clean["versions"].values())) - 2
    assert effects + len(clean["webhooks"]) + len(clean["closed"]) == LEFT[case]
    for end in ends.values():
        assert end == (signal.SIGKILL, 0, clean)
