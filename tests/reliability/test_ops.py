"""An operator can undo, run again and look, and try each of it first."""

import json
from datetime import timedelta

import boto3
import msgspec
import pytest
from moto import mock_aws
from support.machine import ARN, NOW, FakeMachine
from typer.testing import CliRunner
from waveflow.events.flow import Source
from waveflow.events.messages import Survivor
from waveflow.stages.records import Deletion
from waveflow_local import ops_stack
from waveflow_local.cli import app
from waveflow_local.ops_again import Choice, run_again
from waveflow_local.ops_health import health
from waveflow_local.ops_stack import Parts, Stack, parts_of
from waveflow_local.ops_undo import Drawing, redraw, restore
from waveflow_local.places import LocalError

BUCKET, KEY = "a-bucket", "audio/new.wav"
RECORD = "dedupe/new_17.json"


class Session:
    """A session of moto's AWS, with another machine."""

    def __init__(self, machine):
        self._machine = machine

    def client(self, service, **_options):
        """Return a client."""
        if service == "stepfunctions":
            return self._machine
        return boto3.client(service, region_name="us-east-1")


@pytest.fixture
def machine():
    """Return the fake machine."""
    return FakeMachine()


@pytest.fixture
def stack(machine):
    """Return a stack on moto's AWS."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        sqs = boto3.client("sqs", region_name="us-east-1")
        urls = [sqs.create_queue(QueueName=n)["QueueUrl"] for n in ("q", "dead")]
        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        value = json.dumps({"current": "whsec_" + "A" * 44, "previous": ""})
        arn = secrets.create_secret(Name="s", SecretString=value)["ARN"]
        parts = Parts(
            *(BUCKET, *urls, "machine", arn, "https://192.0.2.1/webhook"),
            name="flow",
            alias_arn="machine:live",
            pipe_name="pipe",
            allowed_prefixes=("audio/", "users/"),
            quarantine_days=30,
        )
        yield Stack(parts, Session(machine))


@pytest.fixture
def deleted(stack):
    """Delete an object as the stage does, and return its version."""
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
    """Return what a reader sees, or None."""
    try:
        return stack.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    except stack.s3.exceptions.NoSuchKey:
        return None


def test_a_deleted_duplicate_is_brought_back(stack, deleted):
    """Once; a second time it is already there."""
    [first] = restore(stack, "new", dry_run=False)
    [second] = restore(stack, "new", dry_run=False)

    assert (first.outcome, second.outcome) == ("restored", "already there")
    assert first.version_id == deleted
    assert body_of(stack) == b"bytes"


def test_what_was_brought_back_is_marked_as_kept(stack, deleted):
    """The message that deleted it may be delivered once more."""
    restore(stack, "new", dry_run=False)

    record = record_of(stack)
    assert (record["state"], record["reason"]) == ("kept", "RESTORED")
    assert record["source"]["version_id"] == deleted


def test_an_object_that_is_there_is_marked_as_kept_too(stack, deleted):
    """A deletion that was decided and never carried out must not come later."""
    stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"bytes")

    restore(stack, "new", dry_run=False)

    assert record_of(stack)["reason"] == "RESTORED"
    assert deleted


@pytest.mark.parametrize(
    "changed", [{"state": "intended"}, {"state": "kept", "reason": "DRAWN"}]
)
@pytest.mark.usefixtures("deleted")
def test_what_we_did_not_delete_is_not_brought_back(stack, changed):
    """The user deleted it, after an intention of ours came to nothing."""
    body = json.dumps(record_of(stack) | changed)
    stack.s3.put_object(Bucket=BUCKET, Key=RECORD, Body=body)

    with pytest.raises(LocalError, match="No deletion"):
        restore(stack, "new", dry_run=False)

    assert body_of(stack) is None


def test_a_dry_run_of_restore_changes_nothing(stack, deleted):
    """It names the version that would come back."""
    before = record_of(stack)

    [said] = restore(stack, "new", dry_run=True)

    assert (said.outcome, said.version_id) == ("would restore", deleted)
    assert body_of(stack) is None
    assert record_of(stack) == before


def test_a_new_upload_is_not_overwritten_by_a_restore(stack, deleted):
    """What the user has put there since is theirs."""
    stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"another")

    [said] = restore(stack, "new", dry_run=False)

    assert said.outcome == "already there"
    assert body_of(stack) == b"another"
    assert deleted


def test_a_version_past_its_quarantine_is_named(stack, deleted):
    """QuarantineDays are over: nothing can be done, and it is said."""
    stack.s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=deleted)

    [said] = restore(stack, "new", dry_run=False)

    assert said.outcome == "gone for good"


def test_a_stem_that_was_never_deleted_is_a_mistake(stack):
    """One line, and exit code 1."""
    with pytest.raises(LocalError, match="No deletion"):
        restore(stack, "nobody", dry_run=False)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_redrawing_is_a_message_to_the_queue(stack, dry_run):
    """It goes the way of every other message."""
    drawing = Drawing("ann", "t", "s", KEY, timestamp="2026-01-01T00:00:00Z")

    message = redraw(stack, drawing, dry_run=dry_run)

    url = stack.parts.queue_url
    got = stack.sqs.receive_message(QueueUrl=url).get("Messages", [])
    assert [json.loads(m["Body"]) for m in got] == ([] if dry_run else [message])
    assert message == {
        "task": "app.tasks.process_audio_analysis",
        "userId": "ann",
        "trackId": "t",
        "stemId": "s",
        "filepath": KEY,
        "timestamp": "2026-01-01T00:00:00Z",
    }


LONG_AGO = NOW - timedelta(days=30)


def test_failed_executions_are_resumed_or_started_anew(stack, machine):
    """Where a webhook failed, nothing is computed again; else all is repeatable."""
    done = run_again(stack, Choice(since=LONG_AGO), dry_run=False)

    assert machine.redriven == ["asking", "telling", "killed"]
    assert machine.started == ["told", "old", "late"]
    assert {e.arn: e.way for e in done}[ARN + "old"] == "start anew"
    assert all(e.done == "did" for e in done)


def test_a_second_redrive_starts_nothing_that_the_first_has_started(stack, machine):
    """The old execution stays FAILED for ever; the new one's name follows from it."""
    first = run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=False)
    listed = run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=True)
    again = run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=False)

    assert [e.arn for e in first] == [ARN + "told"]
    assert (listed, again) == ([], [])
    assert machine.started == ["told"]


