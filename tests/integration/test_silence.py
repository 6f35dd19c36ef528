"""Servers that do not answer in time, through the real machine."""

import pytest
from support.processes import eventually
from support.world import ended, wav


@pytest.fixture(scope="module")
def verdict_timeout_s():
    """Return two seconds: every question here waits for its whole time-out."""
    return 2


def test_silence_never_deletes(world):
    """A server that never answers must not cost a user the upload."""
    message = world.new_stem()
    stem = message["stemId"]
    world.behave("silence", stem, event="hash-check")
    world.put(message["filepath"], wav(seed=10))

    seen = world.run(message)

    def questions():
        return world.told(stem, "hash-check")

    # A busy machine sends the last question after its time-out has passed.
    eventually(lambda: len(questions()) == 3)
    assert world.read(message["filepath"])
    assert (seen.status, seen.error) == ("FAILED", "VERDICT_TIMEOUT")
    assert len({question["task_token"] for question in questions()}) == 3
    assert ended(world, stem)["result"]["error_code"] == "VERDICT_TIMEOUT"


def test_a_late_answer_has_no_effect(world):
    """An answer to a closed question must not decide about a stem."""
    message = world.new_stem()
    stem = message["stemId"]
    world.behave("late", stem, event="hash-check", delay_s=4, times=1)
    world.put(message["filepath"], wav(seed=10))

    seen = world.run(message)

    sent = world.standin.answers.sent
    late = eventually(lambda: [a for a in sent if a.subject == stem and a.refused])
    assert [answer.refused for answer in late] == ["TaskTimedOut"]
    assert seen.status == "SUCCEEDED"
    assert len(world.told(stem, "hash-check")) > 1
    assert ended(world, stem)["status"] == "SUCCESS"
