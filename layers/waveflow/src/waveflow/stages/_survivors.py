"""Find the survivor of a duplicate, also where that survivor is a duplicate itself."""

from msgspec import Struct

from waveflow.errors import (
    DedupeRefusedError,
    ObjectNotFoundError,
    PathNotAllowedError,
    SourceChangedError,
)
from waveflow.events.fields import check_key, is_id
from waveflow.events.flow import Source
from waveflow.events.messages import Job, Survivor
from waveflow.ports import ObjectStore, Policy, StoredObject
from waveflow.stages._records import Deletion, read_record
from waveflow.stages.hash import sha256_of

MAX_STEPS = 16  # records followed from a survivor to the survivor's own survivor


class Found(Struct, frozen=True, kw_only=True):
    """Name the stem at the end of a chain of survivors, and its object."""

    survivor: Survivor
    stored: StoredObject


def follow(
    survivor: Survivor,
    source: Source,
    *,
    job: Job,
    objects: ObjectStore,
    policy: Policy,
) -> Found:
    """Return the first survivor that lies under its key: of C, of B, of A.

    Raises `DedupeRefusedError` where the chain leaves the user's keys, comes back to
    the upload itself, or ends without an object.
    """
    for _ in range(MAX_STEPS):
        check_claim(survivor, source, job=job, policy=policy)
        stored = objects.find(survivor.filepath)
        if stored is not None:
            return Found(survivor=survivor, stored=stored)
        deletion = _find_own_deletion(survivor, source, objects=objects)
        if deletion is None:
            break
        survivor = deletion.survivor
    raise DedupeRefusedError("NO_SURVIVOR")


def check_claim(
    survivor: Survivor, source: Source, *, job: Job, policy: Policy
) -> None:
    """Check guard 1 and half of guard 2, which need no look at the survivor."""
    check_path(survivor.filepath, job, policy=policy)
    if survivor.filepath == source.key or survivor.stem_id == job.stem.stem_id:
        raise DedupeRefusedError("SELF")


def check_path(key: str, job: Job, *, policy: Policy) -> None:
    """Check guard 1: the key is an upload of the message's own user."""
    prefixes, user_id = policy.allowed_prefixes, job.stem.user_id
    try:
        check_key(key, prefixes=prefixes, user_id=user_id)
    except PathNotAllowedError as exc:
        raise DedupeRefusedError("PATH") from exc


def find_living(
    deletion: Deletion, job: Job, *, objects: ObjectStore, policy: Policy
) -> Found | None:
    """Return the survivor of a finished deletion, if one holds the same bytes now."""
    source = deletion.source
    try:
        found = follow(
            deletion.survivor, source, job=job, objects=objects, policy=policy
        )
        if found.stored.etag != deletion.survivor_etag:
            check_bytes(found.stored, source, objects=objects)
    except DedupeRefusedError:
        return None
    return found


def check_bytes(stored: StoredObject, source: Source, *, objects: ObjectStore) -> None:
    """Check guard 3: the survivor's bytes, read now, are those of the upload."""
    if stored.size != source.size:
        raise DedupeRefusedError("DIFFERENT")
    try:
        audio_hash = sha256_of(stored, objects=objects)
    except (ObjectNotFoundError, SourceChangedError) as exc:
        raise DedupeRefusedError("NO_SURVIVOR") from exc
    if audio_hash != source.audio_hash:
        raise DedupeRefusedError("DIFFERENT")


def _find_own_deletion(
    survivor: Survivor, source: Source, *, objects: ObjectStore
) -> Deletion | None:
    """Return the record of WaveFlow's deletion of a survivor with the same bytes."""
    stem = f"dedupe/{survivor.stem_id}"
    if not is_id(survivor.stem_id) or not objects.has_delete_marker(survivor.filepath):
        return None
    for key in objects.keys_below(f"{stem}_"):
        # `a_1` is another stem than `a`, and its records begin alike.
        if key.rpartition("_")[0] != stem:
            continue
        record = read_record(key, objects=objects)
        if record is not None and _is_deletion_of(
            record.deletion, survivor, source=source
        ):
            return record.deletion
    return None


def _is_deletion_of(deletion: Deletion, survivor: Survivor, *, source: Source) -> bool:
    return (
        deletion.state == "decided"
        and deletion.reason is None
        and deletion.source.key == survivor.filepath
        and deletion.source.audio_hash == source.audio_hash
    )
