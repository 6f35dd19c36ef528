"""Command `ops redraw`: a message to the queue that asks for what the options name."""

import json

import msgspec
import pytest
from click.testing import CliRunner
from waveflow.events.normalise import Entry, read_job
from waveflow_local.cli.app import app
from waveflow_local.ops.undo import Drawing, redraw

KEY = "audio/new.wav"


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_redrawing_is_a_message_to_the_queue(stack, dry_run):
    """A redrawn waveform must pass the queue and all checks like any message."""
    drawing = Drawing("ann", "t", "s", KEY, timestamp="2026-01-01T00:00:00Z")

    message = redraw(stack, drawing, dry_run=dry_run)

    url = stack.parts.queue_url
    got = stack.sqs.receive_message(QueueUrl=url).get("Messages", [])
    assert [json.loads(m["Body"]) for m in got] == ([] if dry_run else [message])
    assert message.pop("id").startswith("redraw-")
    assert message == {
        "task": "app.tasks.process_audio_analysis",
        "args": [],
        "kwargs": {
            "userId": "ann",
            "trackId": "t",
            "stemId": "s",
            "filepath": KEY,
            "timestamp": "2026-01-01T00:00:00Z",
        },
    }


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ([], {}),
        (["--zoom", "256,1024"], {"waveform": {"zoom_levels": [256, 1024]}}),
        (["--split-channels"], {"waveform": {"split_channels": True}}),
        (
            [
                *("--zoom", "256", "--split-channels", "--audio-id"),
                *("--preview", "opus", "--preview", "mp3", "--preview", "opus"),
            ],
            {
                "waveform": {"zoom_levels": [256], "split_channels": True},
                "previews": ["opus", "mp3"],
                "audio_id": True,
            },
        ),
    ],
)
def test_a_redrawing_asks_for_what_its_options_name(
    stack, monkeypatch, options, fields
):
    """An option that got lost on its way would be asked for again and again."""
    monkeypatch.setattr("waveflow_local.ops.stack.open_stack", lambda _name: stack)
    stem = ["s", "--user-id", "u", "--track-id", "t", "--filepath", "audio/a.wav"]

    result = CliRunner().invoke(app, ["ops", "redraw", *stem, *options])

    url = stack.parts.queue_url
    [got] = stack.sqs.receive_message(QueueUrl=url)["Messages"]
    record = {"messageId": "m", "sentTimestamp": "1", "body": json.loads(got["Body"])}
    job = read_job(Entry(record=record, start="2026-01-01T00:00:00Z", name="x"))
    asked = msgspec.to_builtins(job.message)
    given = {"task", "userId", "trackId", "stemId", "filepath"}
    assert result.exit_code == 0
    assert {name: asked[name] for name in asked.keys() - given} == fields


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        (["--zoom", "63"], "1 to 3 integers from 64 to 65,536"),
        (["--zoom", "256,1000"], "each a multiple of the one before"),
        (["--preview", "flac"], "'opus', 'mp3'"),
    ],
)
def test_a_redrawing_that_would_be_refused_is_not_sent(
    stack, monkeypatch, option, hint
):
    """An operator must read the mistake here, not in the server's log of failures."""
    monkeypatch.setattr("waveflow_local.ops.stack.open_stack", lambda _name: stack)
    stem = ["s", "--user-id", "u", "--track-id", "t", "--filepath", "audio/a.wav"]

    result = CliRunner().invoke(app, ["ops", "redraw", *stem, *option])

    url = stack.parts.queue_url
    assert hint in result.output
    assert result.exit_code != 0
    assert "Messages" not in stack.sqs.receive_message(QueueUrl=url)
