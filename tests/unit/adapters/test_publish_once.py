"""Results that stay as they are, once they are stored with the same metadata."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import ANY, Stubber
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.errors import StorageUnavailableError

KEY, ETAG, BODY = "previews/x_1.opus", '"etag"', b"0123456789"
AT = {"Bucket": "bucket", "Key": KEY}
OURS = {"waveflow-source": "ab", "waveflow-algorithm": "1"}
OTHERS = {"waveflow-source": "cd", "waveflow-algorithm": "1"}


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
def publish(client, tmp_path):
    """Return a call that publishes one file once."""
    path = tmp_path / "x.opus"
    path.write_bytes(BODY)
    objects = S3ObjectStore(client, "bucket")
    return lambda: objects.publish_once(
        KEY, path, content_type="audio/ogg", metadata=OURS
    )


def there(s3, metadata):
    """Answer the next HEAD with an object of some metadata; None is no object."""
    asked = {**AT, "ChecksumMode": "ENABLED"}
    if metadata is None:
        s3.add_client_error("head_object", "404", http_status_code=404)
        return
    head = {
        "ETag": ETAG,
        "ContentLength": 7,
        "LastModified": datetime(2026, 1, 1, tzinfo=UTC),
        "Metadata": metadata,
    }
    s3.add_response("head_object", head, asked)


def taken(s3, **condition):
    """Take the next PUT, which must have this condition."""
    sent = {"ContentType": "audio/ogg", "CacheControl": "private, no-cache", **AT}
    sent |= {"Metadata": OURS, "Body": ANY, "ChecksumSHA256": ANY}
    s3.add_response("put_object", {}, {**sent, **condition})


def refused(s3):
    """Refuse the next PUT: another object lies under the key by now."""
    s3.add_client_error("put_object", "PreconditionFailed", http_status_code=412)


def test_an_object_of_the_same_metadata_stays(s3, publish):
    """Encoders differ by processor: a listener must not hear the bytes exchanged."""
    there(s3, {**OURS, "another": "name"})

    assert publish() == 7


@pytest.mark.parametrize(
    ("metadata", "condition"),
    [(None, {"IfNoneMatch": "*"}), (OTHERS, {"IfMatch": ETAG})],
)
def test_a_file_is_written_over_what_was_seen_alone(s3, publish, metadata, condition):
    """An object that somebody wrote in between must not be replaced unseen."""
    there(s3, metadata)
    taken(s3, **condition)

    assert publish() == len(BODY)


def test_a_second_writer_leaves_the_first_ones_object(s3, publish):
    """Two executions beside each other must tell of one object, not of two."""
    there(s3, None)
    refused(s3)
    there(s3, OURS)

    assert publish() == 7


@pytest.mark.parametrize("metadata", [None, OTHERS])
def test_a_key_in_motion_is_tried_again(s3, publish, metadata):
    """An object of another source under the key needs a new look, by a retry."""
    there(s3, None)
    refused(s3)
    there(s3, metadata)

    with pytest.raises(StorageUnavailableError, match="in motion"):
        publish()
