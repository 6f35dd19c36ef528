"""Crashes, forgeries and wrong settings: no upload is lost, no forgery believed."""

import json
import uuid
from dataclasses import replace

import pytest
import requests
from support.platform import NEXT_SECRET, USER
from support.processes import eventually
from support.recorder import Passed
from support.world import wav


def deliver(platform, passed, headers):
    """Send a delivery directly to the server, without WaveFlow."""
    url = f"{platform.url}{passed.path}"
    return requests.post(url, data=passed.body, headers=headers, timeout=20)


@pytest.fixture
def claim(platform):
    """Return an unsent delivery that would turn a queued stem into an error."""
    stem = platform.upload(b"-", track="claims")
    away = platform.aws.blocked("SendMessage", how="refusing")
    with away, pytest.raises(requests.HTTPError, match="503"):
        platform.complete(stem)
    payload = {
        "stemId": stem["stemId"],
        "status": "FAILURE",
        "task_id": platform.row(stem["stemId"])["taskId"],
        "result": {
            "error": "Corrupt audio",
            "error_code": "CORRUPT_AUDIO",
            "error_message": "The file is broken.",
            "stage": "waveform",
            "retryable": False,
        },
    }
    headers = {
        "webhook-id": f"msg_{uuid.uuid4().hex}",
        "content-type": "application/json",
    }
    return Passed("/webhook/completion", headers, json.dumps(payload).encode(), 0)


@pytest.fixture
def secret(platform):
    """Return the secret that WaveFlow signs with."""
    return platform.env["WEBHOOK_SECRET"]


def state_of(platform, passed):
    """Return the database's state of a delivery's stem."""
    return platform.row(passed.payload["stemId"])["state"]


def test_a_signed_delivery_is_believed(platform, claim, secret):
    """A right delivery must pass, or the forgeries below prove nothing."""
    answer = deliver(platform, claim, claim.signed(secret))

    assert (answer.status_code, state_of(platform, claim)) == (200, "error")


def test_a_result_of_a_foreign_request_is_ignored(platform, claim, secret):
    """A result of another request must not change a user's stem."""
    foreign = replace(
        claim, body=json.dumps({**claim.payload, "task_id": "foreign"}).encode()
    )

    answer = deliver(platform, foreign, foreign.signed(secret))

    assert (answer.status_code, answer.json()["message"]) == (200, "ignored")
    assert state_of(platform, claim) == "queued"


def test_a_tampered_body_is_refused(platform, claim, secret):
    """An attacker on the way can change a body, but cannot sign the change."""
    tampered = replace(claim, body=claim.body.replace(b"CORRUPT", b"CHANGED"))

    answer = deliver(platform, tampered, claim.signed(secret))

    assert answer.status_code == 401
    assert "No matching signature" in answer.json()["message"]
    assert state_of(platform, claim) == "queued"


def test_an_old_delivery_is_refused(platform, claim, secret):
    """An attacker's recorded delivery must be refused after five minutes."""
    answer = deliver(platform, claim, claim.signed(secret, age_s=301))

    assert answer.status_code == 401
    assert "too old" in answer.json()["message"]
    assert state_of(platform, claim) == "queued"


def test_a_mistyped_field_is_refused_by_name(platform, claim, secret):
    """A signed body that breaks the contract must not reach the database."""
    payload = {**claim.payload, "status": "DONE", "task_id": 7}
    mistyped = replace(claim, body=json.dumps(payload).encode())

    answer = deliver(platform, mistyped, mistyped.signed(secret))

    assert answer.status_code == 400
    assert {line.split()[0] for line in answer.json()["message"]} >= {
        "status",
        "task_id",
    }
    assert state_of(platform, claim) == "queued"


def test_a_replayed_question_is_refused(platform):
    """An attacker's repeated question is signed well, and must fail by its id."""
    stem = platform.process(wav(seed=20), track="replayed")
    [asked] = platform.recorder.seen("hash-check", stemId=stem["stemId"])

    answer = deliver(platform, asked, asked.headers)

    assert answer.status_code == 401
    assert "already" in answer.json()["message"]
    assert platform.settled(stem) == stem


