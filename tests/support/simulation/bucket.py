"""A model of a versioned S3 bucket, and a store on the bucket with faults."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from waveflow.errors import (
    InternalError,
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.ports import NO_METADATA, StoredObject

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
UPLOADS = ("audio/", "users/")


def is_optional(key: str) -> bool:
    """Return whether a key is one of an optional output."""
    return key.startswith("previews/") or "_zoom_" in key


@dataclass(frozen=True)
class Version:
    """Version of a key; a delete marker has no body."""

    version_id: str
    body: bytes | None
    etag: str
    written: int
    checksummed: bool
    sha256: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Bucket:
    """Bucket with every version of every key, and live copies counted by content."""

    now: Callable[[], float]
    versioned: bool = True
    versions: dict[str, list[Version]] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)
    refuses_until: float = 0.0  # time until which writes of optional outputs fail
    _count: int = 0

    def current(self, key: str) -> Version | None:
        """Return the version that a reader sees, or None."""
        versions = self.versions.get(key)
        return versions[-1] if versions and versions[-1].body is not None else None

    def hidden(self, key: str) -> bool:
        """Return whether a delete marker hides the key."""
        versions = self.versions.get(key)
        return bool(versions) and versions[-1].body is None

    def version(self, key: str, version_id: str | None) -> Version | None:
        """Return a version by its id, if S3 still has it."""
        return next(
            (v for v in self.versions.get(key, []) if v.version_id == version_id), None
        )

    def put(
        self,
        key: str,
        body: bytes,
        *,
        checksummed: bool = True,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> Version:
        """Write a new version of a key."""
        digest = hashlib.sha256(body).hexdigest()
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        self._uncount(key)
        if key.startswith(UPLOADS):
            self.copies[digest] += 1
        return self._append(
            key,
            body,
            etag,
            checksummed=checksummed,
            sha256=digest,
            metadata=metadata,
        )

    def delete(self, key: str) -> None:
        """Put a delete marker on top of the key's versions."""
        self._uncount(key)
        self._append(key, None, "", checksummed=False, sha256="")

    def stored(self, key: str) -> StoredObject | None:
        """Return the current object as HEAD describes it, or None."""
        version = self.current(key)
        if version is None or version.body is None:
            return None
        return StoredObject(
            key=key,
            etag=version.etag,
            size=len(version.body),
            last_modified=(EPOCH + timedelta(seconds=version.written)).isoformat(),
            version_id=version.version_id,
            sha256=version.sha256 if version.checksummed else None,
            metadata=dict(version.metadata),
        )

    def _uncount(self, key: str) -> None:
        current = self.current(key)
        if current is not None and key.startswith(UPLOADS):
            self.copies[current.sha256] -= 1

    def _append(  # noqa: PLR0913 - the facts of one version
        self,
        key: str,
        body: bytes | None,
        etag: str,
        *,
        checksummed: bool,
        sha256: str,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> Version:
        self._count += 1
        version = Version(
            version_id=f"v{self._count}" if self.versioned else "null",
            body=body,
            etag=etag,
            written=int(self.now()),
            checksummed=checksummed,
            sha256=sha256,
            metadata=metadata,
        )
        kept = self.versions.setdefault(key, [])
        if not self.versioned:
            kept.clear()
        kept.append(version)
        return version


class Tripwires(Protocol):
    """Interface of faults that may strike before or after an outside call."""

    def before(self, call: str, key: str) -> None:
        """Let faults strike before a call is carried out."""

    def after(self, call: str, key: str) -> None:
        """Let faults strike after a call was carried out, before its answer."""

    def strikes(self, kind: str) -> bool:
        """Return whether an armed fault applies to this call."""


class FaultyObjects:
    """`ObjectStore` on the bucket for one invocation of a stage."""

    def __init__(self, bucket: Bucket, wires: Tripwires) -> None:
        self._bucket = bucket
        self._wires = wires

    def find(self, key: str) -> StoredObject | None:
        """Return the current object, or None."""
        self._before("find", key)
        stored = self._bucket.stored(key)
        self._wires.after("find", key)
        return stored

    def has_delete_marker(self, key: str) -> bool:
        """Return whether a delete marker hides the key's versions."""
        self._before("has_delete_marker", key)
        return self._bucket.hidden(key)

    def read(self, key: str, *, etag: str, size: int | None = None) -> Iterator[bytes]:
        """Yield the pinned object; raise for a cut or a damaged body."""
        self._before("read", key)
        version = self._pinned(key, etag)
        body = version.body or b""
        if size not in {None, len(body)}:
            raise StorageUnavailableError("S3 sent other bytes than were asked for.")
        half = len(body) // 2
        yield body[:half]
        if self._wires.strikes("S3 read cut short"):
            raise StorageUnavailableError("The body ended early.")
        flipped = self._wires.strikes("S3 bit flipped")
        if flipped and version.checksummed:
            raise StorageUnavailableError("The checksum does not match.")
        rest = body[half:]
        yield bytes([rest[0] ^ 1]) + rest[1:] if flipped and rest else rest
        self._wires.after("read", key)

    def load(self, key: str) -> bytes | None:
        """Return a small object, or None."""
        self._before("load", key)
        version = self._bucket.current(key)
        return version.body if version else None

    def publish(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str,
        metadata: Mapping[str, str] = NO_METADATA,
    ) -> None:
        """Store bytes or a file, unless the object has the same bytes already."""
        body = content.read_bytes() if isinstance(content, Path) else content
        assert content_type
        self._before("publish", key)
        current = self._bucket.current(key)
        if current is None or current.body != body:
            self._bucket.put(key, body, metadata=metadata)
        self._after("publish", key)
        if self._wires.strikes("S3 answer lost"):
            raise StorageUnavailableError("The answer to the PUT is lost.")

    def publish_once(
        self, key: str, path: Path, *, content_type: str, metadata: Mapping[str, str]
    ) -> int:
        """Store a file, unless an object of the same metadata lies there."""
        assert content_type
        self._before("publish", key)
        current = self._bucket.stored(key)
        size = current.size if current else 0
        if current is None or not metadata.items() <= current.metadata.items():
            body = path.read_bytes()
            self._bucket.put(key, body, metadata=metadata)
            size = len(body)
        self._after("publish", key)
        if self._wires.strikes("S3 answer lost"):
            raise StorageUnavailableError("The answer to the PUT is lost.")
        return size

    def publish_over(
        self, key: str, body: bytes, *, etag: str | None, content_type: str
    ) -> str:
        """Write `body` over the object with `etag`, or over no object."""
        assert content_type
        self._before("publish", key)
        current = self._bucket.current(key)
        if current is None or current.body != body:
            if (current.etag if current else None) != etag:
                raise StorageUnavailableError("The result's key is in motion.")
            current = self._bucket.put(key, body)
        self._after("publish", key)
        if self._wires.strikes("S3 answer lost"):
            raise StorageUnavailableError("The answer to the PUT is lost.")
        return current.etag

    def keys_below(self, prefix: str) -> list[str]:
        """Return the keys of live objects that begin with `prefix`."""
        self._before("keys_below", prefix)
        keys = [key for key in self._bucket.versions if key.startswith(prefix)]
        return sorted(key for key in keys if self._bucket.current(key) is not None)

    def restore(self, key: str, *, version_id: str) -> None:
        """Copy a version back, where no object lies under the key."""
        self._before("restore", key)
        if self._bucket.current(key) is not None:
            raise SourceChangedError("The object under the key is another one now.")
        version = self._bucket.version(key, version_id)
        if version is None or version.body is None:
            raise ObjectNotFoundError("The version is gone.")
        self._bucket.put(key, version.body, checksummed=version.checksummed)
        self._after("restore", key)
        if self._wires.strikes("S3 answer lost"):
            # boto3 has sent the copy again, and S3 found the first copy.
            raise SourceChangedError("The object under the key is another one now.")

    def delete(self, key: str, *, etag: str) -> None:
        """Put a delete marker on the pinned object."""
        self._before("delete", key)
        self._pinned(key, etag)
        self._bucket.delete(key)
        self._after("delete", key)
        if self._wires.strikes("S3 answer lost"):
            # boto3 repeats the delete, and S3 finds no object any more.
            raise ObjectNotFoundError("No object is stored under the key.")

    def _before(self, call: str, key: str) -> None:
        self._wires.before(call, key)
        if self._wires.strikes("S3 unavailable"):
            raise StorageUnavailableError("S3 answered 503 SlowDown.")
        if is_optional(key):
            if self._wires.strikes("optional output denied"):
                raise InternalError("S3 answered 403 AccessDenied.")
            if self._bucket.now() < self._bucket.refuses_until:
                raise StorageUnavailableError("S3 answered 503 SlowDown.")

    def _after(self, call: str, key: str) -> None:
        self._wires.after(call, key)

    def _pinned(self, key: str, etag: str) -> Version:
        current = self._bucket.current(key)
        if current is None:
            raise ObjectNotFoundError("No object is stored under the key.")
        if current.etag != etag:
            raise SourceChangedError("The object under the key is another one now.")
        return current
