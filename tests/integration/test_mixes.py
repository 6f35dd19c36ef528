"""Mixes through the real machine: every stem, or none, and one request for a time."""

import hashlib
import io
import json

import numpy as np
import pytest
import rfc8785
import soundfile
from support.world import ended, names, wav
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow.stages._used import used_metadata


def mix_of(world, stage, bodies, **fields):
    """Upload stems, send a mix message, and return its execution."""
    paths = [f"audio/{stage}-{index}.wav" for index in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        if body is not None:
            world.put(path, body)
    return paths, world.run({"stageId": stage, "stem_paths": paths, **fields})


def test_a_mix_sums_every_stem_and_is_told(world, tmp_path):
    """A user's mix must equal the ten lines of seed 001 within one step of 16 bits."""
    stems = [wav(0.5, seed=20), wav(0.3, seed=21), wav(0.7, seed=22)]
    message = {"timestamp": "2024-01-01T10:00:00Z", "upstreamId": "up-1"}

    paths, seen = mix_of(world, "stage-mix", stems, **message)

    told = ended(world, "stage-mix", "mixing-complete")
    assert (seen.status, names(seen)) == ("SUCCEEDED", ["Route", "Mix", "Tell"])
    assert told["mixed_file_path"] == "mixed/stage-mix_mixed_1704103200000.wav"
    assert (told["stem_paths"], told["stem_count"]) == (paths, 3)
    assert told["upstreamId"] == "up-1"
    (tmp_path / "mix.wav").write_bytes(world.read(told["mixed_file_path"]))
    mixed, sample_rate = soundfile.read(tmp_path / "mix.wav", dtype="int16")
    assert np.abs(mixed - seed_mix(stems)).max() <= 1
    assert sample_rate == 8000
    document = json.loads(world.read(told["waveform_data_path"]))
    digest = hashlib.sha256((tmp_path / "mix.wav").read_bytes()).hexdigest()
    assert (document["num_peaks"], document["audio_hash"]) == (4000, digest)


def seed_mix(stems):
    """Return the mix of stems by the code that seed 001 prints."""
    data = [np.frombuffer(body[44:], dtype="<i2") / 32768 for body in stems]
    mixed = np.zeros(max(map(len, data)), dtype=np.float32)
    for stem in data:
        mixed += np.pad(stem, (0, len(mixed) - len(stem)))
    mixed = mixed / len(data)
    loudest = np.max(np.abs(mixed))
    if loudest > 0.95:
        mixed = mixed * (0.95 / loudest)
    return np.round(mixed * 32767)


def test_a_repeated_mix_writes_nothing_again(world):
    """A message delivered twice must not leave a second version of a mix."""
    stems = [wav(0.2, seed=23), wav(0.2, seed=24)]
    message = {"timestamp": "2024-01-01T10:00:00Z"}

    mix_of(world, "stage-again", stems, **message)
    before = {key: world.versions(key) for key in world.keys("stage-again_")}
    mix_of(world, "stage-again", stems, **message)

    assert len(before) == 2
    assert {key: world.versions(key) for key in world.keys("stage-again_")} == before


@pytest.mark.parametrize(
    ("bodies", "code"),
    [
        ([wav(seed=25), None], "STEM_MISSING"),
        ([wav(seed=25), b"junk"], "UNSUPPORTED_MEDIA"),
        ([b"", wav(seed=25)], "EMPTY_AUDIO"),
    ],
    ids=["missing", "junk", "empty"],
)
def test_a_mix_uses_every_stem_or_fails(world, bodies, code):
    """A mix without one of its stems would be a wrong mix."""
    stage = f"stage-{code}"

    _, seen = mix_of(world, stage, bodies)

    told = ended(world, stage, "mixing-complete")
    assert (seen.status, seen.error) == ("FAILED", code)
    assert told["status"] == "FAILURE"
    assert told["result"]["error_code"] == code
    assert world.keys(f"mixed/{stage}") == []


LOUD = {"format": "flac24", "loudness": {"integrated": -20, "true_peak": -2}}
AT = {"timestamp": "2024-01-01T10:00:00Z"}  # 1704103200000 ms


def a_sum(world, stage, *, seed):
    """Mix two stems to a loudness, and return message, execution and webhook."""
    bodies = [wav(1.2, seed=seed), wav(0.6, seed=seed + 1)]
    faders = [{"path": f"audio/{stage}-1.wav", "gain_db": -6, "pan": 0.5}]

    paths, seen = mix_of(world, stage, bodies, mix=LOUD, stems=faders, **AT)

    asked = {"stem_paths": paths, "mix": LOUD, "stems": faders}
    return asked, seen, ended(world, stage, "mixing-complete")


def described(world, key):
    """Return the headers of an object that readers and other mixes look at."""
    head = world.s3.head_object(Bucket=world.bucket, Key=key)
    return head["ContentType"], head["CacheControl"], head["Metadata"]


def test_a_sum_reaches_its_loudness_and_is_told(world):
    """A page shows a sum from its webhook alone, and plays what the webhook names."""
    asked, seen, told = a_sum(world, "stage-sum", seed=26)

    audio = world.read("mixed/stage-sum_mixed_1704103200000.flac")
    document = json.loads(world.read(told["waveform_data_path"]))
    mixed, sample_rate = soundfile.read(io.BytesIO(audio))
    assert (seen.status, names(seen)) == ("SUCCEEDED", ["Route", "Mix", "Tell"])
    assert told["mixed_file_path"] == "mixed/stage-sum_mixed_1704103200000.flac"
    assert (mixed.shape, sample_rate) == ((9600, 2), 8000)
    assert told["warnings"] == []
    facts = told["mix"]
    assert facts["loudness_target"] == LOUD["loudness"]
    assert facts["loudness"]["integrated"] == pytest.approx(-20, abs=0.1)
    assert facts["loudness"]["true_peak"] <= -1.9
    assert {*facts["loudness"]} == {*Loudness.__struct_fields__}
    assert (facts["format"], facts["sample_rate"]) == ("flac24", 8000)
    durations = [(stem["muted"], stem["duration"]) for stem in told["stems"]]
    assert durations == [(False, 1.2), (False, 0.6)]
    digest = hashlib.sha256(audio).hexdigest()
    assert (document["audio_hash"], document["sample_rate"]) == (digest, 8000)
    metadata = {
        "waveflow-request": hashlib.sha256(rfc8785.dumps(asked)).hexdigest(),
        "waveflow-source": digest,
        "waveflow-algorithm": str(ALGORITHM),
        **used_metadata(asked["stem_paths"]),
    }
    types = {"mixed_file_path": "audio/flac", "waveform_data_path": "application/json"}
    for name, kind in types.items():
        assert described(world, told[name]) == (kind, "private, no-cache", metadata)


def test_another_request_for_the_same_time_is_refused(world):
    """The first musician's mix must stay, and the second must hear of the refusal."""
    stage = "stage-rival"
    asked, _, first = a_sum(world, stage, seed=28)
    before = {key: world.versions(key) for key in world.keys(stage)}
    # A stem that is missing would be STEM_MISSING, if stems were looked at first.
    paths = [*asked["stem_paths"], "audio/missing.wav"]

    seen = world.run({"stageId": stage, "stem_paths": paths, "mix": LOUD, **AT})

    mine, other = world.standin.archive.about(stage, "mixing-complete")
    assert (seen.status, seen.error) == ("FAILED", "INVALID_MESSAGE")
    assert names(seen)[:2] == ["Route", "Mix"]
    assert other.body["status"] == "FAILURE"
    assert "another timestamp" in other.body["result"]["error_message"]
    assert other.body["task_id"] in world.started  # the id of the SQS message
    assert other.body["task_id"] != first["task_id"]
    assert (other.webhook_id != mine.webhook_id, other.repeated) == (True, False)
    assert {key: world.versions(key) for key in world.keys(stage)} == before


def test_a_redelivered_sum_has_the_same_bytes(world):
    """SQS may deliver twice: links, hashes and versions of the mix must not change."""
    stage = "stage-sum-again"
    asked, _, first = a_sum(world, stage, seed=30)
    written = [key for key in world.keys(stage) if not key.startswith("audio/")]
    before = {key: world.versions(key) for key in written}

    seen = world.run({"stageId": stage, **asked, **AT})

    again, repeat = world.standin.archive.about(stage, "mixing-complete")
    assert seen.status == "SUCCEEDED"
    assert (again.webhook_id, repeat.repeated) == (repeat.webhook_id, True)
    assert {**repeat.body, "processing_time": 0} == {**first, "processing_time": 0}
    assert len(before) == 2
    assert {key: world.versions(key) for key in written} == before
