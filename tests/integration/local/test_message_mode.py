"""Walk the paths of a server that answers by the next message."""

import contextlib
import io
import json

import numpy as np
import pytest
import soundfile
from support.processes import eventually
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.standin.server import StandIn


@pytest.fixture(name="system", scope="module")
def _system():
    """Run the real machine with a server written to seed 002."""
    with contextlib.redirect_stdout(io.StringIO()), StandIn(mode="message") as standin:
        settings = Settings(
            webhook_url=standin.url, parameters={"VerdictMode": "message"}
        )
        with Pipeline(settings) as pipeline:
            pipeline.warm()
            standin.answers.clients = pipeline.clients
            standin.answers.queue_url = pipeline.deployment.queue_url
            yield pipeline, standin


def upload(pipeline: Pipeline, stem: str, content: bytes) -> None:
    """Upload a file and send its message."""
    key = f"audio/{stem}.wav"
    pipeline.clients.s3.put_object(
        Bucket=pipeline.deployment.bucket, Key=key, Body=content
    )
    message = {
        "userId": "u",
        "trackId": "t",
        "stemId": stem,
        "filepath": key,
        "timestamp": "2026-11-21T00:00:00Z",
        "original_filename": f"{stem}.wav",
    }
    pipeline.send(json.dumps(message))


def tone(seed: int) -> bytes:
    """Return a short WAV whose bytes are new with every seed."""
    file = io.BytesIO()
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, 4000)
    soundfile.write(file, noise, 8000, format="WAV")
    return file.getvalue()


def completed(standin: StandIn, stem: str) -> dict:
    """Wait for a stem's completion and return it."""
    received = eventually(lambda: standin.archive.about(stem, "completion"))
    return received[0].body


def test_a_new_stem_is_drawn_by_the_second_message(system):
    """The first execution ends after its webhook; the next message is the verdict."""
    pipeline, standin = system

    upload(pipeline, "new", tone(1))

    assert completed(standin, "new")["status"] == "SUCCESS"


def test_a_duplicate_is_deleted_by_the_second_message(system):
    """A duplicate by message must be deleted under the same guards as by token."""
    pipeline, standin = system
    upload(pipeline, "first", tone(2))
    completed(standin, "first")

    upload(pipeline, "second", tone(2))

    told = completed(standin, "second")
    assert told["status"] == "DUPLICATE"
    assert told["result"]["duplicate_of"]["stemId"] == "first"


def test_no_execution_waits(system):
    """A server without tokens answers nobody, so no execution may wait for a token."""
    pipeline, standin = system
    upload(pipeline, "third", tone(3))
    completed(standin, "third")

    def running():
        return pipeline.clients.sfn.list_executions(
            stateMachineArn=pipeline.deployment.machine_arn, statusFilter="RUNNING"
        )["executions"]

    eventually(lambda: not running())
    assert running() == []
