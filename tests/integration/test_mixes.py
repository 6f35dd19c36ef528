"""Mixes through the real machine: every stem, or none."""

import hashlib
import json

import numpy as np
import pytest
import soundfile
from support.world import ended, names, wav


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
