"""Delete a proved duplicate: never the only copy, never without a way back.

The guards stand in the contract's order, and each refusal keeps the object.
"""

import time
from typing import Any

import msgspec

from waveflow.errors import (
    DedupeRefusedError,
    ObjectNotFoundError,
    PathNotAllowedError,
    SourceChangedError,
)
from waveflow.events.fields import check_key
from waveflow.events.flow import (
    DedupeDeleteRequest,
    Outcome,
    Source,
    waveform_key,
)
from waveflow.events.messages import Job, Survivor
from waveflow.ports import ObjectStore, Policy, StoredObject
from waveflow.stages.hash import sha256_of
from waveflow.stages.records import Deletion, find_deletion, write_deletion


def delete_duplicate(
    request: DedupeDeleteRequest, *, objects: ObjectStore, policy: Policy
) -> Outcome:
    """Delete the job's object if an older survivor with the same bytes is proved.

    Raises `DedupeRefusedError` with the guard's reason; the object then stays.
    """
    started = time.monotonic()
    job, source = request.job, request.source
    done = find_deletion(job, source.key, objects=objects)
    if done is None or done.source != source:
        done = _prove(request, objects=objects, policy=policy)
        if policy.dedupe_mode != "delete":
            raise DedupeRefusedError(policy.dedupe_mode.upper(), would_delete=True)
        write_deletion(job, done, objects=objects)
        _delete(job, source, objects=objects)
    return _duplicate(done, seconds=time.monotonic() - started)


def _prove(
    request: DedupeDeleteRequest, *, objects: ObjectStore, policy: Policy
) -> Deletion:
    try:
        survivor = _check_claim(request, policy=policy)
        stored = _check_survivor(request.source, survivor, objects=objects)
        _refuse_drawn(request.job, objects=objects)
    except DedupeRefusedError as refusal:
        if policy.dedupe_mode == "delete":
            raise
        raise DedupeRefusedError(
            policy.dedupe_mode.upper(), would_delete=False
        ) from refusal
    return Deletion(
        source=request.source,
        survivor=survivor,
        survivor_etag=stored.etag,
        survivor_version_id=stored.version_id,
    )


def _check_claim(request: DedupeDeleteRequest, *, policy: Policy) -> Survivor:
    """Check what needs no look at the survivor: guards 0, 1 and half of 2."""
    stem, source = request.job.stem, request.source
    if source.version_id in {None, "null"}:
        raise DedupeRefusedError("UNVERSIONED")
    survivor = _survivor(request.duplicate_of)
    keys = [source.key] if survivor is None else [source.key, survivor.filepath]
    for key in keys:
        try:
            check_key(key, prefixes=policy.allowed_prefixes, user_id=stem.user_id)
        except PathNotAllowedError as exc:
            raise DedupeRefusedError("PATH") from exc
    if survivor is None:
        raise DedupeRefusedError("NO_SURVIVOR")
    if survivor.filepath == source.key or survivor.stem_id == stem.stem_id:
        raise DedupeRefusedError("SELF")
    return survivor


def _survivor(claim: Any) -> Survivor | None:
    try:
        return msgspec.convert(claim, Survivor)
    except msgspec.ValidationError:
        return None


def _check_survivor(
    source: Source, survivor: Survivor, *, objects: ObjectStore
) -> StoredObject:
    """Check the survivor itself: the other half of guard 2, and guard 3."""
    stored = objects.find(survivor.filepath)
    if stored is None:
        raise DedupeRefusedError("NO_SURVIVOR")
    if (stored.last_modified, stored.key) >= (source.last_modified, source.key):
        raise DedupeRefusedError("ORDER")
    if stored.size != source.size:
        raise DedupeRefusedError("DIFFERENT")
    try:
        audio_hash = sha256_of(stored, objects=objects)
    except (ObjectNotFoundError, SourceChangedError) as exc:
        raise DedupeRefusedError("NO_SURVIVOR") from exc
    if audio_hash != source.audio_hash:
        raise DedupeRefusedError("DIFFERENT")
    return stored


def _refuse_drawn(job: Job, *, objects: ObjectStore) -> None:
    if objects.find(waveform_key(job)) is not None:
        # The server was told SUCCESS: a redelivery must not take that back.
        raise DedupeRefusedError("DRAWN")


def _delete(job: Job, source: Source, *, objects: ObjectStore) -> None:
    try:
        objects.delete(source.key, etag=source.etag)
    except (ObjectNotFoundError, SourceChangedError) as exc:
        # A lost answer to our own delete looks the same as somebody else's change.
        if find_deletion(job, source.key, objects=objects) is None:
            raise DedupeRefusedError("CHANGED") from exc


def _duplicate(deletion: Deletion, *, seconds: float) -> Outcome:
    survivor = msgspec.to_builtins(deletion.survivor)
    return Outcome(
        status="DUPLICATE",
        processing_time=round(seconds, 3),
        result={
            "error": "Duplicate file",
            "error_code": "DUPLICATE_FILE",
            "error_message": "The same bytes are already stored as another stem.",
            "duplicate_of": survivor,
            "audio_data_hash": deletion.source.audio_hash,
        },
    )
