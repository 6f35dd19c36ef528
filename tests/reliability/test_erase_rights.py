"""Rights of an erasure: a policy that no role of the stack and no operator has."""

import json
import unicodedata
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from moto import mock_aws
from support.calls import recording
from support.erasing import GOES, GOES_WITH_MIXES, KEPT, MARKS, MINE, STAYS
from support.policies import Need, allows, rights
from support.stack import ROOT, Stack, listed
from support.stack import load as load_template
from waveflow_local.cli.app import app

REGION, ACCOUNT, BUCKET = "us-east-1", "123456789012", "a-bucket"
FILLED = {"REGION": REGION, "ACCOUNT": ACCOUNT, "STACK": "flow", "BUCKET": BUCKET}
FOR_GOOD = "s3:DeleteObjectVersion"
OUTPUTS = {
    "BucketName": BUCKET,
    "QueueUrl": "q",
    "DeadLetterQueueUrl": "d",
    "MachineArn": "m",
    "WebhookSecretArn": "s",
}
PARAMETERS = {
    "WebhookUrl": "https://192.0.2.1/webhook",
    "AllowedPrefixes": "audio/,users/",
    "QuarantineDays": "30",
}
ROW = "userId,stemId,filepath,timestamp\nann,ann-1,{},2026-01-01T00:00\n"
COPY = "users/ann/copy.wav"


def policy_of(name):
    """Return the statements of a policy file with its words filled in."""
    text = (ROOT / "docs/policies" / name).read_text("utf-8")
    for word, value in FILLED.items():
        text = text.replace(word, value)
    return json.loads(text)["Statement"]


def described(**_stack):
    """Return the stack as CloudFormation describes it."""
    told = {
        f"{kind}s": [{f"{kind}Key": k, f"{kind}Value": v} for k, v in values.items()]
        for kind, values in (("Output", OUTPUTS), ("Parameter", PARAMETERS))
    }
    return {"Stacks": [{"StackName": "flow", **told}]}


