"""Refusals of the local bucket to browsers, which are those of S3."""

import re

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from waveflow_local import paths
from waveflow_local.engine.deployment import allow_origins
from waveflow_local.engine.template import Template
from waveflow_local.paths import Project

PAGE, OTHER = "http://localhost:8000", "https://evil.example"
ALLOWED = "Access-Control-Allow-Origin"
KEY = "audio/드럼 1.wav"


@pytest.fixture(scope="module")
def bucket(engine):
    """Return a bucket with an object, which lets in the page alone."""
    named = {"UploadOrigins": f"{PAGE},https://studio.example"}
    engine.clients.s3.create_bucket(
        Bucket="private",
        CreateBucketConfiguration={"LocationConstraint": paths.REGION},
    )
    allow_origins(
        engine.clients, Template.read(Project().template, named), bucket="private"
    )
    engine.clients.s3.put_object(Bucket="private", Key=KEY, Body=b"sound")
    return "private"


@pytest.fixture(scope="module")
def signed(engine, bucket):
    """Return a signer of URLs of the bucket."""
    client = boto3.client(
        "s3",
        endpoint_url=engine.endpoint,
        region_name=paths.REGION,
        aws_access_key_id=paths.ACCESS_KEY,
        aws_secret_access_key=paths.SECRET_KEY,
        config=Config(signature_version="s3v4"),
    )

    def sign(method="get_object", seconds=60, **params):
        named = {"Bucket": bucket, "Key": KEY, **params}
        return client.generate_presigned_url(method, named, ExpiresIn=seconds)

    return sign


def get(url, **headers):
    """Return the status and the error code of a download."""
    answer = requests.get(url, headers=headers, timeout=10)
    code = answer.text.partition("<Code>")[2].partition("</Code>")[0]
    return answer.status_code, code


def test_a_signed_url_is_good_for_its_object_alone(signed):
    """A page that changes a signed URL learns on AWS alone that S3 refuses it."""
    url = signed(ResponseContentDisposition="attachment; filename*=UTF-8''a%20b.wav")

    assert get(url) == (200, "")
    assert get(url.replace("1.wav", "2.wav")) == (403, "SignatureDoesNotMatch")
    assert get(url.replace("attachment", "inline")) == (403, "SignatureDoesNotMatch")


def test_a_signed_url_ends(signed):
    """A player that loads on after ten minutes meets 403, and must sign again."""
    assert get(signed(seconds=-1)) == (403, "AccessDenied")


@pytest.mark.parametrize(("size", "status"), [(4, 403), (5, 200), (6, 403)])
def test_a_part_has_the_size_that_was_signed(engine, bucket, signed, size, status):
    """A body of another size would fill the bucket behind the API's back."""
    upload = engine.clients.s3.create_multipart_upload(Bucket=bucket, Key=KEY)
    url = signed(
        "upload_part", UploadId=upload["UploadId"], PartNumber=1, ContentLength=5
    )

    assert requests.put(url, data=b"x" * size, timeout=10).status_code == status


@pytest.mark.parametrize("act", ["upload_part", "complete_multipart_upload"])
def test_an_upload_that_is_over_takes_nothing(engine, bucket, act):
    """A page whose late part meets a 500 sends it for ever; S3's 404 says the end."""
    named = {"Bucket": bucket, "Key": KEY}
    upload = engine.clients.s3.create_multipart_upload(**named)["UploadId"]
    engine.clients.s3.abort_multipart_upload(UploadId=upload, **named)
    given = {
        "upload_part": {"PartNumber": 1, "Body": b"sound"},
        "complete_multipart_upload": {
            "MultipartUpload": {"Parts": [{"ETag": "e", "PartNumber": 1}]}
        },
    }

    with pytest.raises(ClientError) as caught:
        getattr(engine.clients.s3, act)(UploadId=upload, **named, **given[act])

    answer = caught.value.response
    assert answer["Error"]["Code"] == "NoSuchUpload"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize("name", ["Date", "Expires", "SignedHeaders", "Signature"])
def test_a_signed_url_that_lost_a_part_is_refused(signed, name):
    """A URL that a page or a chat cut short met a traceback here, not S3's refusal."""
    cut = re.sub(rf"X-Amz-{name}=[^&]*&?", "", signed())

    assert get(cut) == (400, "AuthorizationQueryParametersError")


@pytest.mark.parametrize(
    ("origin", "allowed"), [(PAGE, PAGE), (OTHER, None), ("null", None)]
)
def test_a_page_reads_where_the_bucket_names_its_origin(signed, origin, allowed):
    """Behind a redirect the origin is `null`; such a page passed here, not on S3."""
    read = requests.get(signed(), headers={"Origin": origin}, timeout=10)
    asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    preflight = requests.options(signed(), headers=asked, timeout=10)

    assert read.headers.get(ALLOWED) == preflight.headers.get(ALLOWED) == allowed
    assert preflight.status_code == (200 if allowed else 403)


def test_a_method_that_the_bucket_does_not_name_is_refused(signed):
    """A page that deletes by a signed URL would work here, and on AWS not."""
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "DELETE"}

    assert requests.options(signed(), headers=asked, timeout=10).status_code == 403


def test_a_refusal_can_be_read_by_the_page(signed):
    """A page that cannot read the status would take an old URL for a dead network."""
    late = requests.get(signed(seconds=-1), headers={"Origin": PAGE}, timeout=10)

    assert (late.status_code, late.headers[ALLOWED]) == (403, PAGE)


def test_without_a_rule_every_page_may_read(engine):
    """A developer's own page on any port works before anything is configured."""
    url = f"{engine.endpoint}/{engine.deployment.bucket}"
    asked = {"Origin": OTHER, "Access-Control-Request-Method": "PUT"}

    assert requests.options(url, headers=asked, timeout=10).headers[ALLOWED]
