"""Every call of AWS by every ops command, held against the operator's policy."""

import json

import boto3
import msgspec
import pytest
from click.testing import CliRunner
from moto import mock_aws
from support.calls import recording
from support.filling import FAILING, Cloud, store_manifest
from support.insights import FailedExecution, Insights
from support.invocations import KEY, OLDER
from support.machine import ARN, FakeMachine
from support.policies import Need, allows
from support.receiver import Receiver
from support.smoke_account import SmokeAccount
from support.stack import ROOT, listed
from waveflow.events.flow import Source
from waveflow.events.messages import Survivor
from waveflow.stages._records import Deletion
from waveflow_local.cli.app import app
from waveflow_local.ops.backfill import job
from waveflow_local.ops.bucket_checks import BLOCKS
from waveflow_local.ops.commands import ops

REGION, ACCOUNT, BUCKET = "us-east-1", "123456789012", "a-bucket"
HERE = f"{REGION}:{ACCOUNT}"
SUFFIX = "-??????"  # Secrets Manager adds six characters to a secret's name
OF_STACK = {"STACK": "flow", "MACHINE": "Machine-1a2b", "PIPE": "Pipe-1a2b"}
SECRETS = {
    "WEBHOOK_SECRET": f"WebhookSecret-1a2b{SUFFIX}",
    "API_SECRET": f"ApiSecret-1a2b{SUFFIX}",
}
FILLED = {"REGION": REGION, "ACCOUNT": ACCOUNT, "BUCKET": BUCKET} | OF_STACK | SECRETS
STEM = ["--user-id", "u", "--track-id", "t", "--filepath", KEY]
STEMS = "tables/stems.jsonl"
COMMANDS = {
    "restore": [["new"], ["new", "--to", "audio/other.wav"]],
    "redraw": [["new", *STEM]],
    "redrive": [["--error", "STORAGE_UNAVAILABLE"], ["--since", "2026-01-01"]],
    "replay": [[]],
    "health": [[]],
    "smoke": [[]],
    "status": [["stem-1"]],
    "backfill": [[f"s3://{BUCKET}/{STEMS}", "--preview", "opus"]],
}


class Deployed:
    """Stack as CloudFormation describes it."""

    def __init__(self, queues, outputs, parameters):
        self.queues, self.outputs, self.parameters = queues, outputs, parameters

    def describe_stacks(self, *, StackName):  # noqa: N803 - boto3's name
        """Return the stack's outputs and parameters."""
        told = {
            f"{kind}s": [
                {f"{kind}Key": name, f"{kind}Value": value}
                for name, value in getattr(self, f"{kind.lower()}s").items()
            ]
            for kind in ("Output", "Parameter")
        }
        return {"Stacks": [{"StackName": StackName, **told}]}


@pytest.fixture
def webhook_url():
    """Return a test address that answers 404 to every webhook."""
    with Receiver() as receiver:
        receiver.answer = lambda request: request.reply(404, b"")
        yield receiver.url


@pytest.fixture
def deployed(webhook_url):
    """Deploy a stack's outputs to moto's AWS, with a deletion to undo."""
    with mock_aws():
        s3, secrets, sqs = (
            boto3.client(service, region_name=REGION)
            for service in ("s3", "secretsmanager", "sqs")
        )
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        s3.put_public_access_block(
            Bucket=BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(BLOCKS, True)
        )
        made = {
            name: secrets.create_secret(Name=name, SecretString='{"current": ""}')
            for name in ("WebhookSecret-1a2b", "ApiSecret-1a2b", "waveflow-external-1")
        }
        arns = [secret["ARN"] for secret in made.values()]
        queues = [
            sqs.create_queue(QueueName=f"flow-{name}-1a2b")["QueueUrl"]
            for name in ("Queue", "DeadLetterQueue")
        ]
        outputs = {
            "BucketName": BUCKET,
            "MachineArn": "machine",
            "PipeName": "Pipe-1a2b",
            "QueueUrl": queues[0],
            "DeadLetterQueueUrl": queues[1],
            "WebhookSecretArn": arns[0],
            "ApiSecretArn": arns[1],
        }
        parameters = {
            "WebhookUrl": webhook_url,
            "AllowedPrefixes": "audio/",
            "QuarantineDays": "30",
            "ApiExternalSecretArn": arns[2],
        }
        put = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"bytes")
        source = Source(
            key=KEY,
            etag=put["ETag"],
            size=5,
            last_modified="x",
            audio_hash="0",
            version_id=put["VersionId"],
        )
        survivor = Survivor(stem_id="old", filepath=OLDER)
        record = Deletion(source=source, survivor=survivor, survivor_etag="x")
        s3.put_object(
            Bucket=BUCKET, Key="dedupe/new_17.json", Body=msgspec.json.encode(record)
        )
        s3.delete_object(Bucket=BUCKET, Key=KEY)
        store_manifest(s3, bucket=BUCKET, key=STEMS)
        yield Deployed(queues, outputs, parameters)


