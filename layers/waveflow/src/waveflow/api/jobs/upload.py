"""Stream an upload into S3: never whole in memory, never half in the bucket."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from waveflow.api.interfaces import Part, UploadStore
from waveflow.errors import EmptyAudioError, FileTooLargeError

PART_BYTES = 5 << 20  # the smallest part that S3 takes, so the least memory


class StreamedUpload:
    """Upload that goes to S3 in parts; on exit, an upload not kept is removed.

    Bytes that fit one part stay in memory until `keep`, so that a refused upload
    leaves no object. `size` and `sha256` (hexadecimal) are those of all chunks taken.
    """

    def __init__(self, key: str, *, store: UploadStore, max_bytes: int) -> None:
        self.key = key
        self.size = 0
        self.sha256 = ""
        self._store = store
        self._max_bytes = max_bytes
        self._digest = hashlib.sha256()
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[Part] = []
        self._kept = False

    async def __aenter__(self) -> Self:
        """Return the upload, before S3 has any byte of the file."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the uploaded parts from S3, unless the object was kept."""
        self._buffer.clear()
        if self._upload is not None and not self._kept:
            abort = asyncio.to_thread(self._store.abort, self.key, self._upload)
            # A client that hangs up cancels this task; the removal must still run.
            await asyncio.shield(asyncio.ensure_future(abort))

    async def take(self, chunks: AsyncIterator[bytes]) -> None:
        """Take all chunks of the upload, sending each full part to S3.

        Raises `FileTooLargeError` at the first chunk beyond the limit, and
        `EmptyAudioError` when no chunk had a byte.
        """
        async for chunk in chunks:
            self.size += len(chunk)
            if self.size > self._max_bytes:
                raise FileTooLargeError(
                    f"The file has more than {self._max_bytes} bytes."
                )
            self._digest.update(chunk)
            self._buffer += chunk
            if len(self._buffer) > PART_BYTES:
                await asyncio.to_thread(self._send_part)
        if self.size == 0:
            raise EmptyAudioError("The file has no bytes.")
        self.sha256 = self._digest.hexdigest()

    def keep(self) -> None:
        """Join the parts into one S3 object; blocking, so called from a thread."""
        if self._upload is None:
            self._store.put(self.key, self._buffer, sha256=self._digest.digest())
        else:
            self._send_part()
            self._store.finish(self.key, self._upload, self._parts)
        self._kept = True

    def _send_part(self) -> None:
        """Send the buffer to S3 as a part; all but the last exceed `PART_BYTES`."""
        if self._upload is None:
            self._upload = self._store.begin(self.key)
        body, self._buffer = self._buffer, bytearray()
        part = self._store.add(
            self.key, self._upload, number=len(self._parts) + 1, body=body
        )
        self._parts.append(part)
