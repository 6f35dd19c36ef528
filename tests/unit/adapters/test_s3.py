"""Requests of the S3 adapter, and its reading of the answers."""

import base64
import hashlib
import io
from datetime import UTC, datetime

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.errors import InternalError, InvalidMessageError, StorageUnavailableError

KEY, ETAG = "audio/x.wav", '"etag"'
BODY = b"0123456789"
DIGEST = hashlib.sha256(BODY).digest()
CHECKSUM = base64.b64encode(DIGEST).decode()
AT = {"Bucket": "bucket", "Key": KEY}


@pytest.fixture(scope="module")
def client():
    """Return a client that reaches nobody."""
    return boto3.client(
        "s3", region_name="x", aws_access_key_id="x", aws_secret_access_key="x"
    )


@pytest.fixture
def s3(client):
    """Script the client's calls; each must come, with these arguments."""
    with Stubber(client) as script:
        yield script
        script.assert_no_pending_responses()


@pytest.fixture
def objects(client):
    """Return the adapter."""
    return S3ObjectStore(client, "bucket")


@pytest.mark.parametrize(
    ("kind", "known"), [("FULL_OBJECT", DIGEST.hex()), ("COMPOSITE", None)]
)
def test_only_a_checksum_of_the_whole_object_is_its_hash(s3, objects, kind, known):
    """The checksum of an upload in parts would be taken for the hash of other bytes."""
    head = {
        "ETag": ETAG,
        "ContentLength": len(BODY),
        "LastModified": datetime(2026, 1, 1, tzinfo=UTC),
        "ChecksumSHA256": CHECKSUM,
        "ChecksumType": kind,
    }
    s3.add_response("head_object", head, {**AT, "ChecksumMode": "ENABLED"})

    assert objects.find(KEY).sha256 == known


def part(body, *, size, **asked):
    """Return an answer whose body may end early, and the request that it answers."""
    answer = {"Body": StreamingBody(io.BytesIO(body), None), "ContentLength": size}
    if "Range" in asked:
        answer["ContentRange"] = f"bytes {len(BODY) - size}-9/10"
    return "get_object", answer, {**AT, "IfMatch": ETAG, **asked}


def test_a_body_that_ends_early_in_silence_is_continued(s3, objects):
    """Half a body must never be hashed, even where boto3 sees nothing wrong."""
    s3.add_response(*part(BODY[:4], size=10))
    s3.add_response(*part(BODY[4:], size=6, Range="bytes=4-"))

    assert b"".join(objects.read(KEY, etag=ETAG)) == BODY


def test_a_body_that_never_ends_whole_is_typed(s3, objects):
    """After two continuations the machine must retry, not hash half a file."""
    s3.add_response(*part(BODY[:4], size=10))
    s3.add_response(*part(b"", size=6, Range="bytes=4-"))
    s3.add_response(*part(b"", size=6, Range="bytes=4-"))

    with pytest.raises(StorageUnavailableError, match="after 4 bytes"):
        b"".join(objects.read(KEY, etag=ETAG))


WRONG = {
    "longer": {"ContentLength": 11},
    "shorter": {"ContentLength": 9},
    "a range": {"ContentLength": 10, "ContentRange": "bytes 0-9/10"},
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG)
def test_a_body_of_another_size_than_promised_is_refused(s3, objects, answer):
    """A proxy that shortens a body and its length would have half a file hashed."""
    body = {"Body": StreamingBody(io.BytesIO(BODY), None)}
    s3.add_response("get_object", body | answer, {**AT, "IfMatch": ETAG})

    with pytest.raises(StorageUnavailableError, match="other bytes"):
        b"".join(objects.read(KEY, etag=ETAG, size=len(BODY)))


ASTRAY = {
    "from the beginning": {"ContentLength": 6},
    "from elsewhere": {"ContentLength": 6, "ContentRange": "bytes 3-8/10"},
    "of another size": {"ContentLength": 6, "ContentRange": "bytes 4-9/12"},
    "too long": {"ContentLength": 7, "ContentRange": "bytes 4-9/10"},
}


@pytest.mark.parametrize("answer", ASTRAY.values(), ids=ASTRAY)
def test_a_continuation_of_other_bytes_is_refused(s3, objects, answer):
    """A store that ignores the range would give a file with its beginning twice."""
    s3.add_response(*part(BODY[:4], size=10))
    body = {"Body": StreamingBody(io.BytesIO(BODY[4:]), None)}
    asked = {**AT, "IfMatch": ETAG, "Range": "bytes=4-"}
    s3.add_response("get_object", body | answer, asked)

    with pytest.raises(StorageUnavailableError, match="other bytes"):
        b"".join(objects.read(KEY, etag=ETAG))


@pytest.mark.parametrize("checksum", ["abc", "=", "한", "AAAA", CHECKSUM + "-3"])
def test_a_malformed_checksum_is_no_checksum(s3, objects, checksum):
    """A checksum that cannot be read must not end the job, nor be taken for a hash."""
    head = {
        "ETag": ETAG,
        "ContentLength": len(BODY),
        "LastModified": datetime(2026, 1, 1, tzinfo=UTC),
        "ChecksumSHA256": checksum,
        "ChecksumType": "FULL_OBJECT",
    }
    s3.add_response("head_object", head, {**AT, "ChecksumMode": "ENABLED"})

    assert objects.find(KEY).sha256 is None


