"""Commands of the operator: restore and health, each with a dry run."""

import hashlib
import json

import msgspec
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from waveflow.events.flow import Source
from waveflow.events.messages import Survivor
from waveflow.stages._records import Deletion
from waveflow_local.cli.app import app
from waveflow_local.ops.health import health
from waveflow_local.ops.stack import Parts, Stack, parts_of
from waveflow_local.ops.undo import restore
from waveflow_local.paths import LocalError

BUCKET, KEY = "a-bucket", "audio/new.wav"
RECORD = "dedupe/new_17.json"


@pytest.fixture
def deleted(stack):
    """Delete an object as the stage does, and return the deleted version."""
    put = stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"bytes")
    record = Deletion(
        source=Source(
            key=KEY,
            etag=put["ETag"],
            size=5,
            last_modified="x",
            audio_hash="0",
            version_id=put["VersionId"],
        ),
        survivor=Survivor(stem_id="old", filepath="audio/old.wav"),
        survivor_etag="x",
    )
    for stem in ("new", "new_1"):
        body = msgspec.json.encode(record)
        stack.s3.put_object(Bucket=BUCKET, Key=f"dedupe/{stem}_17.json", Body=body)
    stack.s3.delete_object(Bucket=BUCKET, Key=KEY)
    return put["VersionId"]


def record_of(stack):
    """Return the record of the deletion."""
    return json.loads(stack.s3.get_object(Bucket=BUCKET, Key=RECORD)["Body"].read())


def body_of(stack):
    """Return the object's bytes as a reader sees them, or None."""
    try:
        return stack.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    except stack.s3.exceptions.NoSuchKey:
        return None


def test_a_deleted_duplicate_is_brought_back(stack, deleted):
    """A user gets a deleted file back; a second restore must change nothing."""
    [first] = restore(stack, "new", dry_run=False)
    [second] = restore(stack, "new", dry_run=False)

    assert (first.outcome, second.outcome) == ("restored", "already there")
    assert first.version_id == deleted
    assert body_of(stack) == b"bytes"


def test_what_was_brought_back_is_marked_as_kept(stack, deleted):
    """A message delivered once more must not delete the restored file again."""
    restore(stack, "new", dry_run=False)

    record = record_of(stack)
    assert (record["state"], record["reason"]) == ("kept", "RESTORED")
    assert record["source"]["version_id"] == deleted


def test_an_object_that_is_there_is_marked_as_kept_too(stack, deleted):
    """A deletion that was decided but not done must not happen after a restore."""
    stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"bytes")

    restore(stack, "new", dry_run=False)

    assert record_of(stack)["reason"] == "RESTORED"
    assert deleted


@pytest.mark.parametrize(
    "changed", [{"state": "intended"}, {"state": "kept", "reason": "DRAWN"}]
)
@pytest.mark.usefixtures("deleted")
def test_what_we_did_not_delete_is_not_brought_back(stack, changed):
    """A file that its user deleted must not come back through an operator."""
    body = json.dumps(record_of(stack) | changed)
    stack.s3.put_object(Bucket=BUCKET, Key=RECORD, Body=body)

    with pytest.raises(LocalError, match="No deletion"):
        restore(stack, "new", dry_run=False)

    assert body_of(stack) is None


def test_a_dry_run_of_restore_changes_nothing(stack, deleted):
    """An operator who only looks must see the version, and change nothing."""
    before = record_of(stack)

    [said] = restore(stack, "new", dry_run=True)

    assert (said.outcome, said.version_id) == ("would restore", deleted)
    assert body_of(stack) is None
    assert record_of(stack) == before


def test_a_new_upload_is_not_overwritten_by_a_restore(stack, deleted):
    """A restore over a newer upload would destroy the file that a user put there."""
    before = record_of(stack)
    stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"another")

    [said] = restore(stack, "new", dry_run=False)

    assert (said.outcome, said.failed) == ("other bytes", True)
    assert deleted in str(said)
    assert "--to KEY" in str(said)
    assert body_of(stack) == b"another"
    assert record_of(stack) == before


def test_an_upload_that_comes_during_the_restore_is_told(stack, deleted):
    """The copy is refused by S3: the operator must not read `restored`."""

    def late(**arguments):
        assert arguments["IfNoneMatch"] == "*"  # which moto does not look at
        stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"another")
        answer = {"Error": {"Code": "PreconditionFailed"}}
        raise ClientError(answer, "CopyObject")

    stack.s3.copy_object = late

    [said] = restore(stack, "new", dry_run=False)

    assert (said.outcome, said.failed) == ("other bytes", True)
    assert body_of(stack) == b"another"
    assert deleted


