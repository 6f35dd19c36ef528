"""Rights of the stages: each does its work, and is denied ten other calls."""

import hashlib

import msgspec
import pytest
from botocore.exceptions import ClientError
from support.account import BUCKET, NEW, OLD, enforced
from support.invocations import EVERYTHING
from support.policies import ROLES, WRITES
from support.records import START, record
from support.simulation.traffic import tiny_wav
from support.stack import listed
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.adapters.secrets import RotatingSecret
from waveflow.errors import (
    DedupeRefusedError,
    ObjectNotFoundError,
)
from waveflow.events.flow import (
    DedupeDeleteRequest,
    HashRequest,
    MusicRequest,
    WaveformRequest,
)
from waveflow.ports import Policy
from waveflow.stages.dedupe_delete import delete_duplicate
from waveflow.stages.hash import hash_object
from waveflow.stages.music import find_music
from waveflow.stages.waveform import draw_waveform

UPLOAD = {
    "task": "process_duplicate_file",
    "userId": "ann",
    "trackId": "t",
    "stemId": "new",
    "filepath": NEW,
    "audio_hash": hashlib.sha256(tiny_wav(1)).hexdigest(),
    "timestamp": "2026-01-01T00:00:00Z",
}
CLAIM = {"stemId": "old", "filepath": OLD}
POLICY = Policy(
    allowed_prefixes=("audio/", "users/"),
    max_file_bytes=1 << 20,
    dedupe_mode="delete",
    verdict_mode="callback",
)


@pytest.fixture
def as_stage(account):
    """Return a maker of S3 adapters that have a stage's rights only."""

    def make(stage):
        client = account.client(stage, "s3")
        return S3ObjectStore(client, BUCKET)

    return make


def run_hash(objects, **fields):
    """Run the stage `hash` on a message with some other fields."""
    request = HashRequest(record=record({**UPLOAD, **fields}), start=START, name="r")
    return hash_object(request, objects=objects, policy=POLICY)


def test_hash_does_its_work_with_its_rights(as_stage):
    """A missing right would show a missing upload as AccessDenied on AWS."""
    objects = as_stage("hash")

    with enforced():
        assert run_hash(objects).source.key == NEW
        with pytest.raises(ObjectNotFoundError):
            run_hash(objects, filepath="audio/missing.wav")


def test_dedupe_delete_does_its_work_with_its_rights(as_stage):
    """A right that dedupe_delete lacks would fail on AWS only, in a user's job."""
    before = run_hash(as_stage("hash"))
    objects = as_stage("dedupe_delete")
    known = {"job": before.job, "source": before.source}
    source = msgspec.structs.replace(before.source, last_modified="9")
    request = DedupeDeleteRequest(job=before.job, source=source, duplicate_of=CLAIM)

    with enforced():
        with pytest.raises(DedupeRefusedError):
            delete_duplicate(
                DedupeDeleteRequest(**known), objects=objects, policy=POLICY
            )
        for _ in range(2):
            done = delete_duplicate(request, objects=objects, policy=POLICY)
            assert done.status == "DUPLICATE"


def test_dedupe_delete_undoes_a_deletion_with_its_rights(account):
    """The survivor goes with the delete: a missing right would leave no live copy."""
    client = account.client("dedupe_delete", "s3", copies=True)
    objects = S3ObjectStore(client, BUCKET)
    before = run_hash(objects)
    source = msgspec.structs.replace(before.source, last_modified="9")
    request = DedupeDeleteRequest(job=before.job, source=source, duplicate_of=CLAIM)
    delete = objects.delete

    def both(key, *, etag):
        delete(key, etag=etag)
        delete(OLD, etag=objects.find(OLD).etag)

    objects.delete = both
    with enforced(), pytest.raises(DedupeRefusedError, match="SURVIVOR_LOST"):
        delete_duplicate(request, objects=objects, policy=POLICY)

    assert objects.find(NEW).size == before.source.size


