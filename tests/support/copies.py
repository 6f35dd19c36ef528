"""Three uploads of the same bytes, and the stages that delete and draw them."""

import json

import pytest
from waveflow.errors import DedupeRefusedError
from waveflow.events.flow import DedupeDeleteRequest, WaveformRequest
from waveflow.ports import Policy
from waveflow.stages.dedupe_delete import delete_duplicate
from waveflow.stages.hash import hash_object
from waveflow.stages.waveform import draw_waveform

from support.memory import Interrupted
from support.records import TS, hash_request
from support.simulation.traffic import tiny_wav

OLDEST, OLDER, NEWER = "audio/oldest.wav", "audio/older.wav", "audio/sample.wav"
BODY, OTHER = tiny_wav(1), tiny_wav(2)
RECORD = f"dedupe/stem789_{TS}.json"
POLICY = Policy(
    allowed_prefixes=("audio/", "users/"),
    max_file_bytes=10_000,
    dedupe_mode="delete",
    verdict_mode="callback",
)


class KilledError(BaseException):
    """The process of the stage is gone."""


def three_copies():
    """Return a bucket with three copies of the same bytes, the oldest first."""
    bucket = Interrupted()
    for key in (OLDEST, OLDER, NEWER):
        bucket.put(key, BODY)
    return bucket


def hashed(objects, **fields):
    """Pin one upload."""
    return hash_object(hash_request(**fields), objects=objects, policy=POLICY)


def delete(objects, pinned, *, stem="older", survivor=OLDER):
    """Delete an upload as the duplicate of another."""
    request = DedupeDeleteRequest(
        job=pinned.job,
        source=pinned.source,
        duplicate_of={"stemId": stem, "filepath": survivor},
    )
    return delete_duplicate(request, objects=objects, policy=POLICY)


def draw(objects, pinned, **fields):
    """Draw an upload."""
    request = WaveformRequest(job=pinned.job, source=pinned.source, **fields)
    return draw_waveform(request, objects=objects, policy=POLICY)


def refusal(objects, pinned):
    """Return why the upload stayed or came back."""
    with pytest.raises(DedupeRefusedError) as refused:
        delete(objects, pinned)
    return refused.value.reason


def record(objects):
    """Return the record of the deletion."""
    return json.loads(objects.body(RECORD))


def hide(objects, *keys):
    """Delete objects as their user does."""
    for key in keys:
        objects.versions[key].append(None)


def die():
    """Kill the stage."""
    raise KilledError
