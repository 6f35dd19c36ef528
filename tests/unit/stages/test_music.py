"""The music stage listens to the hashed bytes, writes nothing, and always answers."""

import io

import msgspec
import numpy as np
import pytest
import soundfile
from support.memory import MemoryObjects
from support.records import UPLOAD, hash_request
from waveflow.errors import CorruptAudioError, ObjectNotFoundError, SourceChangedError
from waveflow.events.flow import MusicFindings, MusicRequest
from waveflow.ports import Policy
from waveflow.stages.hash import hash_object
from waveflow.stages.music import find_music

KEY = UPLOAD["filepath"]
RATE = 22_050
NOTHING = {"value": None, "confidence": 0.0}


def wav(seconds, level=0.0):
    """Return a WAV of one steady level, which has neither beat nor pitch."""
    file = io.BytesIO()
    samples = np.full(round(seconds * RATE), level)
    soundfile.write(file, samples, RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def pinned(body, scratch=None):
    """Return a bucket with the upload, its request, and the operator's choices."""
    objects = MemoryObjects()
    objects.put(KEY, body)
    policy = Policy(
        allowed_prefixes=("audio/",),
        max_file_bytes=10_000_000,
        dedupe_mode="delete",
        verdict_mode="callback",
        scratch=scratch,
    )
    hashed = hash_object(hash_request(), objects=objects, policy=policy)
    objects.calls.clear()
    return objects, MusicRequest(job=hashed.job, source=hashed.source), policy


def run(objects, request, policy):
    """Find the music."""
    return find_music(request, objects=objects, policy=policy)


@pytest.mark.parametrize(
    ("body", "reason"), [(wav(6), "SILENT"), (wav(1, level=0.5), "TOO_SHORT")]
)
def test_a_stem_without_music_is_an_answer_with_a_reason(body, reason):
    """A user sees why there is no tempo; an error would look like a defect."""
    found = run(*pinned(body))

    assert msgspec.to_builtins(found) == {
        "tempo": {**NOTHING, "alternative": None, "reason": reason},
        "key": {**NOTHING, "relative": None, "reason": reason},
    }


def test_the_answer_is_what_the_stage_waveform_takes():
    """The machine hands the JSON on unchanged; a renamed field would lose the tempo."""
    found = run(*pinned(wav(1)))

    handed = msgspec.convert(msgspec.to_builtins(found), MusicFindings)

    assert (handed.tempo, handed.key, handed.error) == (found.tempo, found.key, None)


def test_only_the_upload_is_read_and_nothing_is_written():
    """The stage's role may read uploads alone; anything more fails on AWS."""
    objects, request, policy = pinned(wav(1))

    run(objects, request, policy)

    assert objects.calls == [("read", KEY)]


def test_other_bytes_than_were_hashed_are_refused():
    """A user replaced the file: its tempo would stand beside the old waveform."""
    objects, request, policy = pinned(wav(1))
    objects.put(KEY, wav(2))

    with pytest.raises(SourceChangedError):
        run(objects, request, policy)


def test_a_deleted_upload_is_told_as_missing():
    """A retry cannot bring a deleted upload back, so the machine must not try."""
    objects, request, policy = pinned(wav(1))
    objects.delete(KEY, etag=request.source.etag)

    with pytest.raises(ObjectNotFoundError):
        run(objects, request, policy)


def test_a_broken_file_is_typed_and_leaves_no_copy(tmp_path):
    """A warm function would fill its disk with the copies of bad files."""
    objects, request, policy = pinned(wav(1)[:12] + b"junk" * 20, scratch=tmp_path)

    with pytest.raises(CorruptAudioError):
        run(objects, request, policy)

    assert list(tmp_path.iterdir()) == []
