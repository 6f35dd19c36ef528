"""Duplicates are proved now, on the bytes of both objects, and on no others."""

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
    """A bucket in which something happens when the survivor is about to be read."""

    happens = None

    def read(self, key, *, etag):
        """Let it happen first."""
        if key == OLDER and self.happens:
            self.happens()
        return super().read(key, etag=etag)

    def hide(self, key):
        """Delete an object as somebody else does."""
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
    """Run the stage."""
    return delete_duplicate(request, objects=objects, policy=POLICY)


def refusal(objects, request):
    """Return why nothing was deleted."""
    with pytest.raises(DedupeRefusedError) as refused:
        delete(objects, request)
    assert "delete" not in [call for call, _ in objects.calls]
    return refused.value.reason


def test_the_record_says_which_survivor_was_proved():
    """Whoever undoes a deletion can see what it was compared with."""
    objects = stored()
    [(survivor, body)] = objects.versions[OLDER]
    survivor = msgspec.structs.replace(survivor, etag='"of-parts-2"')
    objects.versions[OLDER] = [(survivor, body)]

    delete(objects, request_for(objects))

    record = json.loads(objects.body(f"dedupe/stem789_{TS}.json"))
    assert record["survivor_etag"] == survivor.etag
    assert record["survivor_version_id"] == survivor.version_id


def test_another_size_is_told_without_a_read():
    """A survivor of 100 MiB is not downloaded to learn that."""
    objects = stored(older=b"x")

    assert refusal(objects, request_for(objects)) == "DIFFERENT"
    assert ("read", OLDER) not in objects.calls


@pytest.mark.parametrize("event", ["hide", "put"])
def test_a_survivor_that_goes_while_it_is_proved_is_none(event):
    """Deleted or replaced in between: no copy is left to rely on."""
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
    """The key to delete is checked like the one that the server names."""
    objects = stored()
    request = request_for(objects)
    source = msgspec.structs.replace(request.source, key=key)

    assert refusal(objects, msgspec.structs.replace(request, source=source)) == "PATH"


def test_a_record_of_other_bytes_under_the_key_proves_nothing():
    """Uploaded again and deleted by somebody: that was no duplicate of anything."""
    objects = stored()
    delete(objects, request_for(objects))
    objects.put(NEWER, b"another take")
    request = request_for(objects)
    objects.hide(NEWER)

    assert refusal(objects, request) == "DIFFERENT"


def test_a_record_excuses_no_other_key():
    """A user's own delete of a second key must not be told as ours."""
    objects = stored()
    delete(objects, request_for(objects))
    objects.put(OTHER, BODY)
    objects.hide(OTHER)

    with pytest.raises(ObjectNotFoundError):
        request_for(objects, filepath=OTHER)
