"""Read, write and delete S3 objects, under conditions on their ETags."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from waveflow.adapters.aws_errors import AWS_ERRORS, MISSING, S3_ERRORS, code_of
from waveflow.adapters.s3_objects import (
    Headers,
    carries,
    hash_of,
    headers_of,
    opened,
    stored_object,
)
from waveflow.errors import (
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
)
from waveflow.ports import NO_METADATA, StoredObject, replace_any

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        CopySourceTypeDef,
        PutObjectOutputTypeDef,
    )

CHUNK_BYTES = 1 << 20
RESUMES = 2  # ranges asked for after a body was cut short; boto3 never continues a body

IN_MOTION = "The result's key is in motion."  # two writers at once: a retry decides


class S3ObjectStore:
    """S3 bucket that holds both the uploads and WaveFlow's results."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def find(self, key: str) -> StoredObject | None:
        """Return the metadata of the object under an S3 key, or None without one."""
        try:
            head = self._client.head_object(
                Bucket=self._bucket, Key=key, ChecksumMode="ENABLED"
            )
        except AWS_ERRORS as exc:
            if code_of(exc) in MISSING:
                return None
            raise S3_ERRORS.translated(exc) from exc
        return stored_object(key, head)

    def has_delete_marker(self, key: str) -> bool:
        """Tell whether a delete marker hides the versions under an S3 key."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except AWS_ERRORS as exc:
            if not isinstance(exc, ClientError) or code_of(exc) not in MISSING:
                raise S3_ERRORS.translated(exc) from exc
            headers = exc.response["ResponseMetadata"]["HTTPHeaders"]
            return headers.get("x-amz-delete-marker") == "true"
        return False

    def read(self, key: str, *, etag: str, size: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of the object with this ETag, resuming a cut download.

        `size` is the object's size by HEAD; without it the first GET's length counts.
        """
        offset = 0
        for attempt in range(RESUMES + 1):
            body, size = self._open(key, etag=etag, offset=offset, size=size)
            try:
                with closing(body):
                    for chunk in body.iter_chunks(CHUNK_BYTES):
                        offset += len(chunk)
                        yield chunk
            except AWS_ERRORS as exc:
                error = S3_ERRORS.translated(exc)
                passes = isinstance(error, StorageUnavailableError)
                # The ETag pins the object, so that the rest belongs to the same bytes.
                if not passes or attempt == RESUMES or offset >= size:
                    raise error from exc
                continue
            if offset == size:
                return
        raise StorageUnavailableError(f"The object ended after {offset} bytes.")

    def load(self, key: str) -> bytes | None:
        """Return the bytes of a small object that WaveFlow wrote, or None."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return answer["Body"].read()
        except AWS_ERRORS as exc:
            if code_of(exc) in MISSING:
                return None
            raise S3_ERRORS.translated(exc) from exc

    def publish(
        self,
        key: str,
        content: bytes | Path,
        *,
        content_type: str,
        metadata: Mapping[str, str] = NO_METADATA,
        check: Callable[[StoredObject], None] = replace_any,
    ) -> None:
        """Write bytes or a file under an S3 key in one PUT, which takes up to 5 GiB.

        Equal bytes already there are left alone. `check` raises for a stored object
        that must not be replaced.
        """
        digest, headers = hash_of(content), headers_of(content_type, metadata)
        put = partial(self._put, key, content, sha256=digest, headers=headers)
        try:
            put(etag=None)
        except SourceChangedError as exc:
            # S3 also refuses a repeated PUT whose first response was lost.
            existing = self.find(key)
            if existing is None:
                raise StorageUnavailableError(IN_MOTION) from exc
            check(existing)
            if self._hash(existing) != digest.hex():
                self._replace(put, existing)

    def publish_once(
        self, key: str, path: Path, *, content_type: str, metadata: Mapping[str, str]
    ) -> int:
        """Write a file under an S3 key in one PUT; an object of equal metadata stays.

        Returns the size in bytes of the object that lies there then.
        """
        existing = self.find(key)
        if carries(existing, metadata):
            return existing.size
        digest, headers = hash_of(path), headers_of(content_type, metadata)
        put = partial(self._put, key, path, sha256=digest, headers=headers)
        try:
            put(etag=existing.etag if existing else None)
        except (SourceChangedError, ObjectNotFoundError) as exc:
            # S3 also refuses a repeated PUT whose first response was lost.
            existing = self.find(key)
            if not carries(existing, metadata):
                raise StorageUnavailableError(IN_MOTION) from exc
            return existing.size
        return path.stat().st_size

    def publish_over(
        self, key: str, body: bytes, *, etag: str | None, content_type: str
    ) -> str:
        """Write `body` over the object with `etag`; None means a key without one."""
        digest, headers = hash_of(body), headers_of(content_type)
        try:
            written = self._put(key, body, sha256=digest, headers=headers, etag=etag)
            return written["ETag"]
        except (SourceChangedError, ObjectNotFoundError) as exc:
            # S3 also refuses a repeated PUT whose first response was lost.
            existing = self.find(key)
            if existing is None or self._hash(existing) != digest.hex():
                raise StorageUnavailableError(IN_MOTION) from exc
            return existing.etag

    def keys_below(self, prefix: str) -> list[str]:
        """Return at most 1,000 keys that begin with `prefix`."""
        try:
            listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix)
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def restore(self, key: str, *, version_id: str) -> None:
        """Copy a version of the key back, where no object lies under the key."""
        source: CopySourceTypeDef = {
            "Bucket": self._bucket,
            "Key": key,
            "VersionId": version_id,
        }
        try:
            # Copying the tags too would need rights on the tags of every upload.
            self._client.copy_object(
                Bucket=self._bucket,
                Key=key,
                CopySource=source,
                IfNoneMatch="*",
                TaggingDirective="REPLACE",
            )
        except AWS_ERRORS as exc:
            if code_of(exc) == "NoSuchVersion":
                raise ObjectNotFoundError("The version is gone.") from exc
            raise S3_ERRORS.translated(exc) from exc

    def delete(self, key: str, *, etag: str) -> None:
        """Hide the object with this ETag behind an S3 delete marker."""
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key, IfMatch=etag)
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc

    def _open(
        self, key: str, *, etag: str, offset: int, size: int | None
    ) -> tuple["StreamingBody", int]:
        """Return the object's body from `offset` on, and the whole object's size."""
        span: dict[str, Any] = {"Range": f"bytes={offset}-"} if offset else {}
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, IfMatch=etag, **span
            )
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc
        length = answer["ContentLength"]
        whole = length if size is None else size
        # Only the status 206 has a Content-Range, and each range has its own.
        wanted = f"bytes {offset}-{whole - 1}/{whole}" if offset else None
        if length != whole - offset or answer.get("ContentRange") != wanted:
            answer["Body"].close()
            raise StorageUnavailableError("S3 sent other bytes than were asked for.")
        return answer["Body"], whole

    def _put(
        self,
        key: str,
        content: bytes | Path,
        *,
        sha256: bytes,
        headers: Headers,
        etag: str | None,
    ) -> "PutObjectOutputTypeDef":
        """PUT an object over the object with `etag`; None means a key without one."""
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        try:
            with opened(content) as body:
                return self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ChecksumSHA256=base64.b64encode(sha256).decode(),
                    **headers,
                    **condition,  # type: ignore[arg-type] # one of two header names
                )
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc

    def _replace(self, put: Callable[..., object], existing: StoredObject) -> None:
        try:
            put(etag=existing.etag)
        except (SourceChangedError, ObjectNotFoundError) as exc:
            raise StorageUnavailableError(IN_MOTION) from exc

    def _hash(self, stored: StoredObject) -> str:
        """Return the SHA-256 of one of our results, which no writer may exchange."""
        if stored.sha256 is not None:
            return stored.sha256
        digest = hashlib.sha256()
        try:
            for chunk in self.read(stored.key, etag=stored.etag, size=stored.size):
                digest.update(chunk)
        except (SourceChangedError, ObjectNotFoundError) as exc:
            raise StorageUnavailableError(IN_MOTION) from exc
        return digest.hexdigest()
