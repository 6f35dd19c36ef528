"""Files on their way through a real server: rows, objects and payloads."""

import hashlib
import io
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import requests
import soundfile
from support.platform import USER, next_second
from support.processes import eventually
from support.world import wav

QUESTION = {
    *("stemId", "userId", "trackId", "filepath", "audio_hash", "timestamp"),
    *("original_filename", "status", "task_token", "task_id", "execution_arn"),
    "file_size",
}
COMPLETION = {
    *("stemId", "status", "timestamp", "task_id", "userId", "trackId", "upstreamId"),
    *("original_filename", "processing_time", "audio_wave_path", "result"),
}
SUCCESS = {
    *("audio_data_hash", "waveform_data_path", "file_size", "duration", "sample_rate"),
    *("num_peaks", "channels", "format", "peak", "warnings"),
    *("zoom_levels", "previews", "audio_id"),
}
FAILURE = {"error", "error_code", "error_message", "stage", "retryable"}
DUPLICATE = {
    *("error", "error_code", "error_message", "duplicate_of", "audio_data_hash"),
}
MIXED = {
    *("stageId", "status", "mixed_file_path", "waveform_data_path", "upstreamId"),
    *("stem_count", "stem_paths", "task_id", "duration", "sample_rate", "channels"),
    *("warnings", "zoom_levels", "previews", "audio_id"),
}


def told(platform, stem):
    """Return the one completion of a stem, which may have been delivered twice."""
    passed = eventually(
        lambda: platform.recorder.seen("completion", stemId=stem["stemId"])
    )
    assert {one.status for one in passed} == {200}
    assert len({one.headers["webhook-id"] for one in passed}) == 1
    return passed[0].payload


def test_a_new_file_is_drawn(platform):
    """A server's team relies on every field of question, completion and row."""
    content = wav(seed=1)

    stem = platform.process(content, track="new", name="노래 1.wav")

    digest = hashlib.sha256(content).hexdigest()
    [asked] = platform.recorder.seen("hash-check", stemId=stem["stemId"])
    assert asked.payload.keys() == QUESTION
    assert asked.payload["audio_hash"] == digest
    assert asked.payload["task_id"] == stem["taskId"]
    payload = told(platform, stem)
    assert payload.keys() == COMPLETION
    assert payload["result"].keys() == SUCCESS
    assert payload["original_filename"] == "노래 1.wav"
    assert payload["audio_wave_path"] == payload["result"]["waveform_data_path"]
    row = platform.row(stem["stemId"])
    assert (row["state"], row["audioHash"], row["fileSize"]) == (
        *("completed", digest, len(content)),
    )
    assert re.fullmatch(
        rf"waveforms/{stem['stemId']}_waveform_\d{{13}}\.json", row["waveformDataPath"]
    )


def test_the_same_file_under_another_stem_is_deleted(platform):
    """A user's second copy is deleted, and must leave the record of a way back."""
    content = wav(seed=3)
    first = platform.process(content, track="copies")

    second = platform.process(content, track="copies")

    assert second["state"] == "duplicate"
    assert second["duplicateOf"] == first["stemId"]
    assert platform.read(first["filepath"]) == content
    assert second["filepath"] not in platform.keys("users/")
    payload = told(platform, second)
    assert payload["status"] == "DUPLICATE"
    assert payload["result"].keys() == DUPLICATE
    assert payload["result"]["duplicate_of"] == {
        "stemId": first["stemId"],
        "filepath": first["filepath"],
    }
    [record] = platform.keys(f"dedupe/{second['stemId']}_")
    assert json.loads(platform.read(record))["source"]["key"] == second["filepath"]


def test_the_same_message_twice_changes_nothing(platform):
    """A message delivered twice must change neither the server's row nor the bucket."""
    stem = platform.upload(wav(seed=4), track="twice")
    platform.complete(stem)
    platform.complete(stem)
    row = platform.settled(stem)

    platform.complete(stem)
    platform.idle()

    told(platform, stem)
    assert platform.settled(stem) == row
    keys = [
        version["Key"]
        for folder in ("waveforms", "previews")
        for version in platform.s3.list_object_versions(
            Bucket=platform.bucket, Prefix=f"{folder}/{stem['stemId']}"
        )["Versions"]
    ]
    assert len(keys) == len(set(keys)) == 1 + 3 + 2


def test_a_deleted_duplicate_stays_one_when_asked_again(platform):
    """A browser that repeats its last call must not turn a duplicate into an error."""
    content = wav(seed=5)
    platform.process(content, track="again")
    copy = platform.process(content, track="again")

    answer = platform.complete(copy)
    platform.idle()

    assert answer["state"] == "duplicate"
    assert platform.settled(copy) == copy


