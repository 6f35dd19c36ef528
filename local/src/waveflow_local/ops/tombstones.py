"""Keep a mark of each stem that was erased, so that nobody brings the stem back."""

from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from waveflow.adapters.s3 import S3ObjectStore

from waveflow_local.paths import LocalError

# No id holds a slash, so no deletion record is named like a tombstone.
TOMBSTONES = "dedupe/erased/"


class Tombstone(Struct, frozen=True, kw_only=True):
    """Say when the erasure of a stem began; nothing else of the stem is kept."""

    stem_id: str
    erased_at: str

    def covers(self, last_modified: str) -> bool:
        """Tell whether an upload of this time was there before the erasure."""
        moments = (last_modified, self.erased_at)
        written, erased = map(datetime.fromisoformat, moments)
        return written <= erased


def time_now() -> str:
    """Return the time in UTC, to the second, as reports and tombstones have it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def tombstone_key(stem_id: str) -> str:
    """Return the S3 key of a stem's tombstone."""
    return f"{TOMBSTONES}{stem_id}.json"


def find_tombstone(stem_id: str, *, objects: S3ObjectStore) -> Tombstone | None:
    """Return a stem's tombstone, or None for a stem that nobody has erased."""
    body = objects.load(tombstone_key(stem_id))
    return None if body is None else msgspec.json.decode(body, type=Tombstone)


def write_tombstone(stem_id: str, *, objects: S3ObjectStore) -> None:
    """Write a stem's tombstone; a tombstone that is there already stays."""
    if find_tombstone(stem_id, objects=objects) is None:
        made = Tombstone(stem_id=stem_id, erased_at=time_now())
        objects.publish_over(
            tombstone_key(stem_id),
            msgspec.json.encode(made),
            etag=None,
            content_type="application/json",
        )


def refuse_erased(stem_id: str, *, objects: S3ObjectStore) -> None:
    """Raise `LocalError` for a stem whose erasure has begun."""
    found = find_tombstone(stem_id, objects=objects)
    if found is not None:
        raise LocalError(f"The stem {stem_id} was erased on {found.erased_at}.")
