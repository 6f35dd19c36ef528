"""Read, write and delete S3 objects, under conditions on their ETags."""

import base64
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from waveflow.adapters.aws_errors import AWS_ERRORS, MISSING, S3_ERRORS, code_of
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
        HeadObjectOutputTypeDef,
        PutObjectOutputTypeDef,
    )

CHUNK_BYTES = 1 << 20
# A key can be written again, so a browser has to ask before each use.
PRIVATE = "private, no-cache"
RESUMES = 2  # ranges asked for after a body was cut short; boto3 never continues a body

Headers = dict[str, Any]  # arguments of put_object that become HTTP headers


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
        return _stored_object(key, head)

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

        Equal bytes already there are left alone. `check` raises for an object that
        must stay.
        """
        with _opened(content) as body:
            digest = hashlib.file_digest(body, "sha256")

        def put(**condition: str) -> None:
            with _opened(content) as body:
                self._put(
                    key,
                    body,
                    sha256=digest.digest(),
                    headers=_headers(content_type, metadata),
                    **condition,
                )

        try:
            put(IfNoneMatch="*")
        except SourceChangedError:
            # S3 also refuses a repeated PUT whose first response was lost.
            existing = self.find(key)
            if existing is None:
                raise StorageUnavailableError(
                    "The result's key is in motion."
                ) from None
            check(existing)
            if self._hash(existing) != digest.hexdigest():
                self._replace(put, existing)

    def publish_over(
        self, key: str, body: bytes, *, etag: str | None, content_type: str
    ) -> str:
        """Write `body` over the object with `etag`; None means a key without one."""
        digest = hashlib.sha256(body)
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        try:
            written = self._put(
                key,
                io.BytesIO(body),
                sha256=digest.digest(),
                headers=_headers(content_type),
                **condition,
            )
            return written["ETag"]
        except (SourceChangedError, ObjectNotFoundError) as exc:
            # S3 also refuses a repeated PUT whose first response was lost.
            existing = self.find(key)
            if existing is None or self._hash(existing) != digest.hexdigest():
                raise StorageUnavailableError("The result's key is in motion.") from exc
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
        body: io.BytesIO | io.BufferedReader,
        *,
        sha256: bytes,
        headers: Headers,
        **condition: str,
    ) -> "PutObjectOutputTypeDef":
        """PUT an object under one condition: If-Match or If-None-Match."""
        try:
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

    def _replace(self, put: Callable[..., None], existing: StoredObject) -> None:
        try:
            put(IfMatch=existing.etag)
        except (SourceChangedError, ObjectNotFoundError) as exc:
            raise StorageUnavailableError("The result's key is in motion.") from exc

    def _hash(self, stored: StoredObject) -> str:
        if stored.sha256 is not None:
            return stored.sha256
        digest = hashlib.sha256()
        for chunk in self.read(stored.key, etag=stored.etag, size=stored.size):
            digest.update(chunk)
        return digest.hexdigest()


def _stored_object(key: str, head: "HeadObjectOutputTypeDef") -> StoredObject:
    whole = head.get("ChecksumType") == "FULL_OBJECT"
    digest = digest_of(head.get("ChecksumSHA256")) if whole else None
    return StoredObject(
        key=key,
        etag=head["ETag"],
        size=head["ContentLength"],
        last_modified=head["LastModified"].astimezone(UTC).isoformat(),
        version_id=head.get("VersionId"),
        sha256=digest.hex() if digest else None,
        metadata=head.get("Metadata", {}),
    )


def _opened(content: bytes | Path) -> io.BytesIO | io.BufferedReader:
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)


def _headers(content_type: str, metadata: Mapping[str, str] = NO_METADATA) -> Headers:
    if not metadata:
        return {"ContentType": content_type}
    return {
        "ContentType": content_type,
        "CacheControl": PRIVATE,
        "Metadata": dict(metadata),
    }


def digest_of(checksum: str | None) -> bytes | None:
    """Return the SHA-256 in an S3 checksum; None where the checksum is malformed."""
    try:
        digest = base64.b64decode(checksum or "", validate=True)
    except ValueError:
        return None
    return digest if len(digest) == hashlib.sha256().digest_size else None