def in_memory(objects, _tmp_path):
    """Publish from memory."""
    objects.publish(KEY, BODY, content_type="audio/wav")


def as_file(objects, tmp_path):
    """Publish a file."""
    (tmp_path / "x").write_bytes(BODY)
    objects.publish(KEY, tmp_path / "x", content_type="audio/wav")


@pytest.mark.parametrize("publish", [in_memory, as_file])
def test_a_result_is_sent_with_its_hash(s3, objects, tmp_path, publish):
    """S3 refuses damaged bytes, and a later reader gets the hash without the body."""
    sent = {"ContentType": "audio/wav", "ChecksumSHA256": CHECKSUM, "IfNoneMatch": "*"}
    s3.add_response("put_object", {}, {**AT, "Body": ANY, **sent})

    publish(objects, tmp_path)


def test_an_object_with_metadata_is_never_shown_from_a_cache_unasked(s3, objects):
    """A key can be written again, so a browser must not keep showing the old bytes."""
    sent = {
        "ContentType": "audio/ogg",
        "CacheControl": "private, no-cache",
        "Metadata": {"waveflow-source": "ab"},
        "ChecksumSHA256": CHECKSUM,
        "IfNoneMatch": "*",
    }
    s3.add_response("put_object", {}, {**AT, "Body": ANY, **sent})

    objects.publish(
        KEY, BODY, content_type="audio/ogg", metadata={"waveflow-source": "ab"}
    )


def test_a_classic_mix_keeps_its_headers(s3, objects):
    """A redelivered classic mix must be the object of the release before."""
    sent = {
        "ContentType": "audio/wav",
        "Metadata": {"waveflow-request": "ab"},
        "ChecksumSHA256": CHECKSUM,
        "IfNoneMatch": "*",
    }
    s3.add_response("put_object", {}, {**AT, "Body": ANY, **sent})

    metadata = {"waveflow-request": "ab"}
    objects.publish(KEY, BODY, content_type="audio/wav", metadata=metadata)


@pytest.mark.parametrize(
    ("etag", "condition"), [(None, {"IfNoneMatch": "*"}), (ETAG, {"IfMatch": ETAG})]
)
def test_an_object_is_written_over_what_was_seen(s3, objects, etag, condition):
    """An object that changed in between must not be overwritten."""
    sent = {"ContentType": "x/y", "ChecksumSHA256": CHECKSUM, **condition}
    s3.add_response("put_object", {"ETag": '"new"'}, {**AT, "Body": ANY, **sent})

    written = objects.publish_over(KEY, BODY, etag=etag, content_type="x/y")

    assert written == '"new"'


def test_an_object_that_must_stay_is_not_replaced(s3, objects):
    """A mix of another request under the same key would be lost to its owner."""
    head = {
        "ETag": ETAG,
        "ContentLength": 1,
        "LastModified": datetime(2026, 1, 1, tzinfo=UTC),
        "Metadata": {"waveflow-request": "ab"},
    }
    s3.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    s3.add_response("head_object", head, {**AT, "ChecksumMode": "ENABLED"})

    def check(stored):
        assert stored.metadata == {"waveflow-request": "ab"}
        raise InvalidMessageError("Another mix was made.")

    with pytest.raises(InvalidMessageError):
        objects.publish(KEY, BODY, content_type="audio/wav", check=check)


def test_a_result_that_goes_while_it_is_compared_is_tried_again(s3, objects):
    """The job's own upload has not changed, and SOURCE_CHANGED would be untrue."""
    head = {
        "ETag": ETAG,
        "ContentLength": len(BODY),
        "LastModified": datetime(2026, 1, 1, tzinfo=UTC),
    }
    s3.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    s3.add_response("head_object", head, {**AT, "ChecksumMode": "ENABLED"})
    s3.add_client_error("get_object", "PreconditionFailed", http_status_code=412)

    with pytest.raises(StorageUnavailableError, match="in motion"):
        objects.publish(KEY, BODY, content_type="audio/wav")


def delete(objects, _tmp_path):
    """Delete the pinned object."""
    objects.delete(KEY, etag=ETAG)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ConditionalRequestConflict", 409),  # two writers at once
        ("RequestTimeout", 400),
        ("RequestTimeTooSkewed", 403),
        ("SlowDown", 429),
        ("Throttling", 400),
        ("ThrottlingException", 400),
        ("InternalError", 500),
    ],
)
@pytest.mark.parametrize(
    ("call", "write"), [("put_object", in_memory), ("delete_object", delete)]
)
def test_what_may_pass_is_tried_again(s3, objects, tmp_path, call, write, code, status):  # noqa: PLR0913, PLR0917 - a table
    """A busy S3 must not end a job that a retry would complete."""
    s3.add_client_error(call, code, http_status_code=status)

    with pytest.raises(StorageUnavailableError):
        write(objects, tmp_path)


def test_what_will_not_pass_is_a_defect(s3, objects):
    """A role without the right would be retried for nothing, and nobody told."""
    s3.add_client_error("put_object", "AccessDenied", http_status_code=403)

    with pytest.raises(InternalError):
        objects.publish(KEY, BODY, content_type="audio/wav")