def operators_policy():
    """Return the statements of the operator's policy with its words filled in."""
    text = (ROOT / "docs/policies/operator.json").read_text("utf-8")
    for word, value in FILLED.items():
        text = text.replace(word, value)
    return json.loads(text)["Statement"]


def run(command, arguments, deployed, folder):
    """Run one ops command in a folder, and return what its calls needed."""
    made = f"arn:aws:states:{HERE}"
    names = {
        ARN: f"{made}:execution:Machine-1a2b:",
        "machine:told": f"{made}:execution:Machine-1a2b:told",
        "log-group:": f"arn:aws:logs:{HERE}:log-group:",
        **{u: f"arn:aws:sqs:{HERE}:{u.rpartition('/')[2]}" for u in deployed.queues},
    }
    fakes = {"cloudformation": deployed, "sfn": FakeMachine()}
    if command == "smoke":
        functions = f"arn:aws:lambda:{HERE}:function:flow-"
        account = SmokeAccount(execution=ARN, function=functions)
        fakes |= dict.fromkeys(("sfn", "sqs", "lambda", "cloudwatch"), account)
    if command == "status":
        fakes |= {"sfn": FailedExecution(), "cloudwatch-logs": Insights(["told"])}
    if command == "backfill":
        arn = {"MachineArn": f"{made}:stateMachine:Machine-1a2b"}
        fakes["cloudformation"] = Deployed(
            deployed.queues, deployed.outputs | arn, deployed.parameters
        )
        fakes["sfn"] = Cloud(folder / "cloud", failing={FAILING: "CORRUPT_AUDIO"})
        arguments = [*arguments, "--journal", str(folder / "journal")]
    with recording(names, **fakes) as needs:
        CliRunner().invoke(
            app, ["ops", command, *arguments, "--stack", "flow"], catch_exceptions=False
        )
    whole = {
        "machine": f"{made}:stateMachine:Machine-1a2b",
        "flow": f"arn:aws:cloudformation:{HERE}:stack/flow/1a2b",
        "Pipe-1a2b": f"arn:aws:pipes:{HERE}:pipe/Pipe-1a2b",
    }
    return [
        Need(need.action, whole.get(need.resource, need.resource), need.context)
        for need in needs
    ]


@pytest.fixture
def needed(deployed, monkeypatch, tmp_path):
    """Return what every ops command needed, by command."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(job, "POLL_S", 0.0)
    return {
        command: [
            need
            for each in arguments
            for need in run(command, each, deployed, tmp_path)
        ]
        for command, arguments in COMMANDS.items()
    }


def test_an_operator_may_run_every_command_and_nothing_else(needed):
    """A missing right shows at night, in the middle of a recovery."""
    policy = operators_policy()
    used = {need.action for needs in needed.values() for need in needs}
    held = {action for each in policy for action in listed(each["Action"])}

    # `erase` has a policy of its own: see test_erase_rights.py.
    assert {*needed} == {*ops.commands} - {"erase"}
    for command, needs in needed.items():
        assert {need for need in needs if not allows(policy, need)} == set(), command
    assert held - used == set()
    read, run = {"s3:GetObject"}, {"StartExecution", "ListExecutions"}
    states = {f"states:{name}" for name in run | {"DescribeExecution"}}
    assert {need.action for need in needed["backfill"]} >= read | states


OTHERS = [
    ("lambda:InvokeFunction", f"lambda:{HERE}:function:flow-prod-HashFunction-1a2b"),
    ("lambda:InvokeFunction", f"lambda:{HERE}:function:flow-NotifyFunction-1a2b"),
    ("lambda:InvokeFunction", f"lambda:{HERE}:function:flow-ApiFunction-1a2b"),
    ("states:StartExecution", f"states:{HERE}:stateMachine:Machine-3c4d"),
    ("states:RedriveExecution", f"states:{HERE}:execution:Machine-3c4d:x"),
    ("secretsmanager:GetSecretValue", f"secretsmanager:{HERE}:secret:ApiSecret-3c4d"),
    ("logs:StartQuery", f"logs:{HERE}:log-group:/waveflow/flow-prod/hash"),
    ("sqs:SendMessage", f"sqs:{HERE}:flow-prod-Queue-1a2b"),
    ("s3:DeleteObjectVersion", f"s3:::{BUCKET}/{KEY}"),
    # The API puts an id before the file's name, which the musician chose.
    ("s3:DeleteObjectVersion", f"s3:::{BUCKET}/audio/1a2b_waveflow-smoke-song.wav"),
]


@pytest.mark.parametrize(("action", "place"), OTHERS)
def test_an_operator_touches_no_other_stack_and_no_upload(action, place):
    """Whoever operates `dev` must run no job of `prod`, and erase no recording."""
    assert not allows(operators_policy(), Need(action, f"arn:aws:{place}"))
