"""Share one faulty network among the tests of a worker."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from support.aws_server import AwsServer
from waveflow import bootstrap
from waveflow.adapters.s3 import S3ObjectStore


@pytest.fixture(scope="module")
def network() -> Iterator[AwsServer]:
    """Serve AWS on loopback."""
    with AwsServer() as server:
        yield server


@pytest.fixture
def aws(network: AwsServer) -> AwsServer:
    """Return the server, forgetful of earlier tests."""
    network.forget()
    return network


@pytest.fixture(scope="module")
def s3_client(network: AwsServer):
    """Return boto3 as bootstrap sets it up, but for the waits between tries."""
    return boto3.client(
        "s3",
        endpoint_url=network.url,
        region_name="ap-northeast-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            connect_timeout=5,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 5},
            s3={"addressing_style": "path"},
            proxies={},
        ),
    )


@pytest.fixture
def objects(aws: AwsServer, s3_client) -> S3ObjectStore:
    """Return the real adapter on the faulty network."""
    assert aws.url
    return S3ObjectStore(s3_client, "bucket")


@pytest.fixture(name="function_environment")
def _function_environment(aws, monkeypatch):
    """Give the functions their environment, and their services anew."""
    variables = {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": "ap-northeast-2",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BUCKET_NAME": "bucket",
        "ALLOWED_PREFIXES": "audio/",
        "WEBHOOK_URL": aws.url,
        "WEBHOOK_SECRET_ARN": "secret",
        "WAVEFLOW_LOCAL": "1",
        "POWERTOOLS_SERVICE_NAME": "waveflow",
        "POWERTOOLS_METRICS_NAMESPACE": "WaveFlow",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    bootstrap.services.cache_clear()
    yield
    bootstrap.services.cache_clear()
