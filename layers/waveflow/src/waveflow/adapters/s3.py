"""Read, write and delete S3 objects, under conditions on their ETags."""

import base64
import hashlib
import io
from collections.abc import Callable, Iterator
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
from waveflow.ports import StoredObject

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef, PutObjectOutputTypeDef

CHUNK_BYTES = 1 << 20
RESUMES = 2  # ranges asked for after a body was cut short; boto3 never continues a body


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

    def read(self, key: str, *, etag: str) -> Iterator[bytes]:
        """Yield the bytes of the object with this ETag, resuming a cut download."""
        offset = 0
        for attempt in range(RESUMES + 1):
            body, size = self._open(key, etag=etag, offset=offset)
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

    def publish(self, key: str, body: bytes, *, content_type: str) -> None:
        """Write `body` under an S3 key; equal bytes already there are left alone."""
        self._publish(key, lambda: io.BytesIO(body), content_type=content_type)

    def publish_file(self, key: str, path: Path, *, content_type: str) -> None:
        """Write a file under an S3 key in one PUT: whole or not at all, to 5 GiB."""
        self._publish(key, lambda: path.open("rb"), content_type=content_type)

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
                content_type=content_type,
                **condition,
            )
            return written["ETag"]
        except (SourceChangedError, ObjectNotFoundError) as exc:
            # S3 also refuses a repeated PUT whose first response was lost.
            existing = self.find(key)
            if existing is None or self._hash(existing) != digest.hexdigest():
                raise StorageUnavailableError("The result's key is in motion.") from exc
            return existing.etag

    def delete(self, key: str, *, etag: str) -> None:
        """Hide the object with this ETag behind an S3 delete marker."""
        try:
            self._client.delete_object(Bucket=self._bucket, Key=key, IfMatch=etag)
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc

    def _open(self, key: str, *, etag: str, offset: int) -> tuple["StreamingBody", int]:
        span: dict[str, Any] = {"Range": f"bytes={offset}-"} if offset else {}
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, IfMatch=etag, **span
            )
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc
        return answer["Body"], offset + answer["ContentLength"]

    def _publish(
        self,
        key: str,
        open_body: Callable[[], io.BytesIO | io.BufferedReader],
        *,
        content_type: str,
    ) -> None:
        with open_body() as body:
            digest = hashlib.file_digest(body, "sha256")

        def put(**condition: str) -> None:
            with open_body() as body:
                self._put(
                    key,
                    body,
                    sha256=digest.digest(),
                    content_type=content_type,
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
            if self._hash(existing) != digest.hexdigest():
                self._replace(put, existing)

    def _put(
        self,
        key: str,
        body: io.BytesIO | io.BufferedReader,
        *,
        sha256: bytes,
        content_type: str,
        **condition: str,
    ) -> "PutObjectOutputTypeDef":
        """PUT an object under one condition: If-Match or If-None-Match."""
        try:
            return self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                ChecksumSHA256=base64.b64encode(sha256).decode(),
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
        for chunk in self.read(stored.key, etag=stored.etag):
            digest.update(chunk)
        return digest.hexdigest()


def _stored_object(key: str, head: "HeadObjectOutputTypeDef") -> StoredObject:
    whole = head.get("ChecksumType") == "FULL_OBJECT"
    sha256 = head.get("ChecksumSHA256") if whole else None
    return StoredObject(
        key=key,
        etag=head["ETag"],
        size=head["ContentLength"],
        last_modified=head["LastModified"].astimezone(UTC).isoformat(),
        version_id=head.get("VersionId"),
        sha256=base64.b64decode(sha256).hex() if sha256 else None,
    )
