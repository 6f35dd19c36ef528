"""Guards of the deletion: each keeps the object."""

import json

import msgspec
import pytest
from support import sound
from support.memory import MemoryObjects
from support.records import TS, hash_request
from waveflow.errors import DedupeRefusedError, SourceChangedError
from waveflow.events.flow import DedupeDeleteRequest
from waveflow.ports import Policy
from waveflow.stages.dedupe_delete import delete_duplicate
from waveflow.stages.hash import hash_object

OLDER, NEWER = "audio/older.wav", "audio/sample.wav"
BODY = b"the same bytes" * 50
CLAIM = {"stemId": "older", "filepath": OLDER}
RECORD = f"dedupe/stem789_{TS}.json"


def policy(mode="delete"):
    """Return the policy of an operator who chose a dedupe mode."""
    return Policy(
        allowed_prefixes=("audio/", "users/", "mixed/"),
        max_file_bytes=10_000,
        dedupe_mode=mode,
        verdict_mode="callback",
    )


def stored(*, older=BODY, **kwargs):
    """Return a bucket with an older stem and its newer copy."""
    objects = MemoryObjects(**kwargs)
    if older is not None:
        objects.put(OLDER, older)
    objects.put(NEWER, BODY)
    return objects


def request_for(objects, claim=CLAIM):
    """Return the request that the machine makes of a duplicate verdict."""
    hashed = hash_object(hash_request(), objects=objects, policy=policy())
    objects.calls.clear()
    return DedupeDeleteRequest(job=hashed.job, source=hashed.source, duplicate_of=claim)


def refusal(objects, request, mode="delete"):
    """Return the refusal of a deletion that leaves every object in place."""
    before = objects.live()
    with pytest.raises(DedupeRefusedError) as refused:
        delete_duplicate(request, objects=objects, policy=policy(mode))
    assert objects.live() == before
    assert not [call for call in objects.calls if call[0] == "delete"]
    return json.loads(str(refused.value))


@pytest.mark.parametrize("checksums", [False, True])
def test_a_proved_duplicate_is_deleted_behind_its_record(checksums):
    """An operator's way back needs the record before the delete, with the version."""
    objects = stored(checksums=checksums)
    request = request_for(objects)

    outcome = delete_duplicate(request, objects=objects, policy=policy())

    assert outcome.status == "DUPLICATE"
    assert msgspec.to_builtins(outcome.result.duplicate_of) == CLAIM
    assert objects.body(NEWER) is None
    assert objects.body(OLDER) == BODY
    assert [c for c in objects.calls if c[0] in {"publish_over", "delete"}] == [
        ("publish_over", RECORD),
        ("publish_over", RECORD),
        ("delete", NEWER),
        ("publish_over", RECORD),
    ]
    record = json.loads(objects.body(RECORD))
    assert record["source"]["version_id"] == request.source.version_id
    assert record["survivor"] == CLAIM
    assert (record["state"], record["looked"]) == ("decided", True)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (None, "NO_SURVIVOR"),
        ({}, "NO_SURVIVOR"),
        ("audio/older.wav", "NO_SURVIVOR"),
        ("\ud800", "NO_SURVIVOR"),
        ({"\ud800": 1}, "NO_SURVIVOR"),
        ({"stemId": "older", "filepath": "audio/nothing.wav"}, "NO_SURVIVOR"),
        ({"stemId": "older", "filepath": "elsewhere/x"}, "PATH"),
        ({"stemId": "older", "filepath": "waveforms/x"}, "PATH"),
        ({"stemId": "older", "filepath": "mixed/x"}, "PATH"),
        ({"stemId": "older", "filepath": "users/other/x"}, "PATH"),
        ({"stemId": "older", "filepath": NEWER}, "SELF"),
        ({"stemId": "stem789", "filepath": OLDER}, "SELF"),
    ],
)
def test_a_claim_that_does_not_hold_is_refused(claim, reason):
    """A server's word without a proved survivor must not delete a user's file."""
    objects = stored()

    assert refusal(objects, request_for(objects, claim)) == {"refused": reason}


