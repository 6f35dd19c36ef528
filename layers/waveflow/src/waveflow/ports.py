"""Define what the stages need of the world; adapters and fakes provide it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from waveflow.events.fields import JsonObject


class StoredObject(Struct, frozen=True, kw_only=True):
    """Describe an object as the store knows it without reading its bytes.

    `sha256` is the hexadecimal hash of the whole content, where the store keeps
    a hash. `last_modified` is ISO 8601 in UTC.
    """

    key: str
    etag: str
    size: int
    last_modified: str
    version_id: str | None = None
    sha256: str | None = None


class ObjectStore(Protocol):
    """Read, write and delete the objects of a bucket, under conditions.

    Every method raises `StorageUnavailableError` for a fault that may pass and
    `InternalError` for a fault that will not.
    """

    def find(self, key: str) -> StoredObject | None:
        """Return the current object, or None."""
        ...

    def has_delete_marker(self, key: str) -> bool:
        """Tell whether a delete marker hides the key's versions."""
        ...

    def read(self, key: str, *, etag: str) -> Iterator[bytes]:
        """Yield the whole pinned object, or raise.

        Raises `SourceChangedError` when another object is there now and
        `ObjectNotFoundError` when none is.
        """
        ...

    def load(self, key: str) -> bytes | None:
        """Return a small object of our own, or None."""
        ...

    def publish(self, key: str, body: bytes, *, content_type: str) -> None:
        """Make `body` the object, whole; equal bytes already there are left alone."""
        ...

    def publish_file(self, key: str, path: Path, *, content_type: str) -> None:
        """Make a file of any length the object, as `publish` does."""
        ...

    def publish_over(
        self, key: str, body: bytes, *, etag: str | None, content_type: str
    ) -> str:
        """Make `body` the object in place of the one with `etag`, or of none.

        Returns the new object's ETag, and raises `StorageUnavailableError` when
        something else is there now.
        """
        ...

    def keys_below(self, prefix: str) -> list[str]:
        """Return at most 1,000 keys that begin with `prefix`."""
        ...

    def restore(self, key: str, *, version_id: str) -> None:
        """Copy a version of the key back, where no object lies under the key.

        Raises `SourceChangedError` when an object is there, and
        `ObjectNotFoundError` when the version is gone.
        """
        ...

    def delete(self, key: str, *, etag: str) -> None:
        """Hide the pinned object behind a delete marker.

        Raises `SourceChangedError` when another object is there now and
        `ObjectNotFoundError` when none is.
        """
        ...


class Webhook(Protocol):
    """Deliver webhooks to the server."""

    def post(self, path: str, payload: JsonObject, *, webhook_id: str) -> bytes:
        """Deliver `payload` signed, and return the body of the 2xx answer.

        Raises `WebhookRejectedError` or `WebhookUnavailableError`.
        """
        ...


class TaskTokens(Protocol):
    """Answer the tasks in which the machine waits."""

    def succeed(self, token: str, output: JsonObject) -> None:
        """Close a waiting task with `output`; a task that is closed stays as it is."""
        ...


class Policy(Struct, frozen=True, kw_only=True):
    """Carry the operator's choices to the stages, and the folder they work in.

    `scratch` is the folder for temporary files; None is the system's own.
    """

    allowed_prefixes: tuple[str, ...]
    max_file_bytes: int
    dedupe_mode: str
    verdict_mode: str
    scratch: Path | None = None
