"""`VerdictMode: message`: a server written to the first document still works."""

import json

import pytest
from support.node import ROOT, compiled
from support.platform import USER, Platform
from support.processes import eventually
from support.world import wav

SERVER = ROOT / "examples" / "seed-002-server"


@pytest.fixture(scope="module")
def platform(nestjs_app, tmp_path_factory):
    """Return WaveFlow with the old server, which answers by the next message."""
    app = compiled(SERVER, within=nestjs_app)
    folder = tmp_path_factory.mktemp("seed-002")
    with Platform(app, folder, "--verdict-mode", "message") as running:
        yield running


def complete(platform, stem_id):
    """Tell the server that a file has arrived, as its browser does."""
    platform.post(
        "/upload-complete",
        userId=USER,
        trackId="track1",
        stemId=stem_id,
        filepath=f"users/{USER}/{stem_id}.wav",
        original_filename="take.wav",
    )


@pytest.fixture
def process(platform):
    """Return a function that uploads a file and returns the new completion."""

    def process(stem_id, content):
        key = f"users/{USER}/{stem_id}.wav"
        platform.s3.put_object(Bucket=platform.bucket, Key=key, Body=content)
        before = len(platform.recorder.seen("completion", stemId=stem_id))
        complete(platform, stem_id)
        told = eventually(
            lambda: platform.recorder.seen("completion", stemId=stem_id)[before:],
            otherwise=lambda: platform.waveflow.output,
        )
        platform.idle()
        return told[0].payload

    return process


def test_a_new_file_is_drawn_after_the_servers_next_message(platform, process):
    """An old server answers with a second message, and its upload must be drawn."""
    told = process("first", wav(seed=31))

    asked = platform.recorder.seen("hash-check", stemId="first")
    [row] = [row for row in platform.get("/stems") if row["stemId"] == "first"]
    assert [one.status for one in asked] == [201]
    assert told["status"] == "SUCCESS"
    assert told["task_id"].startswith("analysis-first-")
    assert row["status"] == "completed"
    assert row["waveformDataPath"] == told["audio_wave_path"]
    assert len(platform.executions("SUCCEEDED")) == 2


def test_a_second_copy_stays_because_no_survivor_is_named(platform, process):
    """An old server names no survivor, so its user's second copy must stay."""
    content = wav(seed=32)
    process("kept", content)

    told = process("copy", content)

    assert told["status"] == "SUCCESS"
    assert told["result"]["dedupe"] == {"refused": "NO_SURVIVOR"}
    assert platform.read(f"users/{USER}/copy.wav") == content


def test_a_file_called_a_duplicate_of_itself_stays(platform, process):
    """An old server finds a repeated stem as its own duplicate, which must stay."""
    content = wav(seed=33)
    process("self", content)

    complete(platform, "self")
    eventually(
        lambda: (
            len(platform.recorder.seen("hash-check", stemId="self")) == 2
            and len(platform.recorder.seen("completion", stemId="self")) == 2
        )
    )

    assert platform.read(f"users/{USER}/self.wav") == content


def test_its_lock_holds_nothing_that_the_nestjs_example_lacks():
    """Tests run the old server with the other example's packages: both must match."""
    locks = [SERVER, SERVER.parent / "nestjs"]
    own, other = (
        {
            name: package["version"]
            for name, package in json.loads(
                (folder / "package-lock.json").read_text("utf-8")
            )["packages"].items()
            if name
        }
        for folder in locks
    )

    assert own.items() <= other.items()
