"""Uploads and direct messages through the real handlers, on the local engine."""

import hashlib
import json

import pytest
from support.world import UPLOAD_STATES, ended, names, wav


def test_a_new_upload_is_drawn_and_told(world):
    """A new upload must be drawn after one question, and told once."""
    body = wav(seed=1)
    message, seen = world.upload(body, roomId=7, stageId="stage-1")

    told = ended(world, message["stemId"])
    key = told["result"]["waveform_data_path"]
    document = json.loads(world.read(key))

    assert (seen.status, names(seen)) == ("SUCCEEDED", UPLOAD_STATES)
    assert told["status"] == "SUCCESS"
    assert told["audio_wave_path"] == key
    assert (told["roomId"], told["stageId"]) == (7, "stage-1")
    assert told["result"]["audio_data_hash"] == hashlib.sha256(body).hexdigest()
    assert told["result"]["file_size"] == len(body)
    assert document["audio_hash"] == told["result"]["audio_data_hash"]
    assert len(document["peaks"]) == document["num_peaks"] == 1024
    assert document["created_at"] == "2024-01-01T10:00:00.000Z"


def test_a_second_copy_is_proved_and_deleted_and_can_come_back(world):
    """A deleted copy must keep its version and its record, so that an undo works."""
    body = wav(seed=2)
    first, _ = world.upload(body)
    second, seen = world.upload(body, userId=first["userId"])

    told = ended(world, second["stemId"])

    assert (seen.status, names(seen)) == (
        "SUCCEEDED",
        [*UPLOAD_STATES[:4], "DedupeDelete", "Tell"],
    )
    assert told["status"] == "DUPLICATE"
    assert told["result"]["error_code"] == "DUPLICATE_FILE"
    assert told["result"]["duplicate_of"] == {
        "stemId": first["stemId"],
        "filepath": first["filepath"],
    }
    assert [kind for kind, _ in world.versions(second["filepath"])] == [
        "Versions",
        "DeleteMarkers",
    ]
    [record] = world.keys(f"dedupe/{second['stemId']}_")
    kept = json.loads(world.read(record))["source"]
    assert ("Versions", kept["version_id"]) in world.versions(second["filepath"])
    assert world.read(first["filepath"]) == body


def test_a_message_delivered_three_times_leaves_what_one_leaves(world):
    """A message delivered three times must leave one object, version and result."""
    message, _ = world.upload(wav(seed=3))
    stem = message["stemId"]
    before = {key: world.versions(key) for key in world.keys(stem)}

    for _ in range(2):
        world.run(message)

    completions = world.standin.archive.about(stem, "completion")
    questions = world.standin.archive.about(stem, "hash-check")
    assert {key: world.versions(key) for key in world.keys(stem)} == before
    assert len({received.webhook_id for received in completions}) == 1
    assert len({received.webhook_id for received in questions}) == 3
    assert {json.dumps(r.body["result"]) for r in completions} == {
        json.dumps(completions[0].body["result"])
    }


def test_a_redelivered_duplicate_ends_as_the_same_duplicate(world):
    """A redelivered message of a deleted copy must not fail or ask again."""
    body = wav(seed=4)
    first, _ = world.upload(body)
    second, _ = world.upload(body, userId=first["userId"])

    again = world.run(second)

    completions = world.standin.archive.about(second["stemId"], "completion")
    assert again.status == "SUCCEEDED"
    assert len(world.told(second["stemId"], "hash-check")) == 1
    assert [received.body["status"] for received in completions] == ["DUPLICATE"] * 2
    assert len({received.webhook_id for received in completions}) == 1


def in_shape(message, shape):
    """Return a message in one of the contract's three shapes."""
    task = "app.tasks.generate_hash_and_webhook"
    return {
        "celery": {"task": task, "id": "job-1", "args": [], "kwargs": message},
        "flat": {"task": task, **message},
        "bare": message,
    }[shape]


@pytest.mark.parametrize("shape", ["celery", "flat", "bare"])
def test_each_shape_of_an_upload_walks_the_same_way(world, shape):
    """Three kinds of servers send messages, and each message must end alike."""
    message = world.new_stem()
    world.put(message["filepath"], wav(seed=5))

    seen = world.run(in_shape(message, shape))

    assert names(seen) == UPLOAD_STATES
    told = ended(world, message["stemId"])
    job_id = f"generate_hash_and_webhook-{message['stemId']}-1704103200000"
    assert told["task_id"] == ("job-1" if shape == "celery" else job_id)


