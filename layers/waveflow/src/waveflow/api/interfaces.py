"""Define the protocols by which jobs reach Step Functions and S3.

`api/adapters` implements them; `waveflow.ports` has the protocols of the stages.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from waveflow.api.schemas import FormBody, Json, JsonObject

CONTENT_TYPE = "application/octet-stream"  # stages look at the content, never at a type


class Execution(Struct, frozen=True, kw_only=True):
    """Execution of the state machine, as Step Functions describes the execution."""

    name: str
    status: str
    record: JsonObject
    output: Json = None
    error: str = ""
    cause: str = ""

    @property
    def result(self) -> JsonObject:
        """Return the result in the execution's output; {} where the output has none."""
        output = self.output if isinstance(self.output, dict) else {}
        return output.get("result") or {}


class HistoryEvent(Struct, frozen=True, kw_only=True):
    """Entry of an execution's history; `at` is ISO 8601 in UTC."""

    number: int
    kind: str
    at: str
    state: str = ""


class Machine(Protocol):
    """State machine, whose executions are identified by their names.

    Reads lag behind: an execution of a moment ago may look unknown, and an ended
    execution may look running. Every method raises `StorageUnavailableError` for a
    failure that may pass.
    """

    def start(self, name: str, record: Mapping[str, object]) -> bool:
        """Start an execution; return False where its name is taken already."""
        ...

    def describe(self, name: str) -> Execution | None:
        """Return the execution of a name; None for a name unknown or forgotten."""
        ...

    def history(self, name: str) -> Sequence[HistoryEvent]:
        """Return all history events of an execution, the oldest first."""
        ...


class Part(Struct, frozen=True, kw_only=True):
    """Part of a multipart upload that S3 holds."""

    number: int
    etag: str
    size: int


class UploadStore(Protocol):
    """S3 bucket that receives uploads; its methods raise as `ObjectStore` does."""

    def url_of(self, key: str) -> str:
        """Return the address of an S3 object, as `s3://bucket/key`."""
        ...

    def put(
        self,
        key: str,
        body: bytes | bytearray,
        *,
        sha256: bytes,
        content_type: str = CONTENT_TYPE,
    ) -> None:
        """Store a small S3 object in one PUT, with the SHA-256 of its content.

        Equal bytes under the key are a success. Raises `SourceChangedError` when other
        bytes are there.
        """
        ...

    def begin(self, key: str) -> str:
        """Begin an S3 multipart upload and return its upload id."""
        ...

    def add(self, key: str, upload: str, *, number: int, body: bytearray) -> Part:
        """Send one part of a multipart upload to S3, and return the part."""
        ...

    def parts(self, key: str, upload: str) -> list[Part] | None:
        """Return the parts that S3 holds; None for a joined or aborted upload."""
        ...

    def finish(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """Join the parts into one S3 object; a repeated call changes nothing."""
        ...

    def abort(self, key: str, upload: str) -> None:
        """Abort a multipart upload and remove its parts; repeats change nothing."""
        ...

    def sign_post(self, key: str, *, max_bytes: int, seconds: int) -> FormBody:
        """Return a presigned form that uploads at most `max_bytes` to S3."""
        ...

    def sign_part(
        self, key: str, upload: str, *, number: int, size: int, seconds: int
    ) -> str:
        """Return a presigned URL that uploads one part of exactly `size` bytes."""
        ...

    def sign_get(self, key: str, *, filename: str | None, seconds: int) -> str:
        """Return a presigned URL that downloads an S3 object, as `filename`."""
        ...
