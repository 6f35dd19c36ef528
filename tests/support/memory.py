"""A versioned object store in memory, for tests of the stages."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from waveflow.errors import (
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.ports import NO_METADATA, StoredObject, replace_any

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryObjects:
    """`ObjectStore` in memory whose clock ticks one second with every write.

    `calls` lists the calls of the store in order. `versions` holds every version of a
    key, the newest last; None stands for a delete marker.
    """

    def __init__(self, *, versioned: bool = True, checksums: bool = False) -> None:
        self.versions: dict[str, list[tuple[StoredObject, bytes] | None]] = {}
        self.calls: list[tuple[str, str]] = []
        self._versioned = versioned
        self._checksums = checksums
        self._ticks = 0

    def put(
        self, key: str, body: bytes, metadata: Mapping[str, str] = NO_METADATA
    ) -> StoredObject:
        """Store an object as an uploader does."""
        self._ticks += 1
        stored = StoredObject(
            key=key,
            etag=f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
            size=len(body),
            last_modified=(EPOCH + timedelta(seconds=self._ticks)).isoformat(),
            version_id=f"v{self._ticks}" if self._versioned else None,
            sha256=hashlib.sha256(body).hexdigest() if self._checksums else None,
            metadata=dict(metadata),
        )
        self.versions.setdefault(key, []).append((stored, body))
        return stored

    def body(self, key: str) -> bytes | None:
        """Return the bytes of a key as a reader sees them, or None."""
        current = self._current(key)
        return current[1] if current else None

    def live(self) -> dict[str, bytes]:
        """Return every key with the bytes that a reader sees."""
        bodies = {key: self.body(key) for key in self.versions}
        return {key: body for key, body in bodies.items() if body is not None}

    def find(self, key: str) -> StoredObject | None:
        """Return the current object, or None."""
        self.calls.append(("find", key))
        current = self._current(key)
        return current[0] if current else None

    def has_delete_marker(self, key: str) -> bool:
        """Return whether a delete marker hides the key's versions."""
        self.calls.append(("has_delete_marker", key))
        return bool(self.versions.get(key)) and self.versions[key][-1] is None

    def read(self, key: str, *, etag: str, size: int | None = None) -> Iterator[bytes]:
        """Yield the pinned object in small chunks."""
        self.calls.append(("read", key))
        _, body = self._pinned(key, etag)
        if size not in {None, len(body)}:
            raise StorageUnavailableError("S3 sent other bytes than were asked for.")
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    def load(self, key: str) -> bytes | None:
        """Return a small object, or None."""
        self.calls.append(("load", key))
        return self.body(key)

    def publish(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str,
        metadata: Mapping[str, str] = NO_METADATA,
        check: Callable[[StoredObject], None] = replace_any,
    ) -> None:
        """Store bytes or a file, unless the object has the same bytes already."""
        body = content.read_bytes() if isinstance(content, Path) else content
        self.calls.append(("publish", key))
        assert content_type
        if current := self._current(key):
            check(current[0])
        if self.body(key) != body:
            self.put(key, body, metadata)

    def publish_once(
        self, key: str, path: Path, *, content_type: str, metadata: Mapping[str, str]
    ) -> int:
        """Store a file, unless an object of the same metadata lies there."""
        self.calls.append(("publish_once", key))
        assert content_type
        current = self._current(key)
        if current is None or not metadata.items() <= current[0].metadata.items():
            return self.put(key, path.read_bytes(), metadata).size
        return current[0].size

    def publish_over(
        self, key: str, body: bytes, *, etag: str | None, content_type: str
    ) -> str:
        """Write `body` over the object with `etag`, or over no object."""
        self.calls.append(("publish_over", key))
        assert content_type
        current = self._current(key)
        if current is not None and current[1] == body:
            return current[0].etag
        if (current[0].etag if current else None) != etag:
            raise StorageUnavailableError("The result's key is in motion.")
        return self.put(key, body).etag

    def keys_below(self, prefix: str) -> list[str]:
        """Return the keys of live objects that begin with `prefix`."""
        self.calls.append(("keys_below", prefix))
        return sorted(key for key in self.live() if key.startswith(prefix))

    def restore(self, key: str, *, version_id: str) -> None:
        """Copy a version back, where no object lies under the key."""
        self.calls.append(("restore", key))
        if self._current(key) is not None:
            raise SourceChangedError("The object under the key is another one now.")
        kept = [each for each in self.versions.get(key, []) if each is not None]
        bodies = [body for stored, body in kept if stored.version_id == version_id]
        if not bodies:
            raise ObjectNotFoundError("The version is gone.")
        self.put(key, bodies[0])

    def delete(self, key: str, *, etag: str) -> None:
        """Hide the pinned object behind a delete marker."""
        self.calls.append(("delete", key))
        self._pinned(key, etag)
        self.versions[key].append(None)

    def _current(self, key: str) -> tuple[StoredObject, bytes] | None:
        versions = self.versions.get(key)
        return versions[-1] if versions else None

    def _pinned(self, key: str, etag: str) -> tuple[StoredObject, bytes]:
        current = self._current(key)
        if current is None:
            raise ObjectNotFoundError("No object is stored under the key.")
        if current[0].etag != etag:
            raise SourceChangedError("The object under the key is another one now.")
        return current


class Interrupted(MemoryObjects):
    """Store in which another event happens once, right before or after a call."""

    def __init__(self) -> None:
        super().__init__()
        self._moments: dict[tuple[str, str, str], Callable[[], object]] = {}

    def at(self, moment: str, call: str, key: str, event: Callable[[], object]) -> None:
        """Let `event` happen before or after a call on a key."""
        self._moments[moment, call, key] = event

    def _happen(self, moment: str, call: str, key: str) -> None:
        self._moments.pop((moment, call, key), lambda: None)()

    def publish_over(
        self, key: str, body: bytes, *, etag: str | None, content_type: str
    ) -> str:
        """Write the object, with the events before and after the call."""
        state = json.loads(body).get("state", "")
        self._happen("before", state or "publish", key)
        etag = super().publish_over(key, body, etag=etag, content_type=content_type)
        self._happen("after", state or "publish", key)
        return etag

    def delete(self, key: str, *, etag: str) -> None:
        """Delete the object, with the events before and after the call."""
        self._happen("before", "delete", key)
        super().delete(key, etag=etag)
        self._happen("after", "delete", key)

    def restore(self, key: str, *, version_id: str) -> None:
        """Copy a version back, with what else happens."""
        self._happen("before", "restore", key)
        super().restore(key, version_id=version_id)
        self._happen("after", "restore", key)