@pytest.fixture
def s3(monkeypatch):
    """Return a client of a versioned bucket that holds Ann's stem and others'."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        for key in (*GOES, *GOES_WITH_MIXES, *STAYS):
            marks = dict(MARKS.get(key, {}))
            client.put_object(Bucket=BUCKET, Key=key, Body=KEPT, Metadata=marks)
        copy = client.put_object(Bucket=BUCKET, Key=COPY, Body=b"the copy is there")
        deletion = {
            "source": {
                "key": COPY,
                "etag": copy["ETag"],
                "size": 1,
                "last_modified": "x",
                "audio_hash": "0",
                "version_id": "v",
            },
            "survivor": {"stemId": "ann-1", "filepath": MINE},
            "survivor_etag": "x",
        }
        body = json.dumps(deletion).encode()
        client.put_object(Bucket=BUCKET, Key="dedupe/copy_17.json", Body=body)
        yield client


def run(tmp_path, *options, key=MINE):
    """Run the command, and return its result and what its calls needed."""
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(ROW.format(key), "utf-8")
    names = {}
    fakes = {"cloudformation": SimpleNamespace(describe_stacks=described)}
    with recording(names, **fakes) as needs:
        result = CliRunner().invoke(
            app, ["ops", "erase", str(manifest), "--stack", "flow", *options]
        )
    whole = {"flow": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/flow/1a2b"}
    return result, [
        Need(each.action, whole.get(each.resource, each.resource), each.context)
        for each in needs
    ]


def versions_of(s3, key):
    """Return every version and delete marker of a key."""
    answer = s3.list_object_versions(Bucket=BUCKET, Prefix=key)
    every = (*answer.get("Versions", []), *answer.get("DeleteMarkers", []))
    return [each for each in every if each["Key"] == key]


def test_the_command_erases_and_may_make_each_of_its_calls_and_no_other(s3, tmp_path):
    """A missing right stops an erasure half-way, and a right too many erases more."""
    policy = policy_of("operator-erase.json")

    tried, looks = run(tmp_path, "--dry-run", "--mixes")
    result, needs = run(tmp_path, "--mixes")

    assert (tried.exit_code, result.exit_code) == (0, 0), result.output
    assert {need for need in (*looks, *needs) if not allows(policy, need)} == set()
    held = {action for each in policy for action in listed(each["Action"])}
    assert held - {need.action for need in needs} == set()
    assert {"s3:DeleteObject", FOR_GOOD, "s3:PutObject"} <= {n.action for n in needs}
    assert not {"s3:DeleteObject", FOR_GOOD, "s3:PutObject"} & {n.action for n in looks}
    assert "ann-1: erased; 20" in result.output
    gone = [MINE, *(key for key in GOES if "ann-1" in key), *GOES_WITH_MIXES]
    assert [key for key in gone if versions_of(s3, key)] == []
    assert [key for key in STAYS if not versions_of(s3, key)] == []


def test_no_role_of_the_stack_and_no_operators_policy_erases_uploads():
    """Whoever breaks into a stage, the API or a console must not erase a recording."""
    everywhere = {"EnableApi": "true", "ApiTokenIssuer": "https://id.example.com/"}
    stack = Stack(load_template(), **everywhere)
    held = {(holder, action) for holder, action, *_ in rights(stack)}
    uploads = Need(FOR_GOOD, f"arn:aws:s3:::{BUCKET}/{MINE}")

    assert len({holder for holder, _ in held}) >= len({"hash", "api", "server"})
    assert [each for each in held if each[1] == FOR_GOOD] == []
    others = {
        path.name: policy_of(path.name)
        for path in (ROOT / "docs/policies").glob("*.json")
    }
    holders = [name for name, policy in others.items() if allows(policy, uploads)]
    assert holders == ["operator-erase.json"]


OTHERS = [
    (FOR_GOOD, f"s3:::other/{MINE}"),
    (FOR_GOOD, f"s3:::{BUCKET}/analysis/job-1.json"),
    ("s3:PutObject", f"s3:::{BUCKET}/{MINE}"),
    ("s3:PutObject", f"s3:::{BUCKET}/dedupe/ann-1_17.json"),
    ("s3:GetObjectVersion", f"s3:::{BUCKET}/{MINE}"),
    ("s3:BypassGovernanceRetention", f"s3:::{BUCKET}/{MINE}"),
]


@pytest.mark.parametrize(("action", "place"), OTHERS)
def test_an_erasure_reads_no_old_version_and_writes_nothing_else(action, place):
    """A right to erase must not become a right to read what was deleted."""
    policy = policy_of("operator-erase.json")

    assert not allows(policy, Need(action, f"arn:aws:{place}"))


def refuse(monkeypatch, operation, message="User: x is not authorized"):
    """Let S3 refuse one operation, as for an account without the right."""
    make = boto3.session.Session.client

    def client(session, *args, **kwargs):
        made = make(session, *args, **kwargs)

        def denied(**_params):
            answer = {"Error": {"Code": "AccessDenied", "Message": message}}
            answer["ResponseMetadata"] = {"HTTPStatusCode": 403, "HTTPHeaders": {}}
            raise ClientError(answer, operation)

        monkeypatch.setattr(made, operation, denied, raising=False)
        return made

    monkeypatch.setattr(boto3.session.Session, "client", client)


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("head_object", "look at a version of mixed/"),
        ("put_object", "write dedupe/erased/ann-1.json"),
        ("delete_object", f"delete {MINE}: AccessDenied: User: x is not authorized"),
    ],
)
def test_an_account_that_says_no_is_one_sentence(
    tmp_path, monkeypatch, operation, said
):
    """An operator must read which call was refused, and not that all is done."""
    refuse(monkeypatch, operation)

    result, _ = run(tmp_path, "--mixes")

    assert result.exit_code == 1
    assert f"S3 does not {said}" in str(result.exception)
    assert "erased;" not in result.output


LOCKS = {
    "an object lock until 2999-01-01": {
        "ObjectLockMode": "COMPLIANCE",
        "ObjectLockRetainUntilDate": "2999-01-01T00:00:00Z",
    },
    "a legal hold": {"ObjectLockLegalHoldStatus": "ON"},
}


@pytest.mark.parametrize("said", LOCKS)
def test_a_locked_version_is_named_and_the_rest_goes(s3, tmp_path, said):
    """A person must not be told that all is gone where a lock keeps the voice."""
    s3.put_object(Bucket=BUCKET, Key=MINE, Body=b"locked", **LOCKS[said])

    result, _ = run(tmp_path, "--mixes")

    assert result.exit_code == 1
    assert "ann-1: erased in part; 20" in result.output
    assert "; original 2, document 3" in result.output
    assert f"original stays: {said}" in result.output
    assert "0 of 1 lines done" in result.output
    assert len([v for v in versions_of(s3, MINE) if "Size" in v]) == 1
    assert versions_of(s3, "waveforms/ann-1_waveform_17.json") == []


def test_keys_are_taken_byte_for_byte(s3, tmp_path):
    """Hangul has two spellings, and `%20` and `+` are no spaces: each is a key."""
    composed, decomposed = (
        f"users/ann/{unicodedata.normalize(form, '노래')} + %20.wav"
        for form in ("NFC", "NFD")
    )
    for key in (composed, decomposed):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"voice")

    result, _ = run(tmp_path, key=composed)

    assert result.exit_code == 0, result.output
    assert versions_of(s3, composed) == []
    assert len(versions_of(s3, decomposed)) == 1