def test_a_late_answer_is_settled(platform, secret):
    """A second answer to Step Functions is refused, and must not change the stem."""
    stem = platform.process(wav(seed=21), track="late")
    [asked] = platform.recorder.seen("hash-check", stemId=stem["stemId"])
    again = replace(asked, headers={**asked.headers, "webhook-id": uuid.uuid4().hex})

    answer = deliver(platform, again, again.signed(secret))

    assert (answer.status_code, answer.json()["message"]) == (200, "settled")
    assert platform.settled(stem) == stem


def test_either_secret_works_while_it_is_rotated(platform, claim):
    """The server must accept the next secret before WaveFlow signs with that secret."""
    drawn = platform.process(wav(seed=22), track="rotated")

    answer = deliver(platform, claim, claim.signed(NEXT_SECRET))

    assert drawn["state"] == "completed"
    assert (answer.status_code, state_of(platform, claim)) == (200, "error")


def test_a_question_that_is_not_believed_loses_nothing(platform):
    """A question that the server refuses must not lose the upload; a repeat heals."""
    stem = platform.upload(wav(seed=23), track="unbelieved")
    with platform.recorder.changing(webhook_signature="v1,AAAA"):
        row = platform.complete(stem)
        [asked] = eventually(
            lambda: platform.recorder.seen("hash-check", stemId=stem["stemId"])
        )
        platform.idle()

    assert asked.status == 401
    assert platform.status_of(asked) == "FAILED"
    assert platform.row(stem["stemId"])["state"] == "queued"
    assert stem["filepath"] in platform.keys("users/")

    assert platform.complete(stem)["taskId"] == row["taskId"]
    assert platform.settled(stem)["state"] == "completed"


def test_a_stem_that_the_server_does_not_know_is_404(platform):
    """A message about an unknown stem must end alone, and stop neither server."""
    key = f"users/{USER}/foreign.wav"
    platform.s3.put_object(Bucket=platform.bucket, Key=key, Body=wav(seed=24))
    names = ("userId", "trackId", "stemId", "filepath", "timestamp")
    values = (USER, "foreign", "foreign", key, "2024-01-01T10:00:00Z")
    fields = dict(zip(names, values, strict=True), original_filename="foreign.wav")
    body = json.dumps({"task": "generate_hash_and_webhook", **fields})

    platform.sqs.send_message(QueueUrl=platform.env["SQS_QUEUE_URL"], MessageBody=body)
    [asked] = eventually(lambda: platform.recorder.seen("hash-check", stemId="foreign"))
    platform.idle()

    assert asked.status == 404
    assert platform.status_of(asked) == "FAILED"
    assert key in platform.keys("users/")
    assert "No stem foreign is known here" in platform.server.output
    assert platform.get(f"/stems?userId={USER}&trackId=foreign") == []


def test_a_server_killed_between_row_and_answer_answers_the_same(platform):
    """A server that crashes between row and answer must give the same answer later."""
    content = wav(seed=25)
    first = platform.process(content, track="killed")
    with platform.aws.blocked("SendTaskSuccess", how="silent"):
        second = platform.upload(content, track="killed")
        platform.complete(second)
        eventually(lambda: platform.row(second["stemId"])["state"] == "processing")
        platform.server.kill()

    platform.start_server()
    row = platform.settled(second)

    asked = platform.recorder.seen("hash-check", stemId=second["stemId"])
    tokens = {one.payload["task_token"] for one in asked}
    assert len(asked) == len(tokens) > 1
    assert (row["state"], row["duplicateOf"]) == ("duplicate", first["stemId"])
    assert platform.read(first["filepath"]) == content


def test_a_queue_that_is_away_loses_no_upload(platform):
    """An upload must survive a queue that is away: the same call sends it later."""
    stem = platform.upload(wav(seed=26), track="queue")

    away = platform.aws.blocked("SendMessage", how="refusing")
    with away, pytest.raises(requests.HTTPError, match="503"):
        platform.complete(stem)

    assert platform.row(stem["stemId"])["state"] == "queued"
    platform.complete(stem)
    assert platform.settled(stem)["state"] == "completed"


def test_no_token_is_in_any_log(platform):
    """A reader of logs who found a token could have a file deleted."""
    platform.process(wav(seed=27), track="tokens")
    asked = platform.recorder.seen("hash-check")

    logs = [platform.server.output, platform.waveflow.output]
    logs += [path.read_text() for path in platform.folder.rglob("*.log")]

    assert asked
    for one in asked:
        assert not any(one.payload["task_token"] in log for log in logs)
