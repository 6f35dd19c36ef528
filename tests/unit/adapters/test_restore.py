"""Copying a deleted upload back: never over an object, and never without a marker."""

import boto3
import pytest
from botocore.stub import Stubber
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.errors import ObjectNotFoundError, SourceChangedError

KEY = "audio/x.wav"
AT = {"Bucket": "bucket", "Key": KEY}


@pytest.fixture
def s3():
    """Script the calls of a client that reaches nobody."""
    client = boto3.client(
        "s3", region_name="x", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as script:
        yield script
        script.assert_no_pending_responses()


@pytest.fixture
def objects(s3):
    """Return the adapter on the scripted client."""
    return S3ObjectStore(s3.client, "bucket")


def asked():
    """Return the one request that may bring version `v1` back."""
    source = {**AT, "VersionId": "v1"}
    rules = {"IfNoneMatch": "*", "TaggingDirective": "REPLACE"}
    return {**AT, "CopySource": source, **rules}


def test_a_users_new_upload_is_not_written_over(s3, objects):
    """A copy without a condition would bury what the user uploaded meanwhile."""
    s3.add_client_error(
        "copy_object",
        "PreconditionFailed",
        http_status_code=412,
        expected_params=asked(),
    )

    with pytest.raises(SourceChangedError):
        objects.restore(KEY, version_id="v1")


def test_a_version_that_is_gone_is_told_as_missing(s3, objects):
    """An operator must learn that no second try brings these bytes back."""
    s3.add_client_error(
        "copy_object", "NoSuchVersion", http_status_code=404, expected_params=asked()
    )

    with pytest.raises(ObjectNotFoundError, match="version is gone"):
        objects.restore(KEY, version_id="v1")


@pytest.mark.parametrize(
    ("headers", "hidden"), [({"x-amz-delete-marker": "true"}, True), ({}, False)]
)
def test_a_key_that_was_never_there_has_no_delete_marker(s3, objects, headers, hidden):
    """A missing upload that looks deleted would be told as a duplicate."""
    s3.add_client_error(
        "head_object",
        "404",
        http_status_code=404,
        expected_params=AT,
        response_meta={"HTTPHeaders": headers},
    )

    assert objects.has_delete_marker(KEY) is hidden
