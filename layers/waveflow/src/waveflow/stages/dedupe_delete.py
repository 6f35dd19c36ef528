"""Delete a proved duplicate: never the only copy, never without a way back.

The guards stand in the contract's order, and each refusal keeps the object.
"""

import time
from typing import NoReturn

import msgspec

from waveflow.errors import (
    DedupeRefusedError,
    InternalError,
    ObjectNotFoundError,
    SourceChangedError,
)
from waveflow.events.flow import (
    DedupeDeleteRequest,
    Outcome,
    Source,
    waveform_key,
)
from waveflow.events.messages import Job, Survivor
from waveflow.events.webhooks import DuplicateResult
from waveflow.ports import ObjectStore, Policy
from waveflow.stages._records import (
    RESTORED,
    SURVIVOR_LOST,
    Deletion,
    Record,
    duplicate_outcome,
    find_deletion,
    find_record,
    write_deletion,
)
from waveflow.stages._survivors import (
    Found,
    check_bytes,
    check_path,
    find_living,
    follow,
)


def delete_duplicate(
    request: DedupeDeleteRequest, *, objects: ObjectStore, policy: Policy
) -> Outcome[DuplicateResult]:
    """Delete the job's object if an older survivor with the same bytes is proved.

    Raises `DedupeRefusedError` with the guard's reason; the object then stays, or is
    back where the survivor was lost during the delete.
    """
    started = time.monotonic()
    job, source = request.job, request.source
    record = find_record(job, objects=objects)
    if record is not None and _is_being_undone(record, source):
        _undo(job, record, objects=objects)
    deleted = False
    if record is None or not _is_done(record, source, objects=objects):
        _decide(request, record, objects=objects, policy=policy)
        deleted = _delete(job, source, objects=objects)
        # A retry may have called off meanwhile what a late invocation deletes now.
        record = _read_again(job, objects=objects)
    if deleted or not record.deletion.looked:
        record = _look_back(job, record, objects=objects, policy=policy)
    return duplicate_outcome(record.deletion, seconds=time.monotonic() - started)


def _is_being_undone(record: Record, source: Source) -> bool:
    deletion = record.deletion
    return deletion.state == "decided" and deletion.is_undone and deletion.is_of(source)


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
        found = _find_survivor(request, objects=objects, policy=policy)
        _check_record(request, record, objects=objects)
    except DedupeRefusedError as refusal:
        if policy.dedupe_mode == "delete":
            raise
        raise DedupeRefusedError(
            policy.dedupe_mode.upper(), would_delete=False
        ) from refusal
    return Deletion(
        source=request.source,
        survivor=found.survivor,
        survivor_etag=found.stored.etag,
        survivor_version_id=found.stored.version_id,
        state="intended",
    )


def _find_survivor(
    request: DedupeDeleteRequest, *, objects: ObjectStore, policy: Policy
) -> Found:
    """Check guards 0 to 3, about the end of the chain that the claim begins."""
    job, source = request.job, request.source
    if source.version_id in {None, "null"}:
        raise DedupeRefusedError("UNVERSIONED")
    check_path(source.key, job, policy=policy)
    claimed = _read_claim(request.duplicate_of)
    if claimed is None:
        raise DedupeRefusedError("NO_SURVIVOR")
    found = follow(claimed, source, job=job, objects=objects, policy=policy)
    stored = found.stored
    if (stored.last_modified, stored.key) >= (source.last_modified, source.key):
        raise DedupeRefusedError("ORDER")
    check_bytes(stored, source, objects=objects)
    return found


def _read_claim(claim: object) -> Survivor | None:
    try:
        return msgspec.convert(claim, Survivor)
    except (msgspec.ValidationError, UnicodeEncodeError):  # lone surrogates, too
        return None


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


def _delete(job: Job, source: Source, *, objects: ObjectStore) -> bool:
    """Delete the object; return False where it was gone already by our own delete."""
    try:
        objects.delete(source.key, etag=source.etag)
    except (ObjectNotFoundError, SourceChangedError) as exc:
        # S3 also refuses a repeated delete whose first response was lost.
        if find_deletion(job, source.key, objects=objects) is None:
            raise DedupeRefusedError("CHANGED") from exc
        return False
    return True


def _read_again(job: Job, *, objects: ObjectStore) -> Record:
    record = find_record(job, objects=objects)
    if record is None:
        raise InternalError("The record of the deletion is gone.")
    return record


def _look_back(
    job: Job, record: Record, *, objects: ObjectStore, policy: Policy
) -> Record:
    """Look for a living survivor after the delete, record that, or undo the delete."""
    deletion = record.deletion
    if deletion.is_undone or deletion.state == "kept":
        _undo(job, record, objects=objects)
    living = find_living(deletion, job, objects=objects, policy=policy)
    if living is None:
        # A deletion that was looked at may be told as DUPLICATE, which RESTORED ends.
        reason = RESTORED if deletion.looked else SURVIVOR_LOST
        lost = msgspec.structs.replace(deletion, reason=reason)
        _undo(
            job,
            write_deletion(job, lost, over=record, objects=objects),
            objects=objects,
        )
    looked = msgspec.structs.replace(
        deletion,
        survivor=living.survivor,
        survivor_etag=living.stored.etag,
        survivor_version_id=living.stored.version_id,
        looked=True,
    )
    return write_deletion(job, looked, over=record, objects=objects)


def _undo(job: Job, record: Record, *, objects: ObjectStore) -> NoReturn:
    """Bring the deleted upload back, record that, and send the stem to be drawn."""
    deletion = record.deletion
    source = deletion.source
    try:
        if objects.has_delete_marker(source.key):
            objects.restore(source.key, version_id=str(source.version_id))
    except SourceChangedError:
        pass  # an earlier copy whose answer was lost, or the user's own upload
    except (InternalError, ObjectNotFoundError) as exc:
        raise InternalError(
            "The survivor was lost while its duplicate was deleted, and the duplicate "
            f"could not be copied back; `waveflow ops restore {job.stem.stem_id}` "
            "does it."
        ) from exc
    kept = msgspec.structs.replace(deletion, state="kept")
    write_deletion(job, kept, over=record, objects=objects)
    raise DedupeRefusedError(str(deletion.reason))