def test_two_operators_at_once_start_one_execution(stack, machine):
    """Step Functions refuses the name that it knows."""
    machine.blind = True
    for _ in range(2):
        [done] = run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=False)

    assert machine.started == ["told"]
    assert done.done == "did"


def test_what_was_started_anew_and_failed_is_started_anew(stack, machine):
    """Each try has a name of its own, and no more than 80 characters."""
    for _ in range(3):
        run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=False)
        machine.fail_the_started("STORAGE_UNAVAILABLE")

    assert machine.started == ["told"] * 3
    assert max(len(arn.rpartition(":")[2]) for arn in machine.executions) <= 80


@pytest.mark.parametrize("choice", [Choice(), Choice(until=NOW)])
def test_a_redrive_of_everything_must_be_asked_for(stack, machine, choice):
    """A slip would start weeks of executions."""
    with pytest.raises(LocalError, match="--error or --since"):
        run_again(stack, choice, dry_run=False)

    assert (machine.started, machine.redriven) == ([], [])


@pytest.mark.parametrize(
    ("choice", "arns"),
    [
        (Choice(code="ABORTED"), ["stopped"]),
        (Choice(code="STORAGE_UNAVAILABLE"), ["told"]),
        (Choice(code="WEBHOOK_REJECTED"), ["telling", "old"]),
        (Choice(code="WEBHOOK_REJECTED", since=NOW - timedelta(days=1)), ["telling"]),
        (Choice(since=LONG_AGO, until=NOW - timedelta(days=1)), ["old", "late"]),
        (Choice(code="TIMED_OUT"), ["late"]),
        (Choice(undelivered=True), ["asking", "telling", "killed", "old"]),
        (Choice(code="INTERNAL_ERROR"), []),
    ],
)
def test_a_choice_is_by_code_and_time(stack, machine, choice, arns):
    """And a dry run only lists it."""
    listed = run_again(stack, choice, dry_run=True)

    assert [execution.arn for execution in listed] == [ARN + name for name in arns]
    assert (machine.redriven, machine.started) == ([], [])


def test_health_names_what_is_wrong(stack):
    """Every part is looked at, whatever the others say."""
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
    """A missing bucket is no traceback."""
    parts = Parts(
        **{**vars(stack.parts), "bucket": "nobody", "webhook_url": "http://x"}
    )

    found = {f.part: f.wrong for f in health(Stack(parts, stack._session))}

    assert found["bucket"] == "404"
    assert found["pipe"] == "NotFoundException"
    assert found["webhook host"] == "the URL is not https"


def test_a_stack_of_somebody_else_is_a_mistake():
    """Its outputs are not ours."""
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
    """What works as a function must work at the prompt."""
    monkeypatch.setattr(ops_stack, "open_stack", lambda _name: stack)

    result = CliRunner().invoke(app, ["ops", *arguments])

    assert said in result.output
    assert result.exit_code == (1 if said == "WRONG" else 0)