@pytest.mark.parametrize("older", [b"x", b"other bytes!!!" * 50])
def test_a_survivor_with_other_bytes_is_refused(older):
    """A survivor with other bytes is no copy: its size or its hash differs."""
    objects = stored(older=older)

    assert refusal(objects, request_for(objects))["refused"] == "DIFFERENT"


def test_the_same_sound_with_other_tags_is_refused():
    """A re-tagged stem sounds alike, and deleting that stem would lose its tags."""
    older, newer = (
        sound.wav(bytes(80), between=sound.chunk(b"LIST", title))
        for title in (b"INFOold.", b"INFOnew.")
    )
    objects = MemoryObjects()
    objects.put(OLDER, older)
    objects.put(NEWER, newer)

    assert len(older) == len(newer)
    assert refusal(objects, request_for(objects))["refused"] == "DIFFERENT"


def test_the_older_of_two_twins_stays():
    """Twins that name each other must not both go."""
    objects = MemoryObjects()
    objects.put(NEWER, BODY)
    objects.put(OLDER, BODY)

    assert refusal(objects, request_for(objects))["refused"] == "ORDER"


def test_an_unversioned_bucket_deletes_nothing():
    """A bucket without versions gives an operator no way back."""
    objects = stored(versioned=False)

    assert refusal(objects, request_for(objects))["refused"] == "UNVERSIONED"


def test_the_version_null_is_no_version():
    """Objects from before versioning have the version "null", and no way back."""
    objects = stored()
    request = request_for(objects)
    source = msgspec.structs.replace(request.source, version_id="null")
    request = msgspec.structs.replace(request, source=source)

    assert refusal(objects, request)["refused"] == "UNVERSIONED"


@pytest.mark.parametrize("mode", ["report", "off"])
@pytest.mark.parametrize(("claim", "would"), [(CLAIM, True), (None, False)])
def test_other_modes_only_say_what_would_happen(mode, claim, would):
    """An operator must see what would be deleted, before switching deletion on."""
    objects = stored()

    told = refusal(objects, request_for(objects, claim), mode)

    assert told == {"refused": mode.upper(), "would_delete": would}
    assert objects.body(RECORD) is None


def test_a_stem_that_was_drawn_stays():
    """A redelivered message must not take back the SUCCESS that was told."""
    objects = stored()
    request = request_for(objects)
    objects.put(f"waveforms/stem789_waveform_{TS}.json", b"{}")

    assert refusal(objects, request) == {"refused": "DRAWN"}
    assert objects.body(RECORD) is None


def test_an_object_that_changed_meanwhile_stays():
    """A new take under the key must survive the deletion of the older take."""
    objects = stored()
    request = request_for(objects)
    objects.put(NEWER, b"a new take")

    with pytest.raises(DedupeRefusedError, match="CHANGED"):
        delete_duplicate(request, objects=objects, policy=policy())

    assert objects.body(NEWER) == b"a new take"


class LosesItsAnswer(MemoryObjects):
    """Bucket whose delete works, but whose answer is lost."""

    def delete(self, key, *, etag):
        """Delete, and fail as after a client's second try."""
        super().delete(key, etag=etag)
        raise SourceChangedError("The object under the key is another one now.")


def test_a_lost_answer_to_our_own_delete_is_success():
    """A server must be told DUPLICATE when the answer to our delete was lost."""
    objects = LosesItsAnswer()
    objects.put(OLDER, BODY)
    objects.put(NEWER, BODY)

    outcome = delete_duplicate(request_for(objects), objects=objects, policy=policy())

    assert outcome.status == "DUPLICATE"


def test_a_second_run_ends_as_the_first():
    """A stage that the machine runs twice must not leave a second version."""
    objects = stored()
    request = request_for(objects)
    first = delete_duplicate(request, objects=objects, policy=policy())
    versions = {key: len(found) for key, found in objects.versions.items()}

    second = delete_duplicate(request, objects=objects, policy=policy())

    assert second.result == first.result
    assert {key: len(found) for key, found in objects.versions.items()} == versions
