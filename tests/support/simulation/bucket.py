"""A model of a versioned S3 bucket."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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
    ever: dict[str, set[str]] = field(default_factory=dict)  # hashes put, by key
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
        self.ever.setdefault(key, set()).add(digest)
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

    def remove(self, key: str, version_id: str) -> None:
        """Remove a version or a delete marker for good; a missing one is no fault."""
        self._uncount(key)
        kept = [v for v in self.versions.get(key, []) if v.version_id != version_id]
        self.versions[key] = kept
        if not kept:
            del self.versions[key]
        current = self.current(key)
        if current is not None and key.startswith(UPLOADS):
            self.copies[current.sha256] += 1

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