def test_of_twins_at_once_at_least_one_stays(platform):
    """Twins that name each other would take a user's only copy with them."""
    content = wav(seed=6)
    twins = [platform.upload(content, track="twins") for _ in range(4)]

    with ThreadPoolExecutor(len(twins)) as pool:
        list(pool.map(platform.complete, twins))
    rows = [platform.settled(twin) for twin in twins]

    kept = [row for row in rows if row["state"] == "completed"]
    gone = [row for row in rows if row["state"] == "duplicate"]
    keys = platform.keys(f"users/{USER}/twins/")
    assert len(kept) + len(gone) == len(twins)
    assert kept
    assert sorted(keys) == sorted(row["filepath"] for row in kept)
    assert {row["duplicateOf"] for row in gone} <= {row["stemId"] for row in kept}


def test_a_file_that_is_no_audio_is_told_and_kept(platform):
    """A musician must learn why a file is refused, and the file must stay."""
    stem = platform.process(b"RIFF, but no wave" * 9, track="broken")

    payload = told(platform, stem)
    assert payload["status"] == "FAILURE"
    assert payload["result"].keys() == FAILURE
    assert payload["audio_wave_path"] is None
    assert stem["state"] == "error"
    assert stem["errorCode"] == payload["result"]["error_code"] == "UNSUPPORTED_MEDIA"
    assert stem["filepath"] in platform.keys("users/")


def test_a_broken_file_may_be_replaced(platform):
    """A musician who replaces a broken file must get results of the new file."""
    stem = platform.process(b"nothing", track="replaced")

    platform.upload(wav(seed=7), track="replaced", stemId=stem["stemId"])
    platform.complete(stem)
    row = platform.settled(stem)

    assert row["state"] == "completed"
    assert row["taskId"] != stem["taskId"]
    assert row["errorCode"] is None


def test_a_replaced_original_leaves_the_bytes_of_its_deleted_copy(platform):
    """A user who replaces the original must not lose the bytes of a deleted copy."""
    content = wav(seed=12)
    kept = platform.process(content, track="kept")
    deleted = platform.process(content, track="kept")

    platform.upload(wav(seed=13), track="kept", stemId=kept["stemId"])
    platform.complete(kept)
    replaced = platform.settled(kept)

    assert (deleted["state"], replaced["state"]) == ("duplicate", "completed")
    assert replaced["filepath"] != kept["filepath"]
    assert replaced["audioHash"] != kept["audioHash"]
    assert platform.read(deleted["duplicateOfPath"]) == content


def test_stems_are_mixed(platform):
    """A mix must name its stems byte for byte and in order, and must play."""
    stems = [platform.process(wav(seed=n), track="mix") for n in (8, 9)]
    wanted = [stem["stemId"] for stem in reversed(stems)]

    mix = platform.post("/mixes", userId=USER, stageId="stage1", stemIds=wanted)
    row = eventually(
        lambda: (
            (one := platform.get(f"/mixes/{mix['taskId']}?userId={USER}"))["state"]
            != "queued"
            and one
        )
    )

    [passed] = eventually(
        lambda: platform.recorder.seen("mixing-complete", task_id=mix["taskId"])
    )
    assert passed.payload.keys() >= MIXED
    assert passed.payload["stem_paths"] == [s["filepath"] for s in reversed(stems)]
    assert row["state"] == "completed"
    assert row["waveformDataPath"].startswith("waveforms/stage1_mixed_waveform_")
    media = platform.get(f"/mixes/{mix['taskId']}/media?userId={USER}")
    assert [one["samplesPerPixel"] for one in media["zoomLevels"]] == [256, 1024, 4096]
    assert media["previews"].keys() == {"opus", "mp3"}
    answer = requests.get(media["audio"], timeout=20)
    frames, sample_rate = soundfile.read(io.BytesIO(answer.content))
    assert (frames.ndim, sample_rate) == (1, 8000)
    assert abs(frames).max() <= 0.95


def test_the_walk_of_the_readme_ends_in_a_waveform_and_a_duplicate(
    platform, nestjs_app, tmp_path
):
    """A reader who runs the README's walk must see what the README prints."""
    (tmp_path / "song.wav").write_bytes(wav(1, seed=10))
    command = ["node", "walk.mjs", str(tmp_path / "song.wav"), platform.url]

    def walk():
        next_second()
        return subprocess.run(
            command, cwd=nestjs_app, capture_output=True, text=True, check=True
        ).stdout.splitlines()

    first, second = walk(), walk()

    assert first[2] == "3. completed"
    assert first[3].startswith("4. 1024 peaks of 1 s, the first: ")
    assert first[4].startswith("5. samples per pixel: 256 (")
    assert re.fullmatch(r"6. previews: opus \(\d+ bytes\), mp3 \(\d+ bytes\)", first[5])
    assert re.fullmatch(r"7. pcm1:[0-9a-f]{64}", first[6])
    assert first[7].startswith("8. mix of 1: -14 LUFS, -")
    assert second[2].startswith("3. duplicate ")
    assert len(second) == 3
