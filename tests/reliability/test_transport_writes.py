"""The S3 adapter's writes, deletes and copies under network faults."""

import pytest
from waveflow.errors import (
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)

KEY, BODY = "audio/x.wav", b"a take"
pytestmark = pytest.mark.usefixtures("no_waits")


@pytest.fixture
def stored(aws, objects):
    """Return an upload without a checksum, as a browser makes it."""
    aws.bucket.put(KEY, BODY, checksummed=False)
    return objects.find(KEY)


def test_a_lost_answer_to_a_put_is_our_own_write(aws, objects):
    """A lost answer makes boto3 repeat a PUT, and S3 refuses the second with 412."""
    aws.script["PUT"] = ["lost"]

    objects.publish("waveforms/x", b"{}", content_type="application/json")

    assert [v.body for v in aws.bucket.versions["waveforms/x"]] == [b"{}"]


def test_equal_bytes_are_not_written_twice(aws, objects):
    """A repeated message must not leave a second version of the same document."""
    for _ in range(3):
        objects.publish("waveforms/x", b"{}", content_type="application/json")

    assert len(aws.bucket.versions["waveforms/x"]) == 1


def test_other_bytes_are_replaced_only_if_nobody_else_did(aws, objects):
    """Two writers must not overwrite each other's document unseen."""
    objects.publish("waveforms/x", b"old", content_type="application/json")
    objects.publish("waveforms/x", b"new", content_type="application/json")
    aws.replacement = b"other"
    aws.script["PUT"] = ["ok", "replaced"]

    with pytest.raises(StorageUnavailableError):
        objects.publish("waveforms/x", b"newer", content_type="application/json")
    assert aws.bucket.current("waveforms/x").body == b"other"


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_lost_answer_to_a_write_over_is_our_own_write(aws, objects, before):
    """A lost answer to a conditional write must not look like another writer."""
    etag = aws.bucket.put("dedupe/x", before).etag if before else None
    aws.script["PUT"] = ["lost"]

    written = objects.publish_over(
        "dedupe/x", b"new", etag=etag, content_type="application/json"
    )

    assert written == aws.bucket.current("dedupe/x").etag
    assert aws.bucket.versions["dedupe/x"][-1].body == b"new"
    assert len(aws.bucket.versions["dedupe/x"]) == (2 if before else 1)


@pytest.mark.parametrize("before", [None, b"old"])
@pytest.mark.parametrize("fault", ["replaced", "deleted"])
def test_a_write_over_something_else_is_refused(aws, objects, before, fault):
    """Two invocations must not both write the last word of one record."""
    etag = aws.bucket.put("dedupe/x", before).etag if before else None
    if before is None and fault == "deleted":
        etag = '"of what was there"'
    aws.replacement = b"other"
    aws.script["PUT"] = [fault]

    with pytest.raises(StorageUnavailableError):
        objects.publish_over(
            "dedupe/x", b"new", etag=etag, content_type="application/json"
        )

    left = aws.bucket.current("dedupe/x")
    assert (left.body if left else None) == (b"other" if fault == "replaced" else None)


def test_a_lost_answer_to_a_delete_looks_like_a_missing_object(aws, objects, stored):
    """A lost answer to a delete must lead the stage to its record and marker."""
    aws.script["DELETE"] = ["lost"]

    with pytest.raises(ObjectNotFoundError):
        objects.delete(KEY, etag=stored.etag)
    assert objects.has_delete_marker(KEY)
    assert len(aws.bucket.versions[KEY]) == 2


def test_a_key_without_an_object_has_no_delete_marker(aws, objects, stored):
    """A key without a delete marker must not pass for a deletion by WaveFlow."""
    assert not objects.has_delete_marker(stored.key)
    assert not objects.has_delete_marker("audio/never.wav")
    assert len(aws.requests) == 3


def test_a_version_is_copied_back_once(aws, objects, stored):
    """A lost answer to the copy looks like somebody else's upload, of equal bytes."""
    objects.delete(KEY, etag=stored.etag)
    aws.script["PUT"] = ["lost"]

    with pytest.raises(SourceChangedError):
        objects.restore(KEY, version_id=stored.version_id)

    assert aws.bucket.current(KEY).body == BODY
    assert len(aws.bucket.versions[KEY]) == 3


def test_a_copy_back_never_replaces_an_upload(aws, objects, stored):
    """The user may put another take there at any moment before the copy."""
    objects.delete(KEY, etag=stored.etag)
    aws.replacement = b"another take"
    aws.script["PUT"] = ["replaced"]

    with pytest.raises(SourceChangedError):
        objects.restore(KEY, version_id=stored.version_id)

    assert aws.bucket.current(KEY).body == b"another take"


def test_a_version_that_is_gone_is_typed(aws, objects, stored):
    """The quarantine is over: the stage says so, and copies nothing."""
    objects.delete(KEY, etag=stored.etag)

    with pytest.raises(ObjectNotFoundError):
        objects.restore(KEY, version_id="v999")
    assert aws.bucket.current(KEY) is None


def test_keys_are_listed_by_their_beginning(aws, objects):
    """The records of one stem, and none that is deleted or another's."""
    for key in ("dedupe/노래_1.json", "dedupe/노래_2.json", "dedupe/b_1.json"):
        aws.bucket.put(key, b"{}")
    aws.bucket.delete("dedupe/노래_2.json")

    assert objects.keys_below("dedupe/노래_") == ["dedupe/노래_1.json"]
    assert objects.keys_below("dedupe/none_") == []


def test_a_replaced_object_is_never_deleted(aws, objects, stored):
    """A user's new upload under the same key must survive an old deletion."""
    aws.replacement = b"another take"
    aws.script["DELETE"] = ["replaced"]

    with pytest.raises(SourceChangedError):
        objects.delete(KEY, etag=stored.etag)
    assert aws.bucket.current(KEY).body == b"another take"
