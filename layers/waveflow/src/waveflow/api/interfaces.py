"""Define the protocols by which jobs reach Step Functions and S3.

`api/adapters` implements them; `waveflow.ports` has the protocols of the stages.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from waveflow.api.schemas import FormBody, Json, JsonObject

CONTENT_TYPE = "application/octet-stream"  # stages look at the content, never at a type


class Execution(Struct, frozen=True, kw_only=True):
    """Execution of the state machine, as Step Functions describes it."""

    name: str
    status: str
    record: JsonObject
    output: Json = None
    error: str = ""
    cause: str = ""


class HistoryEvent(Struct, frozen=True, kw_only=True):
    """Entry of an execution's history; `at` is ISO 8601 in UTC."""

    number: int
    kind: str
    at: str
    state: str = ""


class Machine(Protocol):
    """State machine whose executions are known by their names.

    Every method raises `StorageUnavailableError` for a failure that may pass.
    """

    def start(self, name: str, record: Mapping[str, object]) -> bool:
        """Start an execution; return False where one has the name already."""
        ...

    def describe(self, name: str) -> Execution | None:
        """Return an execution; None for a name that is unknown or forgotten."""
        ...

    def history(self, name: str) -> Sequence[HistoryEvent]:
        """Return the events of an execution, the oldest first."""
        ...


class Part(Struct, frozen=True, kw_only=True):
    """Part of a multipart upload that the store holds."""

    number: int
    etag: str
    size: int


class UploadStore(Protocol):
    """Bucket that receives uploads; the methods raise as `ObjectStore` does."""

    def url_of(self, key: str) -> str:
        """Return the object's address, as `s3://bucket/key`."""
        ...

    def put(
        self,
        key: str,
        body: bytes | bytearray,
        *,
        sha256: bytes,
        content_type: str = CONTENT_TYPE,
    ) -> None:
        """Store a small object whole, with the hash of its content.

        Equal bytes under the key are a success. Raises `SourceChangedError` when other
        bytes are there.
        """
        ...

    def begin(self, key: str) -> str:
        """Begin a multipart upload and return its id."""
        ...

    def add(self, key: str, upload: str, *, number: int, body: bytearray) -> Part:
        """Store one part."""
        ...

    def parts(self, key: str, upload: str) -> list[Part] | None:
        """Return the parts that are there, or None when the upload is over."""
        ...

    def finish(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """Make the parts one object; parts that are one object already stay so."""
        ...

    def abort(self, key: str, upload: str) -> None:
        """Remove the parts; an upload that is over stays as it is."""
        ...

    def sign_post(self, key: str, *, max_bytes: int, seconds: int) -> FormBody:
        """Return a form that may upload at most `max_bytes` for some seconds."""
        ...

    def sign_part(self, key: str, upload: str, *, number: int, seconds: int) -> str:
        """Return a URL that takes one part."""
        ...

    def sign_get(self, key: str, *, filename: str | None, seconds: int) -> str:
        """Return a URL that gives the object, under `filename` if one is named."""
        ...
