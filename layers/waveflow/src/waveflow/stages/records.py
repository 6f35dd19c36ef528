"""Keep the records that make a deletion repeatable and undoable."""

import msgspec
from msgspec import Struct

from waveflow.events.flow import Source, dedupe_key
from waveflow.events.messages import Job, Survivor
from waveflow.ports import ObjectStore


class Deletion(Struct, frozen=True, kw_only=True):
    """One deleted duplicate: the version that a restore brings back, and why."""

    source: Source
    survivor: Survivor
    survivor_etag: str
    survivor_version_id: str | None = None


def write_deletion(job: Job, deletion: Deletion, *, objects: ObjectStore) -> None:
    """Write the record, before anything is deleted."""
    body = msgspec.json.encode(deletion)
    objects.publish(dedupe_key(job), body, content_type="application/json")


def find_deletion(job: Job, key: str, *, objects: ObjectStore) -> Deletion | None:
    """Return the record of this job's own, finished deletion of `key`.

    A record alone is only an intention: the key must also lie under a delete
    marker.
    """
    body = objects.load(dedupe_key(job))
    if body is None:
        return None
    deletion = msgspec.json.decode(body, type=Deletion)
    if deletion.source.key != key or not objects.has_delete_marker(key):
        return None
    return deletion
