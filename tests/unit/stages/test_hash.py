"""Pin and hash of an upload: exactly the bytes of one version."""

import hashlib

import pytest
from support.memory import MemoryObjects
from support.records import UPLOAD, hash_request
from waveflow.errors import (
    EmptyAudioError,
    FileTooLargeError,
    InvalidMessageError,
    ObjectNotFoundError,
    PathNotAllowedError,
    SourceChangedError,
)
from waveflow.events.messages import Survivor
from waveflow.ports import Policy
from waveflow.stages._records import Deletion, write_deletion
from waveflow.stages.hash import hash_object

KEY = UPLOAD["filepath"]
POLICY = Policy(
    allowed_prefixes=("audio/", "users/"),
    max_file_bytes=10_000,
    dedupe_mode="delete",
    verdict_mode="callback",
)
BODY = bytes(range(256)) * 10


def run(objects, **fields):
    """Hash the object of an upload message."""
    return hash_object(hash_request(**fields), objects=objects, policy=POLICY)


def test_the_hash_is_of_the_whole_object():
    """A hash of part of a file would make a server delete files that differ."""
    objects = MemoryObjects()
    stored = objects.put(KEY, BODY)

    source = run(objects).source

    assert source.audio_hash == hashlib.sha256(BODY).hexdigest()
    assert (source.etag, source.version_id) == (stored.etag, stored.version_id)


def test_a_stored_hash_saves_the_download():
    """A user's large upload with a stored SHA-256 must not be downloaded."""
    objects = MemoryObjects(checksums=True)
    objects.put(KEY, BODY)

    source = run(objects).source

    assert source.audio_hash == hashlib.sha256(BODY).hexdigest()
    assert objects.calls == [("find", KEY)]


@pytest.mark.parametrize(
    ("body", "error"), [(b"", EmptyAudioError), (b"x" * 10_001, FileTooLargeError)]
)
def test_the_size_is_checked_before_the_first_byte(body, error):
    """A refused object must not cost the operator its download."""
    objects = MemoryObjects()
    objects.put(KEY, body)

    with pytest.raises(error):
        run(objects)

    assert objects.calls == [("find", KEY)]


def test_the_limit_itself_is_allowed():
    """A user must not be refused a file that the upload dialog lets through."""
    objects = MemoryObjects()
    objects.put(KEY, b"x" * POLICY.max_file_bytes)

    assert run(objects).source.size == POLICY.max_file_bytes


@pytest.mark.parametrize("key", ["other/a.wav", "users/somebody/a.wav"])
def test_a_foreign_key_is_never_touched(key):
    """A message of one user must not reach another's object."""
    objects = MemoryObjects()

    with pytest.raises(PathNotAllowedError):
        run(objects, filepath=key)

    assert objects.calls == []


def test_a_missing_object_is_told():
    """A server that sends its message too early must get OBJECT_NOT_FOUND."""
    with pytest.raises(ObjectNotFoundError):
        run(MemoryObjects())


def test_a_mix_is_no_upload():
    """A mix message that reached hash by a defect must touch no object."""
    with pytest.raises(InvalidMessageError):
        run(MemoryObjects(), stem_paths=["audio/a"], stageId="s")


def test_a_message_that_is_its_own_verdict_is_asked_about_no_more():
    """A server that has decided by message must not be asked for a verdict."""
    objects = MemoryObjects()
    objects.put(KEY, BODY)
    audio_hash = hashlib.sha256(BODY).hexdigest().upper()
    survivor = {"stemId": "older", "filepath": "audio/older.wav"}

    new = run(objects, audio_hash=audio_hash, num_peaks=10).verdict
    duplicate = run(objects, audio_hash=audio_hash, duplicate_of=survivor).verdict

    assert new.verdict == "new"
    assert duplicate.verdict == "duplicate"
    assert duplicate.duplicate_of == Survivor(
        stem_id="older", filepath="audio/older.wav"
    )


def test_a_message_about_other_bytes_is_refused():
    """A verdict about other bytes must not be applied to a replaced file."""
    objects = MemoryObjects()
    objects.put(KEY, BODY)

    with pytest.raises(SourceChangedError):
        run(objects, audio_hash="abc123")


SURVIVOR = Survivor(stem_id="older", filepath="audio/older.wav")


def recorded_upload():
    """Return a bucket with an upload and its deletion's record, and the hash result."""
    objects = MemoryObjects()
    objects.put(KEY, BODY)
    first = run(objects)
    deletion = Deletion(source=first.source, survivor=SURVIVOR, survivor_etag='"e"')
    write_deletion(first.job, deletion, over=None, objects=objects)
    return objects, first


def test_a_redelivered_message_of_a_deleted_duplicate_ends_the_same():
    """A server must get DUPLICATE again, not a missing object, for a deleted copy."""
    objects, first = recorded_upload()
    objects.delete(KEY, etag=first.source.etag)

    again = run(objects)

    assert again.source == first.source
    assert again.verdict.duplicate_of == SURVIVOR


def test_a_redelivered_message_about_other_bytes_is_refused():
    """A record about other bytes must not answer for a redelivered message."""
    objects, first = recorded_upload()
    objects.delete(KEY, etag=first.source.etag)

    with pytest.raises(SourceChangedError):
        run(objects, audio_hash="abc123")


def test_a_record_alone_does_not_excuse_a_missing_object():
    """A file that somebody else deleted must be told as missing, record or not."""
    objects, _ = recorded_upload()
    objects.versions.pop(KEY)

    with pytest.raises(ObjectNotFoundError):
        run(objects)