def test_waveform_does_its_work_with_its_rights(as_stage):
    """A second drawing reads the first document, and needs the right to do that."""
    asking = {"task": "generate_hash_and_webhook", "original_filename": "x.wav"}
    before = run_hash(as_stage("hash"), **asking, **EVERYTHING)
    objects = as_stage("waveform")
    request = WaveformRequest(job=before.job, source=before.source)

    with enforced():
        for _ in range(2):
            outcome = draw_waveform(request, objects=objects, policy=POLICY)
            assert outcome.status == "SUCCESS"
            assert outcome.result.warnings == []  # no right is missing for an option
            assert len(outcome.result.zoom_levels) == 2


def test_music_does_its_work_with_its_rights(as_stage):
    """The stage `music` must work with a role that can read uploads alone."""
    before = run_hash(as_stage("hash"))
    objects = as_stage("music")
    request = MusicRequest(job=before.job, source=before.source)

    with enforced():
        assert find_music(request, objects=objects, policy=POLICY).tempo is not None


def test_notify_reads_its_secret_with_its_rights(account):
    """Only notify may read the webhook's secret and close tokens of the machine."""
    secrets = RotatingSecret(account.client("notify", "secretsmanager"), account.secret)

    with enforced():
        assert secrets() == ("whsec_AAAA",)
    allowed = {
        action: each["Resource"]
        for each in account.policies.statements("notify")
        for action in listed(each["Action"])
    }
    resolve = account.policies.template.resolve
    assert allowed["secretsmanager:GetSecretValue"] == resolve({"Ref": "WebhookSecret"})
    assert allowed["states:SendTaskSuccess"] == resolve({"Ref": "Machine"})


def forbidden(stage):
    """Return the calls that must be denied to a stage."""
    here = {"Bucket": BUCKET}
    calls = {
        "another bucket": ("get_object", {"Bucket": "another", "Key": "audio/x"}),
        "a private key": ("get_object", {**here, "Key": "private/x"}),
        "a version's end": (
            "delete_object",
            {**here, "Key": NEW, "VersionId": "v", "IfMatch": "x"},
        ),
        "a write to an upload": ("put_object", {**here, "Key": NEW, "Body": b""}),
        "a write elsewhere": ("put_object", {**here, "Key": "x", "Body": b""}),
        "an ACL": ("put_object_acl", {**here, "Key": NEW, "ACL": "public-read"}),
        "tags": (
            "put_object_tagging",
            {**here, "Key": NEW, "Tagging": {"TagSet": []}},
        ),
        "the bucket's policy": ("get_bucket_policy", here),
        "another policy": ("put_bucket_policy", {**here, "Policy": "{}"}),
        "versioning": (
            "put_bucket_versioning",
            {**here, "VersioningConfiguration": {"Status": "Suspended"}},
        ),
        "the bucket's end": ("delete_bucket", here),
        "a private key's end": ("delete_object", {**here, "Key": "private/x"}),
        "all versions": ("list_object_versions", here),
    }
    if stage != "dedupe_delete":
        calls["an upload's end"] = ("delete_object", {**here, "Key": NEW})
    outputs = {"waveforms/", "mixed/", "previews/", "comparisons/", "dedupe/"}
    for prefix in outputs - set(WRITES[stage]):
        calls[prefix] = ("put_object", {**here, "Key": f"{prefix}x", "Body": b""})
    return calls


@pytest.mark.parametrize("stage", ROLES)
def test_ten_other_calls_are_denied(account, stage):
    """A stage that is taken over must not read, write or delete beyond its work."""
    client = account.client(stage, "s3")
    calls = forbidden(stage)
    answers = {}

    with enforced():
        for name, (method, arguments) in calls.items():
            try:
                getattr(client, method)(**arguments)
                answers[name] = "allowed"
            except ClientError as exc:
                answers[name] = exc.response["Error"]["Code"]

    assert len(calls) >= 10
    assert {n: a for n, a in answers.items() if a != "AccessDenied"} == {}


@pytest.mark.parametrize("stage", [stage for stage in ROLES if stage != "notify"])
def test_only_notify_reads_the_secret(account, stage):
    """A decoder that an upload has taken over must not sign webhooks."""
    client = account.client(stage, "secretsmanager")

    with (
        enforced(),
        pytest.raises(ClientError, match=r"denied|not authorized"),
    ):
        client.get_secret_value(SecretId=account.secret)
