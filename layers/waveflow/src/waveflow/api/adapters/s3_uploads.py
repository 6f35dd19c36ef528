"""Store uploads in S3: whole, in parts, or by requests signed for the client."""

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from waveflow.adapters.aws_errors import AWS_ERRORS, MISSING, S3_ERRORS, code_of
from waveflow.adapters.s3_objects import digest_of
from waveflow.api.interfaces import CONTENT_TYPE, Part
from waveflow.api.schemas import FormBody
from waveflow.errors import (
    InternalError,
    SourceChangedError,
    StorageUnavailableError,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

_OVER = {"NoSuchUpload"}  # the upload was joined or removed before


class S3UploadStore:
    """S3 bucket that receives the uploads of the HTTP API."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def url_of(self, key: str) -> str:
        """Return the address of an S3 object, as `s3://bucket/key`."""
        return f"s3://{self._bucket}/{key}"

    def put(
        self,
        key: str,
        body: bytes | bytearray,
        *,
        sha256: bytes,
        content_type: str = CONTENT_TYPE,
    ) -> None:
        """Store a small S3 object in one PUT, with its SHA-256 as S3's checksum."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,  # type: ignore[arg-type] # botocore takes a bytearray uncopied
                ContentType=content_type,
                ChecksumSHA256=base64.b64encode(sha256).decode(),
                IfNoneMatch="*",
            )
        except AWS_ERRORS as exc:
            error = S3_ERRORS.translated(exc)
            # S3 also refuses a repeated PUT whose first response was lost.
            taken = isinstance(error, SourceChangedError)
            if not taken or not self._has_bytes(key, len(body), sha256):
                raise error from exc

    def begin(self, key: str) -> str:
        """Begin an S3 multipart upload and return its upload id."""
        try:
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=CONTENT_TYPE
            )
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc
        return begun["UploadId"]

    def add(self, key: str, upload: str, *, number: int, body: bytearray) -> Part:
        """Send one part of a multipart upload to S3, and return the part."""
        try:
            added = self._client.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=body,  # type: ignore[arg-type] # botocore takes a bytearray uncopied
            )
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc
        return Part(number=number, etag=added["ETag"], size=len(body))

    def parts(self, key: str, upload: str) -> list[Part] | None:
        """Return the parts that S3 holds; None for a joined or aborted upload."""
        try:
            pages = self._client.get_paginator("list_parts").paginate(
                Bucket=self._bucket, Key=key, UploadId=upload
            )
            return [
                Part(number=part["PartNumber"], etag=part["ETag"], size=part["Size"])
                for page in pages
                for part in page.get("Parts", [])
            ]
        except AWS_ERRORS as exc:
            if code_of(exc) in _OVER:
                return None
            raise S3_ERRORS.translated(exc) from exc

    def finish(self, key: str, upload: str, parts: Sequence[Part]) -> None:
        """Join the parts into one S3 object; a repeated call changes nothing."""
        named = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        try:
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": named},  # type: ignore[typeddict-item] # a list is a sequence
            )
        except AWS_ERRORS as exc:
            if code_of(exc) not in _OVER:
                raise S3_ERRORS.translated(exc) from exc
            # S3 also refuses a repeated call whose first response was lost.
            if not self._has_parts(key, parts):
                raise InternalError(
                    "S3 knows neither the upload nor its object."
                ) from exc

    def _has_bytes(self, key: str, size: int, sha256: bytes) -> bool:
        """Tell whether an S3 object has these bytes, by checksum or by reading."""
        head = self._head(key)
        if head["ContentLength"] != size:
            return False
        known = digest_of(head.get("ChecksumSHA256"))
        if known is not None:
            return known == sha256
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return hashlib.sha256(answer["Body"].read()).digest() == sha256
        except AWS_ERRORS as exc:
            raise S3_ERRORS.translated(exc) from exc

    def _has_parts(self, key: str, parts: Sequence[Part]) -> bool:
        """Tell whether an S3 object was joined from these parts, by its ETag.

        The ETag of joined parts ends with their number, under KMS too.
        """
        head = self._head(key)
        whole = head["ContentLength"] == sum(part.size for part in parts)
        return whole and head["ETag"].strip('"').endswith(f"-{len(parts)}")

    def _head(self, key: str) -> "HeadObjectOutputTypeDef":
        try:
            return self._client.head_object(
                Bucket=self._bucket, Key=key, ChecksumMode="ENABLED"
            )
        except AWS_ERRORS as exc:
            if code_of(exc) in MISSING:
                message = "The upload's key is in motion."
                raise StorageUnavailableError(message) from exc
            raise S3_ERRORS.translated(exc) from exc

    def abort(self, key: str, upload: str) -> None:
        """Abort a multipart upload and remove its parts; repeats change nothing."""
        try:
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload
            )
        except AWS_ERRORS as exc:
            if code_of(exc) not in _OVER:
                raise S3_ERRORS.translated(exc) from exc

    def sign_post(self, key: str, *, max_bytes: int, seconds: int) -> FormBody:
        """Return a presigned form that uploads at most `max_bytes` to S3."""
        signed = self._client.generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": CONTENT_TYPE},
            Conditions=[
                {"Content-Type": CONTENT_TYPE},
                ["content-length-range", 1, max_bytes],
            ],
            ExpiresIn=seconds,
        )
        return FormBody(url=signed["url"], fields=signed["fields"])

    def sign_part(
        self, key: str, upload: str, *, number: int, size: int, seconds: int
    ) -> str:
        """Return a presigned URL that uploads one part of a multipart upload.

        S3 refuses a body of another size, because `Content-Length` is signed too.
        """
        named = {"Bucket": self._bucket, "Key": key, "UploadId": upload}
        sized = {"PartNumber": number, "ContentLength": size}
        return self._client.generate_presigned_url(
            "upload_part", Params=named | sized, ExpiresIn=seconds
        )

    def sign_get(self, key: str, *, filename: str | None, seconds: int) -> str:
        """Return a presigned URL that downloads an S3 object, as `filename`."""
        named = {"Bucket": self._bucket, "Key": key}
        if filename is not None:
            header = f"attachment; filename*=UTF-8''{quote(filename)}"
            named["ResponseContentDisposition"] = header
        return self._client.generate_presigned_url(
            "get_object", Params=named, ExpiresIn=seconds
        )
