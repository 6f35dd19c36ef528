"""Proof of a duplicate: the bytes of both objects, read at the time of deletion."""

import json

import msgspec
import pytest
from support.memory import MemoryObjects
from support.records import TS, hash_request
from waveflow.errors import DedupeRefusedError, ObjectNotFoundError
from waveflow.events.flow import DedupeDeleteRequest
from waveflow.ports import Policy
from waveflow.stages.dedupe_delete import delete_duplicate
from waveflow.stages.hash import hash_object

OLDER, NEWER, OTHER = "audio/older.wav", "audio/sample.wav", "audio/other.wav"
BODY = b"the same bytes" * 50
POLICY = Policy(
    allowed_prefixes=("audio/", "users/"),
    max_file_bytes=10_000,
    dedupe_mode="delete",
    verdict_mode="callback",
)


class Moving(MemoryObjects):
    """Bucket in which an event happens when the survivor is about to be read."""

    happens = None

    def read(self, key, *, etag, size=None):
        """Let the event happen, and read the object."""
        if key == OLDER and self.happens:
            self.happens()
        return super().read(key, etag=etag, size=size)

    def hide(self, key):
        """Delete an object as a user does."""
        self.versions[key].append(None)


def stored(older=BODY):
    """Return a bucket with an older stem and its newer copy."""
    objects = Moving()
    objects.put(OLDER, older)
    objects.put(NEWER, BODY)
    return objects


def request_for(objects, **message):
    """Return the request that the machine makes of a duplicate verdict."""
    hashed = hash_object(hash_request(**message), objects=objects, policy=POLICY)
    objects.calls.clear()
    claim = {"stemId": "older", "filepath": OLDER}
    return DedupeDeleteRequest(job=hashed.job, source=hashed.source, duplicate_of=claim)


def delete(objects, request):
    """Run the stage dedupe_delete."""
    return delete_duplicate(request, objects=objects, policy=POLICY)


def refusal(objects, request):
    """Return the reason of a refused deletion."""
    with pytest.raises(DedupeRefusedError) as refused:
        delete(objects, request)
    assert "delete" not in [call for call, _ in objects.calls]
    return refused.value.reason


def test_the_record_says_which_survivor_was_proved():
    """An operator who undoes a deletion must see the version that was compared."""
    objects = stored()
    [(survivor, body)] = objects.versions[OLDER]
    survivor = msgspec.structs.replace(survivor, etag='"of-parts-2"')
    objects.versions[OLDER] = [(survivor, body)]

    delete(objects, request_for(objects))

    record = json.loads(objects.body(f"dedupe/stem789_{TS}.json"))
    assert record["survivor_etag"] == survivor.etag
    assert record["survivor_version_id"] == survivor.version_id


def test_another_size_is_told_without_a_read():
    """A survivor of another size must be refused without a paid download."""
    objects = stored(older=b"x")

    assert refusal(objects, request_for(objects)) == "DIFFERENT"
    assert ("read", OLDER) not in objects.calls


@pytest.mark.parametrize("event", ["hide", "put"])
def test_a_survivor_that_goes_while_it_is_proved_is_none(event):
    """A survivor that its user deletes during the proof must not count as a copy."""
    objects = stored()
    request = request_for(objects)
    more = () if event == "hide" else (b"another take",)
    objects.happens = lambda: getattr(objects, event)(OLDER, *more)

    assert refusal(objects, request) == "NO_SURVIVOR"
    assert objects.body(NEWER) == BODY


@pytest.mark.parametrize(
    "key", ["elsewhere/x", "users/other/x", "waveforms/x", "mixed/x", "dedupe/x"]
)
def test_a_key_that_is_not_the_users_is_not_deleted(key):
    """A key outside the user's prefixes must not be deleted, whoever named the key."""
    objects = stored()
    request = request_for(objects)
    source = msgspec.structs.replace(request.source, key=key)

    assert refusal(objects, msgspec.structs.replace(request, source=source)) == "PATH"


def test_a_record_of_other_bytes_under_the_key_proves_nothing():
    """A record of other bytes must not excuse a file that its user deleted."""
    objects = stored()
    delete(objects, request_for(objects))
    objects.put(NEWER, b"another take")
    request = request_for(objects)
    objects.hide(NEWER)

    assert refusal(objects, request) == "DIFFERENT"


def test_a_record_excuses_no_other_key():
    """A user's own delete of a second file must not be told as WaveFlow's."""
    objects = stored()
    delete(objects, request_for(objects))
    objects.put(OTHER, BODY)
    objects.hide(OTHER)

    with pytest.raises(ObjectNotFoundError):
        request_for(objects, filepath=OTHER)
