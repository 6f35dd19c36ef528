"""Keep the S3 records that make a duplicate's deletion repeatable and undoable.

A record is first `intended`. One conditional write then settles it: `decided`, after
which the waveform stage never reports SUCCESS for this stem and timestamp, or `kept`,
after which the upload is never deleted.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from waveflow.errors import (
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.events.flow import Outcome, Source, dedupe_key
from waveflow.events.messages import Job, Survivor
from waveflow.events.webhooks import DuplicateResult
from waveflow.ports import ObjectStore

SURVIVOR_LOST = "SURVIVOR_LOST"  # no survivor was found after the delete
RESTORED = "RESTORED"  # the upload came back after the server may know it as deleted
UNDONE = frozenset({SURVIVOR_LOST, RESTORED})


class Deletion(Struct, frozen=True, kw_only=True):
    """Record one deletion of a duplicate: why, and which version a restore brings back.

    `looked` says that a survivor was found after the delete. `reason` says why the
    upload was kept after all; beside `decided`, that the deletion is being undone.
    """

    source: Source
    survivor: Survivor
    survivor_etag: str
    survivor_version_id: str | None = None
    state: Literal["intended", "decided", "kept"] = "decided"
    reason: str | None = None
    looked: bool = False

    def is_of(self, source: Source) -> bool:
        """Tell whether the deletion is of the same bytes under the same S3 key."""
        mine = self.source
        return (mine.key, mine.audio_hash) == (source.key, source.audio_hash)

    @property
    def is_undone(self) -> bool:
        """Tell whether the deleted upload is back, or is being brought back."""
        return self.state != "intended" and self.reason in UNDONE


class Record(Struct, frozen=True, kw_only=True):
    """Pair a deletion record with the ETag that its next write must match."""

    deletion: Deletion
    etag: str


def find_record(job: Job, *, objects: ObjectStore) -> Record | None:
    """Return the deletion record of a job's stem and timestamp, or None."""
    return read_record(dedupe_key(job), objects=objects)


def read_record(key: str, *, objects: ObjectStore) -> Record | None:
    """Return the deletion record under an S3 key, or None."""
    stored = objects.find(key)
    if stored is None:
        return None
    try:
        body = b"".join(objects.read(key, etag=stored.etag, size=stored.size))
    except (ObjectNotFoundError, SourceChangedError) as exc:
        raise StorageUnavailableError("The record is in motion.") from exc
    return Record(deletion=msgspec.json.decode(body, type=Deletion), etag=stored.etag)


def write_deletion(
    job: Job, deletion: Deletion, *, over: Record | None, objects: ObjectStore
) -> Record:
    """Write a job's deletion record in S3, in place of the record `over`."""
    if over is not None and over.deletion == deletion:
        return over
    etag = objects.publish_over(
        dedupe_key(job),
        msgspec.json.encode(deletion),
        etag=over.etag if over else None,
        content_type="application/json",
    )
    return Record(deletion=deletion, etag=etag)


def find_deletion(job: Job, key: str, *, objects: ObjectStore) -> Deletion | None:
    """Return a job's deletion of an S3 key, if that deletion was carried out.

    A record alone is only an intention: the key must also lie under a delete
    marker.
    """
    record = find_record(job, objects=objects)
    if record is None or record.deletion.state != "decided":
        return None
    if record.deletion.source.key != key or not objects.has_delete_marker(key):
        return None
    return record.deletion


def duplicate_outcome(
    deletion: Deletion, *, seconds: float
) -> Outcome[DuplicateResult]:
    """Return the outcome DUPLICATE of a job whose upload was deleted.

    Raises `StorageUnavailableError` until a survivor was found after the delete: the
    stage dedupe_delete then finds one, or brings the upload back.
    """
    if deletion.reason is not None or not deletion.looked:
        raise StorageUnavailableError("A deletion of the object is under way.")
    return Outcome(
        status="DUPLICATE",
        processing_time=round(seconds, 3),
        result=DuplicateResult(
            error="Duplicate file",
            error_code="DUPLICATE_FILE",
            error_message="The same bytes are already stored as another stem.",
            duplicate_of=deletion.survivor,
            audio_data_hash=deletion.source.audio_hash,
        ),
    )
