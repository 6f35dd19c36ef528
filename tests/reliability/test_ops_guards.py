"""Findings of `ops health`: a stopped pipe, a ringing alarm, an open bucket."""

import json

import boto3
import pytest
from moto import mock_aws
from waveflow_local.ops import bucket_checks, health
from waveflow_local.ops.stack import Parts, Stack, parts_of

BUCKET = "a-bucket"
BLOCK = dict.fromkeys(bucket_checks.BLOCKS, True)
DENY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
QUARANTINE = {
    "ID": "EndQuarantine",
    "Status": "Enabled",
    "Filter": {},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
}
EXPIRES = {"ID": "Tidy", "Status": "Enabled", "Expiration": {"Days": 30}}
OUTPUTS = (
    *("BucketName", "QueueUrl", "DeadLetterQueueUrl", "MachineArn"),
    *("WebhookSecretArn", "MachineAliasArn", "PipeName"),
)

PARAMETERS = {
    "WebhookUrl": "https://x",
    "AllowedPrefixes": "audio/,users/",
    "QuarantineDays": "7",
}


class Session:
    """Session of moto's AWS."""

    def client(self, service, **_options):
        """Return a client of moto's AWS."""
        return boto3.client(service, region_name="us-east-1")


@pytest.fixture
def stack():
    """Return a stack whose bucket has every guard."""
    with mock_aws():
        parts = Parts(
            *(BUCKET, "queue", "dead", "machine", "secret", "https://x"),
            name="flow",
            pipe_name="pipe",
            allowed_prefixes=("audio/", "users/"),
            quarantine_days=30,
        )
        made = Stack(parts, Session())
        made.s3.create_bucket(Bucket=BUCKET)
        made.s3.put_public_access_block(
            Bucket=BUCKET, PublicAccessBlockConfiguration=BLOCK
        )
        policy = json.dumps({"Version": "2012-10-17", "Statement": [DENY]})
        made.s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)
        _keep(made, QUARANTINE)
        made.pipes.create_pipe(
            Name="pipe",
            Source="arn:aws:sqs:us-east-1:123456789012:q",
            Target="arn:aws:states:us-east-1:123456789012:stateMachine:m",
            RoleArn="arn:aws:iam::123456789012:role/r",
        )
        yield made


def _keep(stack, *rules):
    stack.s3.put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": list(rules)}
    )


def _alarm(stack, name, state):
    stack.cloudwatch.put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Namespace="AWS/States",
        MetricName="ExecutionsFailed",
        Statistic="Sum",
        Period=300,
        Threshold=1,
    )
    stack.cloudwatch.set_alarm_state(
        AlarmName=name, StateValue=state, StateReason="a test"
    )


def described(**named):
    """Return CloudFormation's description of a stack, with some further values."""
    outputs = {name: name.lower() for name in OUTPUTS} | named
    parameters = PARAMETERS | named
    return {
        "StackName": "flow",
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
        "Parameters": [
            {"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()
        ],
    }


def found(stack):
    """Return the finding of each check of a stack on AWS."""
    return {part: check(stack) for part, check in health.ON_AWS.items()}


def test_a_guarded_stack_is_well(stack):
    """An operator stops reading a check that always complains."""
    _alarm(stack, "flow-QueueAgeAlarm-1A", "OK")
    _alarm(stack, "flow-dev-QueueAgeAlarm-1A", "ALARM")

    assert set(found(stack).values()) == {None}


def test_a_ringing_alarm_is_named(stack):
    """An operator looks a ringing alarm up by its name in the runbook."""
    _alarm(stack, "flow-QueueAgeAlarm-1A", "ALARM")
    _alarm(stack, "flow-DefectsAlarm-2B", "ALARM")

    assert found(stack)["alarms"] == "DefectsAlarm, QueueAgeAlarm ringing"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("whsec_plain", "the secret is not a JSON object"),
        ('{"current": "", "previous": ""}', "the secret has no value"),
        ('{"current": "AAAA", "previous": ""}', None),
    ],
)
@pytest.mark.parametrize(
    ("part", "name"),
    [("API secret", "ApiSecretArn"), ("external key", "ApiExternalSecretArn")],
)
def test_a_secret_of_the_api_that_is_none_is_named(stack, part, name, *, value, said):
    """A secret that an operator wrote in another shape makes the API answer 500."""
    secret = stack.secrets.create_secret(Name="s", SecretString=value)["ARN"]
    parts = parts_of(described(**{name: secret}))

    assert health.ON_AWS[part](Stack(parts, Session())) == said


def test_a_stopped_pipe_is_named(stack):
    """A stopped pipe leaves messages waiting, and no alarm rings at once."""
    stack.pipes.stop_pipe(Name="pipe")

    assert found(stack)["pipe"] == "the pipe is STOPPED"


def test_a_bucket_without_guards_is_named(stack):
    """An operator's own bucket may be public, or keep old versions for ever."""
    stack.s3.delete_public_access_block(Bucket=BUCKET)
    stack.s3.delete_bucket_lifecycle(Bucket=BUCKET)

    assert found(stack)["bucket access"] == "public access is not blocked"
    assert "for ever" in found(stack)["bucket lifecycle"]


@pytest.mark.parametrize("block", bucket_checks.BLOCKS)
def test_half_a_block_is_none(stack, block):
    """A public access block needs all four settings; three leave the bucket open."""
    stack.s3.put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration={**BLOCK, block: False}
    )

    assert found(stack)["bucket access"] == "public access is not blocked"


@pytest.mark.parametrize(
    "statement", [None, {**DENY, "Effect": "Allow"}, {**DENY, "Condition": {}}]
)
def test_plain_http_is_named(stack, statement):
    """A bucket policy that does not deny plain HTTP would let uploads be overheard."""
    stack.s3.delete_bucket_policy(Bucket=BUCKET)
    if statement:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        stack.s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)

    assert found(stack)["bucket access"] == "no policy denies requests without TLS"


@pytest.mark.parametrize(("kind", "well"), [("aws:kms", False), ("AES256", True)])
def test_a_key_that_no_role_may_use_is_named(stack, kind, well):
    """A KMS key without rights makes every read look like a missing right on S3."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": kind}}
    stack.s3.put_bucket_encryption(
        Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )

    assert (found(stack)["bucket encryption"] is None) is well


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({**EXPIRES, "Filter": {}}, "Tidy deletes uploads"),
        ({**EXPIRES, "Filter": {"Prefix": "audio/old/"}}, "Tidy deletes uploads"),
        ({**EXPIRES, "Prefix": "us"}, "Tidy deletes uploads"),
        ({**EXPIRES, "Filter": {"Prefix": "logs/"}}, None),
        ({**EXPIRES, "Filter": {}, "Status": "Disabled"}, None),
        (
            {
                **QUARANTINE,
                "ID": "Short",
                "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
            },
            "Short keeps deleted uploads for 3 days, not for 30",
        ),
    ],
)
def test_a_rule_that_ends_a_recording_is_named(stack, rule, said):
    """An old lifecycle rule may delete the only copy of a user's recording."""
    _keep(stack, QUARANTINE, rule)

    wrong = found(stack)["bucket lifecycle"]

    assert wrong is None if said is None else said in (wrong or "")


def test_a_stack_is_read_with_its_alias_and_pipe():
    """`ops redrive` must start new executions by the alias that the pipe uses."""
    parts = parts_of(described())

    assert (parts.name, parts.alias_arn) == ("flow", "machinealiasarn")
    assert (parts.pipe_name, parts.quarantine_days) == ("pipename", 7)
    assert parts.allowed_prefixes == ("audio/", "users/")
