"""Options of messages, from the queue to the objects in the bucket and the webhook."""

import hashlib

from support.invocations import EVERYTHING
from support.world import UPLOAD_STATES, ended, names, wav

TYPES = {"dat": "application/octet-stream", "mp3": "audio/mpeg", "opus": "audio/ogg"}


def described(world, result):
    """Return metadata and headers of every optional file that a result names."""
    files = [*result["zoom_levels"], *result["previews"].values()]
    heads = {
        file["path"]: world.s3.head_object(Bucket=world.bucket, Key=file["path"])
        for file in files
    }
    assert {key: head["ContentLength"] for key, head in heads.items()} == {
        file["path"]: file["bytes"] for file in files
    }
    return {key: head for key, head in heads.items() if head["Metadata"]}


def test_an_upload_that_asks_for_everything_keeps_its_six_states(world):
    """A page plays and zooms what the webhook names, and asks S3 before each use."""
    body = wav(seed=901)
    message, seen = world.upload(body, **EVERYTHING)

    told = ended(world, message["stemId"])["result"]
    heads = described(world, told)

    assert names(seen) == UPLOAD_STATES
    assert told["audio_id"].startswith("pcm1:")
    assert told["warnings"] == []
    assert len(heads) == 4
    for key, head in heads.items():
        source = hashlib.sha256(body).hexdigest()
        assert head["Metadata"]["waveflow-source"] == source
        assert head["Metadata"]["waveflow-algorithm"].isdigit()
        assert head["CacheControl"] == "private, no-cache"
        assert head["ContentType"] == TYPES[key.rpartition(".")[2]]
    [question] = world.told(message["stemId"], "hash-check")
    assert not {*EVERYTHING} & {*question}


def test_a_mix_that_asks_for_everything_has_a_folder_of_its_own(world):
    """A stem may have the stage's id, and must not lose its preview to the mix."""
    stem, _ = world.upload(wav(seed=902))
    mix = {"stageId": "stage-options", "stem_paths": [stem["filepath"]], **EVERYTHING}

    seen = world.run(mix)

    told = ended(world, "stage-options", "mixing-complete")
    heads = described(world, told)
    source = hashlib.sha256(world.read(told["mixed_file_path"])).hexdigest()
    assert names(seen) == ["Route", "Mix", "Tell"]
    assert len([key for key in heads if "/mixed/stage-options" in key]) == 4
    assert {head["Metadata"]["waveflow-source"] for head in heads.values()} == {source}


def test_after_a_hold_the_options_of_the_analysis_count(world):
    """A server decides later what to ask for, and must not get what it asked before."""
    message = world.new_stem(previews=["mp3"])
    world.behave("hold", message["stemId"])
    world.put(message["filepath"], wav(seed=903))
    world.run(message)
    kept = {name: message[name] for name in message if name != "previews"}

    world.run({**kept, "task": "process_audio_analysis", "audio_id": True})

    told = ended(world, message["stemId"])["result"]
    assert told["audio_id"].startswith("pcm1:")
    assert "previews" not in told
    assert world.keys(f"previews/{message['stemId']}") == []


def test_a_deleted_duplicate_has_no_optional_output(world):
    """Nobody plays a stem that is gone, and its preview would cost storage forever."""
    body = wav(seed=904)
    first, _ = world.upload(body)
    second, _ = world.upload(body, userId=first["userId"], **EVERYTHING)

    told = ended(world, second["stemId"])

    assert told["status"] == "DUPLICATE"
    assert world.keys(f"{second['stemId']}_zoom_") == []
    assert world.keys(f"previews/{second['stemId']}") == []
