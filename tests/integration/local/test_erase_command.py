"""Erase stems of the running pipeline, and deliver their old messages again."""

import json
import time

from click.testing import CliRunner
from support.world import wav
from waveflow_local.cli.app import app

EVERYTHING = {
    "waveform": {"zoom_levels": [64, 256]},
    "previews": ["opus", "mp3"],
    "audio_id": True,
}


def erase(world, tmp_path, messages, *options):
    """Run the command for the stems of messages, and return its exit code and text."""
    lines = [
        {name: each[name] for name in ("userId", "stemId", "filepath", "timestamp")}
        for each in messages
    ]
    manifest = tmp_path / "gone.jsonl"
    manifest.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    ended = CliRunner(env={"AWS_ENDPOINT_URL": world.pipeline.endpoint}).invoke(
        app, ["ops", "erase", str(manifest), "--stack", "local", *options]
    )
    return ended.exit_code, ended.output


def compare(world, before, after, *, at):
    """Compare two versions through the machine."""
    message = {
        "task": "compare_mixes",
        "stageId": "stage-erase",
        "pairs": [{"before": before, "after": after}],
        "timestamp": f"2024-01-01T11:00:{at}Z",
    }
    assert world.run(message).status == "SUCCEEDED"


def everything_of(world, *texts):
    """Return every version whose key holds one of some texts, tombstones left out."""
    listed = world.s3.list_object_versions(Bucket=world.bucket)
    every = (*listed.get("Versions", []), *listed.get("DeleteMarkers", []))
    return [
        each["Key"]
        for each in every
        if any(text in each["Key"] for text in texts)
        and not each["Key"].startswith("dedupe/erased/")
    ]


def test_a_stem_and_its_mix_leave_nothing_and_old_messages_end_typed(world, tmp_path):
    """An erasure that looks elsewhere than the stages write would leave a voice."""
    mine, _ = world.upload(wav(0.3, seed=901), **EVERYTHING)
    other, _ = world.upload(wav(0.3, seed=902), **EVERYTHING)
    mix = {
        "stageId": "stage-erase",
        "stem_paths": [mine["filepath"], other["filepath"]],
        "timestamp": "2024-01-01T10:00:00Z",
        "previews": ["opus"],
        "waveform": {"zoom_levels": [64]},
    }
    world.run(mix)
    compare(world, mine["filepath"], other["filepath"], at="01")
    # Compared with itself, a mix is named by nobody but the comparison's marks.
    mixed = "mixed/stage-erase_mixed_1704103200000.wav"
    compare(world, mixed, mixed, at="02")
    kept = len(everything_of(world, other["stemId"]))

    code, said = erase(world, tmp_path, [mine], "--mixes")

    assert code == 0, said
    counts = "original 1, document 1, zoom file 2, preview 2, mix 4, comparison 2"
    assert counts in said
    assert everything_of(world, mine["stemId"], "stage-erase") == []
    assert len(everything_of(world, other["stemId"])) == kept
    assert world.run(mine).error == "OBJECT_NOT_FOUND"
    assert world.run(mix).error == "STEM_MISSING"
    assert world.told(mine["stemId"], "completion")[-1]["result"]["error_code"] == (
        "OBJECT_NOT_FOUND"
    )


def test_a_deleted_duplicate_is_erased_and_its_survivor_stays(world, tmp_path):
    """The hidden version of a duplicate is the copy that nobody sees."""
    body = wav(0.3, seed=903)
    older, _ = world.upload(body)
    time.sleep(1.05 - time.time() % 1)  # S3 tells the older copy by whole seconds
    newer, _ = world.upload(body, userId=older["userId"])
    assert world.told(newer["stemId"], "completion")[-1]["status"] == "DUPLICATE"

    refused, why = erase(world, tmp_path, [older])
    (tmp_path / "gone.jsonl.erase-journal").unlink()
    code, said = erase(world, tmp_path, [newer])

    assert (refused, code) == (1, 0)
    assert f"{newer['stemId']} was deleted as a duplicate of this upload" in why
    assert "original 1, deletion record 3" in said
    assert everything_of(world, newer["stemId"]) == []
    assert world.read(older["filepath"]) == body
    assert world.run(newer).error == "OBJECT_NOT_FOUND"
