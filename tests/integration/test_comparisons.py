"""Comparisons through the real machine: one document, one webhook, or a failure."""

import json

import pytest
from support.world import ended, names, wav

TASK = {"task": "compare_mixes", "timestamp": "2024-01-01T10:00:00Z"}
DOCUMENT = "comparisons/{}_1704103200000.json"


def compare(world, stage, *pairs, **fields):
    """Send a comparison of pairs of keys, and return its execution."""
    wanted = [{"before": before, "after": after} for before, after in pairs]
    return world.run({**TASK, "stageId": stage, "pairs": wanted, **fields})


def test_a_mix_is_compared_with_its_successor_and_the_server_is_told(world):
    """A musician's "what is different" must be answered in three states."""
    keys = ["audio/cmp-a.wav", "audio/cmp-b.wav"]
    for seed, key in enumerate(keys, 61):
        world.put(key, wav(1.5, seed=seed))
    mixes = []
    for stage, paths in (("cmp-one", keys), ("cmp-two", keys[:1])):
        world.run({"stageId": stage, "stem_paths": paths})
        mixes.append(ended(world, stage, "mixing-complete")["mixed_file_path"])

    seen = compare(
        world,
        "cmp-stage",
        (mixes[0], mixes[1]),
        (mixes[0], mixes[0]),
        (None, keys[0]),
        upstreamId="up-1",
        roomId=7,
    )

    told = ended(world, "cmp-stage", "comparison-complete")
    assert (seen.status, names(seen)) == ("SUCCEEDED", ["Route", "Compare", "Tell"])
    path = DOCUMENT.format("cmp-stage")
    document = json.loads(world.read(path))
    statuses = [report["status"] for report in document["pairs"]]
    assert statuses == ["changed", "same", "new"]
    assert told == {
        "stageId": "cmp-stage",
        "status": "SUCCESS",
        "task_id": "compare_mixes-cmp-stage-1704103200000",
        "comparison_path": path,
        "statuses": statuses,
        "upstreamId": "up-1",
        "timestamp": TASK["timestamp"],
        "warnings": [],
        "roomId": 7,
    }


def test_a_repeated_comparison_writes_nothing_again(world):
    """A message delivered twice must leave one version, and tell under one id."""
    world.put("audio/cmp-c.wav", wav(seed=63))
    pair = ("audio/cmp-c.wav", None)

    for _ in range(2):
        compare(world, "cmp-again", pair)

    path = DOCUMENT.format("cmp-again")
    assert len(world.versions(path)) == 1
    first, second = world.standin.archive.about("cmp-again", "comparison-complete")
    assert first.webhook_id == second.webhook_id
    assert first.fields == second.fields


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "STEM_MISSING"),
        (b"junk", "UNSUPPORTED_MEDIA"),
        (b"", "EMPTY_AUDIO"),
    ],
    ids=["missing", "junk", "empty"],
)
def test_a_version_that_cannot_be_compared_fails_the_job_and_is_told(world, body, code):
    """A server must learn that there is no document, and why."""
    stage, key = f"cmp-{code.lower()}", f"audio/cmp-{code}.wav"
    if body is not None:
        world.put(key, body)
    world.put("audio/cmp-good.wav", wav(seed=64))

    seen = compare(world, stage, ("audio/cmp-good.wav", key))

    told = ended(world, stage, "comparison-complete")
    assert (seen.status, seen.error) == ("FAILED", code)
    assert names(seen) == ["Route", "Compare", "TellFailure", "Failed"]
    assert (told["comparison_path"], told["statuses"]) == (None, [])
    assert told["result"]["error_code"] == code
    assert told["result"]["stage"] == "compare"
    assert world.keys(f"comparisons/{stage}") == []


def test_a_message_with_a_wrong_pair_is_told_where_comparisons_are(world):
    """A developer who sends a pair of two nulls must hear of it at once."""
    compare(world, "cmp-wrong", (None, None))

    told = ended(world, "cmp-wrong", "comparison-complete")
    assert told["result"]["error_code"] == "INVALID_MESSAGE"
    assert "pairs[0] (both versions are null)" in told["result"]["error_message"]


def test_another_comparison_of_one_stage_and_time_is_refused_under_its_own_id(world):
    """A server that drops repeats must not take the refusal for the first's repeat."""
    world.put("audio/cmp-d.wav", wav(seed=65))
    compare(world, "cmp-twice", ("audio/cmp-d.wav", None))

    compare(world, "cmp-twice", (None, "audio/cmp-d.wav"))

    first, second = world.standin.archive.about("cmp-twice", "comparison-complete")
    assert (first.fields["status"], second.fields["status"]) == ("SUCCESS", "FAILURE")
    assert first.fields["task_id"] != second.fields["task_id"]
    document = json.loads(world.read(DOCUMENT.format("cmp-twice")))
    assert [report["status"] for report in document["pairs"]] == ["removed"]
