"""Accounts of moto's AWS in which a stage has exactly its role's policy."""

import json
from contextlib import contextmanager

import boto3
from moto import settings as moto_settings
from moto.core.responses import ActionAuthenticatorMixin

from support.simulation.traffic import tiny_wav

BUCKET, REGION = "waveflow-local", "ap-northeast-2"
OLD, NEW = "audio/old.wav", "audio/new.wav"


@contextmanager
def enforced():
    """Let moto check every right inside this block, as moto's own decorator does."""
    before = moto_settings.INITIAL_NO_AUTH_ACTION_COUNT
    moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    ActionAuthenticatorMixin.request_count = 0
    try:
        yield
    finally:
        moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = before


class Account:
    """Account in which a stage's user has exactly the policy of the stage's role."""

    def __init__(self, policies):
        self.policies = policies
        root = {"region_name": REGION}
        self.s3 = boto3.client("s3", **root)
        self.s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.s3.put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        for key in (OLD, NEW, "users/ann/x.wav", "private/x", "waveforms/x.json"):
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=tiny_wav(1))
        self.s3.create_bucket(
            Bucket="another", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        secrets = boto3.client("secretsmanager", **root)
        value = json.dumps({"current": "whsec_AAAA", "previous": ""})
        self.secret = secrets.create_secret(Name="s", SecretString=value)["ARN"]

    def client(self, stage, service):
        """Return a client with the stage's rights; moto ignores their conditions."""
        iam = boto3.client("iam", region_name=REGION)
        statements = self.policies.statements(stage)
        bare = [
            {k: v for k, v in each.items() if k not in {"Condition", "Sid"}}
            for each in statements
            if each["Effect"] == "Allow"
        ]
        if service == "secretsmanager":
            # moto checks rights on every resource but S3's as "*".
            bare = [{**each, "Resource": "*"} for each in bare]
        text = json.dumps({"Version": "2012-10-17", "Statement": bare})
        name = f"{stage}-{service}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="role", PolicyDocument=text)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return boto3.client(
            service,
            region_name=REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
