"""Define the protocols by which stages reach S3, webhooks and task tokens."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from waveflow.events.fields import JsonObject

# Names of S3 metadata: the SHA-256 of the source audio, and the number of the algorithm
# that made an object of that audio.
SOURCE, DRAWN_BY = "waveflow-source", "waveflow-algorithm"
NO_METADATA: Mapping[str, str] = MappingProxyType({})


class StoredObject(Struct, frozen=True, kw_only=True):
    """Describe an S3 object by its metadata, without reading its bytes.

    `sha256` is the hexadecimal hash of the whole content, where the store keeps
    a hash. `last_modified` is ISO 8601 in UTC. `metadata` has the names that S3
    prefixes with `x-amz-meta-`.
    """

    key: str
    etag: str
    size: int
    last_modified: str
    version_id: str | None = None
    sha256: str | None = None
    metadata: dict[str, str] = {}


def replace_any(_: StoredObject) -> None:
    """Allow `publish` to replace any object."""


class ObjectStore(Protocol):
    """Read, write and delete the objects of an S3 bucket, under ETag conditions.

    Every method raises `StorageUnavailableError` for a fault that may pass and
    `InternalError` for a fault that will not.
    """

    def find(self, key: str) -> StoredObject | None:
        """Return the metadata of the object under an S3 key, or None without one."""
        ...

    def has_delete_marker(self, key: str) -> bool:
        """Tell whether a delete marker hides the versions under an S3 key."""
        ...

    def read(self, key: str, *, etag: str, size: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of the whole object with this ETag and size, or raise.

        Raises `SourceChangedError` when another object is there now and
        `ObjectNotFoundError` when none is.
        """
        ...

    def load(self, key: str) -> bytes | None:
        """Return the bytes of a small object that WaveFlow wrote, or None."""
        ...

    def publish(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str,
        metadata: Mapping[str, str] = NO_METADATA,
        check: Callable[[StoredObject], None] = replace_any,
    ) -> None:
        """Write bytes or a file under an S3 key; equal bytes there are left alone.

        An object with the metadata SOURCE tells browsers to ask S3 before each use.
        `check` gets the object that lies under the key, and raises where that object
        must not be replaced.
        """
        ...

    def publish_once(
        self, key: str, path: Path, *, content_type: str, metadata: Mapping[str, str]
    ) -> int:
        """Write a file under an S3 key; an object with the same metadata stays.

        Returns the size in bytes of the object that lies there then.
        """
        ...

    def publish_over(
        self, key: str, body: bytes, *, etag: str | None, content_type: str
    ) -> str:
        """Write `body` over the object with `etag`; None means a key without one.

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
        """Hide the object with this ETag behind an S3 delete marker.

        Raises `SourceChangedError` when another object is there now and
        `ObjectNotFoundError` when none is.
        """
        ...


class Webhook(Protocol):
    """Deliver webhooks to the platform's server."""

    def post(self, path: str, payload: JsonObject, *, webhook_id: str) -> bytes:
        """POST the signed `payload`, and return the body of the 2xx response.

        Raises `WebhookRejectedError` or `WebhookUnavailableError`.
        """
        ...


class TaskTokens(Protocol):
    """Complete the state machine's tasks that wait with a task token."""

    def succeed(self, token: str, output: JsonObject) -> None:
        """Complete a waiting task with `output`; a closed task stays as it is."""
        ...


class Policy(Struct, frozen=True, kw_only=True):
    """Carry the operator's settings to the stages, and their temporary folder.

    `zoom_levels` and `audio_id` ask for every job whose message does not say.
    `scratch` is the folder for temporary files; None is the system's own.
    """

    allowed_prefixes: tuple[str, ...]
    max_file_bytes: int
    dedupe_mode: str
    verdict_mode: str
    zoom_levels: tuple[int, ...] = ()
    audio_id: bool = False
    scratch: Path | None = None
