"""Fixtures of one faulty network for each worker, and of stacks to operate."""

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.retries import standard
from moto import mock_aws
from support.account import Account
from support.aws_server import AwsServer
from support.filling import Cloud
from support.machine import FakeMachine
from support.policies import Policies
from waveflow import bootstrap
from waveflow.adapters.s3 import S3ObjectStore
from waveflow_local.ops.backfill import job
from waveflow_local.ops.backfill.job import Backfill
from waveflow_local.ops.backfill.run import Limits
from waveflow_local.ops.stack import Parts, Stack

USUAL = Limits(at_once=10, tolerate=5)


@pytest.fixture(scope="module")
def network() -> Iterator[AwsServer]:
    """Serve AWS on loopback, once for all tests of a module."""
    with AwsServer() as server:
        yield server


@pytest.fixture
def aws(network: AwsServer) -> AwsServer:
    """Return the AWS server without the objects and faults of earlier tests."""
    network.forget()
    return network


@pytest.fixture(scope="module")
def s3_client(network: AwsServer):
    """Return a client of boto3 as bootstrap sets it up, without waits between tries."""
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
    """Return the S3 adapter of the product on the faulty network."""
    assert aws.url
    return S3ObjectStore(s3_client, "bucket")


@pytest.fixture(name="function_environment")
def _function_environment(aws, monkeypatch):
    """Set the environment of the functions, and drop cached services."""
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


class Session:
    """Session of moto's AWS in which a fake machine stands for Step Functions."""

    def __init__(self, machine):
        self._machine = machine

    def client(self, service, **_options):
        """Return a client of moto's AWS, or the fake machine."""
        if service == "stepfunctions":
            return self._machine
        return boto3.client(service, region_name="us-east-1")


@pytest.fixture
def machine():
    """Return the fake machine of the test."""
    return FakeMachine()


@pytest.fixture
def stack(machine):
    """Return a stack on moto's AWS."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="a-bucket")
        s3.put_bucket_versioning(
            Bucket="a-bucket", VersioningConfiguration={"Status": "Enabled"}
        )
        sqs = boto3.client("sqs", region_name="us-east-1")
        urls = [sqs.create_queue(QueueName=n)["QueueUrl"] for n in ("q", "dead")]
        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        value = json.dumps({"current": "whsec_" + "A" * 44, "previous": ""})
        arn = secrets.create_secret(Name="s", SecretString=value)["ARN"]
        parts = Parts(
            *("a-bucket", *urls, "machine", arn, "https://192.0.2.1/webhook"),
            name="flow",
            alias_arn="machine:live",
            pipe_name="pipe",
            allowed_prefixes=("audio/", "users/"),
            quarantine_days=30,
        )
        yield Stack(parts, Session(machine))


@pytest.fixture(scope="module")
def policies():
    """Return the policies of template.yaml."""
    return Policies()


@pytest.fixture
def no_waits(monkeypatch):
    """Let boto3 try again at once, without its waits."""
    monkeypatch.setattr(
        standard.ExponentialBackoff, "delay_amount", lambda _self, _context: 0
    )


@pytest.fixture
def cloud(tmp_path):
    """Return an empty bucket and a machine, whose executions end at once."""
    return Cloud(tmp_path / "cloud")


@pytest.fixture
def fill(cloud, tmp_path, monkeypatch):
    """Return a function that back-fills lines, whose originals lie in the bucket."""
    monkeypatch.setattr(job, "LOCAL_POLL_S", 0.0)

    def run(lines, *, limits=USUAL, dry_run=False, journal="journal", **options):
        manifest = tmp_path / "stems.jsonl"
        manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        work = Backfill(cloud.stack, str(manifest), options, stack_name="fake")
        return work.rehearse() if dry_run else work.run(limits, tmp_path / journal)

    return run


@pytest.fixture
def account(policies):
    """Return an account of moto's AWS for one test."""
    with mock_aws():
        yield Account(policies)