def test_a_version_is_put_under_another_key(stack, deleted):
    """The own key is in use: the operator chooses where the recording goes."""
    stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"another")
    before = record_of(stack)

    [tried] = restore(stack, "new", dry_run=True, to="audio/back.wav")
    [said] = restore(stack, "new", dry_run=False, to="audio/back.wav")

    read = stack.s3.get_object(Bucket=BUCKET, Key="audio/back.wav")["Body"].read()
    assert (tried.outcome, said.outcome) == ("would restore", "restored")
    assert (read, body_of(stack)) == (b"bytes", b"another")
    assert record_of(stack) == before
    assert deleted


def test_the_same_bytes_in_many_parts_are_already_there(stack, deleted):
    """Another ETag is no other content; the hash decides."""
    body = json.dumps(
        record_of(stack)
        | {
            "source": record_of(stack)["source"]
            | {"etag": '"parts-2"', "audio_hash": hashlib.sha256(b"bytes").hexdigest()}
        }
    )
    stack.s3.put_object(Bucket=BUCKET, Key=RECORD, Body=body)
    stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"bytes")

    [said] = restore(stack, "new", dry_run=False)

    assert (said.outcome, said.failed) == ("already there", False)
    assert deleted


def test_a_version_past_its_quarantine_is_named(stack, deleted):
    """QuarantineDays are over: nothing can be done, and nothing is marked."""
    before = record_of(stack)
    stack.s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=deleted)

    [said] = restore(stack, "new", dry_run=False)

    assert (said.outcome, said.failed) == ("gone for good", True)
    assert deleted in str(said)
    assert record_of(stack) == before


@pytest.mark.parametrize("gone", [True, False])
def test_a_restore_that_cannot_be_exits_with_one(stack, deleted, monkeypatch, gone):
    """A script that goes on after exit 0 would tell a musician what is not so."""
    monkeypatch.setattr("waveflow_local.ops.stack.open_stack", lambda _name: stack)
    if gone:
        stack.s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=deleted)
    else:
        stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"another")

    result = CliRunner().invoke(app, ["ops", "restore", "new"])

    assert result.exit_code == 1
    assert deleted in result.output


def test_a_stem_that_was_never_deleted_is_a_mistake(stack):
    """An operator who mistypes a stem gets one sentence, no traceback."""
    with pytest.raises(LocalError, match="No deletion"):
        restore(stack, "nobody", dry_run=False)


def test_health_names_what_is_wrong(stack):
    """A broken part must not keep an operator from seeing the other broken parts."""
    stack.s3.put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}
    )
    stack.sqs.send_message(QueueUrl=stack.parts.dead_letter_queue_url, MessageBody="x")
    stack.secrets.put_secret_value(SecretId=stack.parts.secret_arn, SecretString="[]")

    found = {finding.part: finding.wrong for finding in health(stack)}

    assert "versioning is not enabled" in found["bucket"]
    assert found["dead-letter queue"] == "1 messages are waiting"
    assert found["secret"] == "the secret is not a JSON object"
    assert "has an address inside" in found["webhook host"]
    assert (found["queue"], found["machine"]) == (None, None)


def test_health_names_a_part_that_is_not_there(stack):
    """An operator must read which part is missing, instead of a traceback."""
    parts = Parts(
        **{**vars(stack.parts), "bucket": "nobody", "webhook_url": "http://x"}
    )

    found = {f.part: f.wrong for f in health(Stack(parts, stack._session))}

    assert found["bucket"] == "404"
    assert found["pipe"] == "NotFoundException"
    assert found["webhook host"] == "the URL is not https"


def test_a_stack_of_somebody_else_is_a_mistake():
    """An operator who names a stack of another product gets one clear sentence."""
    with pytest.raises(LocalError, match="is it WaveFlow's"):
        parts_of({"Outputs": []})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["restore", "new", "--dry-run"], "would restore"),
        (["replay", "--dry-run"], "WEBHOOK_REJECTED"),
        (["redrive", "--error", "STORAGE_UNAVAILABLE", "--dry-run"], "start anew"),
        (["redrive", "--since", "2026-11-21T08:00:00", "--dry-run"], "resume"),
        (["health", "--dry-run"], "would look at the secret"),
        (["health", "--dry-run"], "would look at the pipe"),
        (["health"], "WRONG"),
        (
            [
                *("redraw", "s", "--user-id", "u", "--track-id", "t"),
                *("--filepath", "audio/a.wav", "--dry-run"),
            ],
            "would send",
        ),
    ],
)
@pytest.mark.usefixtures("deleted")
def test_every_command_is_offered(stack, monkeypatch, arguments, said):
    """An operation that works in Python must also work as a command of an operator."""
    monkeypatch.setattr("waveflow_local.ops.stack.open_stack", lambda _name: stack)

    result = CliRunner().invoke(app, ["ops", *arguments])

    assert said in result.output
    assert result.exit_code == (1 if said == "WRONG" else 0)