@pytest.mark.parametrize(
    "fields",
    [{"task": "app.tasks.process_audio_analysis"}, {"num_peaks": 4000}],
    ids=["flat", "bare"],
)
def test_an_analysis_message_is_its_own_verdict(world, fields):
    """A server that has decided sends the verdict itself, and must not be asked."""
    body = wav(seed=6)
    message = world.new_stem(
        audio_hash=hashlib.sha256(body).hexdigest(), **{"num_peaks": 4000, **fields}
    )
    world.put(message["filepath"], body)

    seen = world.run(message)

    assert names(seen) == ["Route", "HashAgain", "Verdict", "Waveform", "Tell"]
    assert world.told(message["stemId"], "hash-check") == []
    assert ended(world, message["stemId"])["result"]["num_peaks"] == 4000


def test_an_analysis_of_other_bytes_is_refused(world):
    """A verdict about other bytes must not be applied to a replaced file."""
    message = world.new_stem(audio_hash="abc123", num_peaks=10)
    world.put(message["filepath"], wav(seed=6))

    seen = world.run(message)

    assert (seen.status, seen.error) == ("FAILED", "SOURCE_CHANGED")
    assert ended(world, message["stemId"])["result"]["error_code"] == "SOURCE_CHANGED"


def test_a_duplicate_message_that_names_its_survivor_deletes(world):
    """A verdict by message must delete under the same guards as a verdict by token."""
    body = wav(seed=7)
    first, _ = world.upload(body)
    message = world.new_stem(
        userId=first["userId"],
        audio_hash=hashlib.sha256(body).hexdigest(),
        duplicate_of={"stemId": first["stemId"], "filepath": first["filepath"]},
    )
    del message["timestamp"], message["original_filename"]
    world.put(message["filepath"], body)

    seen = world.run(message)

    assert names(seen) == ["Route", "HashAgain", "Verdict", "DedupeDelete", "Tell"]
    assert ended(world, message["stemId"])["status"] == "DUPLICATE"


def test_a_duplicate_message_without_a_survivor_keeps_the_object(world):
    """Seed 002 names no survivor, so its duplicates must be kept and drawn."""
    body = wav(seed=8)
    audio_hash = hashlib.sha256(body).hexdigest()
    message = world.new_stem(audio_hash=audio_hash)
    world.put(message["filepath"], body)

    seen = world.run({"task": "process_duplicate_file", **message})

    assert names(seen)[3:] == ["DedupeDelete", "Waveform", "Tell"]
    result = ended(world, message["stemId"])["result"]
    assert result["dedupe"] == {"refused": "NO_SURVIVOR"}
    assert world.read(message["filepath"]) == body


def test_a_duplicate_of_itself_is_refused(world):
    """A file that is called a duplicate of itself would be a user's only copy."""
    message = world.new_stem()
    own = {"stemId": message["stemId"], "filepath": message["filepath"]}
    answer = {"verdict": "duplicate", "duplicate_of": own}
    world.behave("duplicate", message["stemId"], output=answer)
    world.put(message["filepath"], wav(seed=9))

    seen = world.run(message)

    assert names(seen) == [*UPLOAD_STATES[:4], "DedupeDelete", "Waveform", "Tell"]
    told = ended(world, message["stemId"])
    assert (told["status"], told["result"]["dedupe"]) == (
        "SUCCESS",
        {"refused": "SELF"},
    )


def test_a_quote_in_a_name_breaks_nothing(world):
    """A quote in a file's name must not break an expression of the machine."""
    odd = 'it\'s "quoted" \\ {% $x %} 노래.wav'
    message = world.new_stem(original_filename=odd)
    world.put(message["filepath"], wav(seed=13))

    assert world.run(message).status == "SUCCEEDED"
    assert ended(world, message["stemId"])["original_filename"] == odd


def test_every_webhook_is_signed(world):
    """A server must be able to verify every webhook by the standard's own package."""
    message, _ = world.upload(wav(seed=14))

    received = world.standin.archive.about(message["stemId"])
    assert {webhook.event for webhook in received} == {"hash-check", "completion"}
    assert all(webhook.verified for webhook in received)
