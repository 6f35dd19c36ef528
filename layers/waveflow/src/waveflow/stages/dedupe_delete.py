"""Delete a proved duplicate: never the only copy, never without a way back.

The guards stand in the contract's order, and each refusal keeps the object.
"""

import time
from typing import NoReturn

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
from waveflow.events.webhooks import DuplicateResult
from waveflow.ports import ObjectStore, Policy, StoredObject
from waveflow.stages._records import (
    LOST,
    Deletion,
    Record,
    duplicate_outcome,
    find_deletion,
    find_record,
    write_deletion,
)
from waveflow.stages.hash import sha256_of


def delete_duplicate(
    request: DedupeDeleteRequest, *, objects: ObjectStore, policy: Policy
) -> Outcome[DuplicateResult]:
    """Delete the job's object if an older survivor with the same bytes is proved.

    Raises `DedupeRefusedError` with the guard's reason; the object then stays.
    """
    started = time.monotonic()
    job, source = request.job, request.source
    record = find_record(job, objects=objects)
    done = record is not None and _is_done(record, source, objects=objects)
    if record is None or not done:
        record = _decide(request, record, objects=objects, policy=policy)
        _delete(job, source, objects=objects)
    if not done or request.retries:
        record = _look_back(job, record, objects=objects)
    return duplicate_outcome(job, record.deletion, seconds=time.monotonic() - started)


def _is_done(record: Record, source: Source, *, objects: ObjectStore) -> bool:
    """Tell whether an earlier run has deleted the upload's bytes already."""
    deletion = record.deletion
    if deletion.state != "decided" or not deletion.is_of(source):
        return False
    return objects.has_delete_marker(source.key)


def _decide(
    request: DedupeDeleteRequest,
    record: Record | None,
    *,
    objects: ObjectStore,
    policy: Policy,
) -> Record:
    """Write the deletion record as `decided`; the stem never reports SUCCESS after.

    A drawing is published before the waveform stage looks for the record, and the
    record is written before this stage looks for a drawing: one sees the other.
    """
    job = request.job
    deletion = _prove(request, record, objects=objects, policy=policy)
    if policy.dedupe_mode != "delete":
        raise DedupeRefusedError(policy.dedupe_mode.upper(), would_delete=True)
    if record is None or not _is_decided(record, request.source):
        record = write_deletion(job, deletion, over=record, objects=objects)
        _refuse_lost(job, record, objects=objects)
        _refuse_drawn(job, record, objects=objects)
    decided = msgspec.structs.replace(deletion, state="decided")
    return write_deletion(job, decided, over=record, objects=objects)


def _prove(
    request: DedupeDeleteRequest,
    record: Record | None,
    *,
    objects: ObjectStore,
    policy: Policy,
) -> Deletion:
    try:
        survivor = _check_claim(request, policy=policy)
        stored = _check_survivor(request.source, survivor, objects=objects)
        _check_record(request, record, objects=objects)
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
        state="intended",
    )


def _check_claim(request: DedupeDeleteRequest, *, policy: Policy) -> Survivor:
    """Check versioning, S3 paths and the server's claimed survivor, without S3."""
    stem, source = request.job.stem, request.source
    if source.version_id in {None, "null"}:
        raise DedupeRefusedError("UNVERSIONED")
    survivor = _find_survivor(request.duplicate_of)
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


def _find_survivor(claim: object) -> Survivor | None:
    try:
        return msgspec.convert(claim, Survivor)
    except (msgspec.ValidationError, UnicodeEncodeError):  # lone surrogates, too
        return None


def _check_survivor(
    source: Source, survivor: Survivor, *, objects: ObjectStore
) -> StoredObject:
    """Check that the survivor is stored, is older and has the same bytes."""
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


def _check_record(
    request: DedupeDeleteRequest, record: Record | None, *, objects: ObjectStore
) -> None:
    """Refuse to delete a kept upload, or to overwrite the record of other bytes."""
    if record is not None:
        deletion = record.deletion
        if deletion.state == "kept":
            raise DedupeRefusedError(str(deletion.reason))
        if deletion.state == "decided" and not deletion.is_of(request.source):
            raise DedupeRefusedError("CHANGED")
    if record is None or not _is_decided(record, request.source):
        _refuse_drawn(request.job, record, objects=objects)


def _is_decided(record: Record, source: Source) -> bool:
    return record.deletion.state == "decided" and record.deletion.source == source


def _refuse_drawn(job: Job, record: Record | None, *, objects: ObjectStore) -> None:
    if objects.find(waveform_key(job)) is not None:
        # A webhook has reported SUCCESS: a redelivery must not revoke the result.
        _keep(job, record, reason="DRAWN", objects=objects)


def _refuse_lost(job: Job, record: Record, *, objects: ObjectStore) -> None:
    """Refuse the deletion if the survivor vanished or changed during the checks."""
    stored = objects.find(record.deletion.survivor.filepath)
    if stored is None or stored.etag != record.deletion.survivor_etag:
        _keep(job, record, reason="NO_SURVIVOR", objects=objects)


def _keep(
    job: Job, record: Record | None, *, reason: str, objects: ObjectStore
) -> NoReturn:
    """Mark an intended deletion as `kept` for good, and raise the refusal."""
    if record is not None and record.deletion.state == "intended":
        kept = msgspec.structs.replace(record.deletion, state="kept", reason=reason)
        write_deletion(job, kept, over=record, objects=objects)
    raise DedupeRefusedError(reason)


def _delete(job: Job, source: Source, *, objects: ObjectStore) -> None:
    try:
        objects.delete(source.key, etag=source.etag)
    except (ObjectNotFoundError, SourceChangedError) as exc:
        # S3 also refuses a repeated delete whose first response was lost.
        if find_deletion(job, source.key, objects=objects) is None:
            raise DedupeRefusedError("CHANGED") from exc


def _look_back(job: Job, record: Record, *, objects: ObjectStore) -> Record:
    """Look for the survivor after the delete, and record where it is lost."""
    deletion = record.deletion
    stored = objects.find(deletion.survivor.filepath)
    if stored is not None and (
        stored.etag == deletion.survivor_etag
        or sha256_of(stored, objects=objects) == deletion.source.audio_hash
    ):
        return record
    lost = msgspec.structs.replace(deletion, reason=LOST)
    return write_deletion(job, lost, over=record, objects=objects)
