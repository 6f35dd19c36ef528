"""Describe S3 objects by their headers, and requests to write S3 objects."""

import base64
import hashlib
import io
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from waveflow.ports import NO_METADATA, SOURCE, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

# A key can be written again, so a browser has to ask before each use.
PRIVATE = "private, no-cache"

Headers = dict[str, Any]  # arguments of put_object that become HTTP headers


def stored_object(key: str, head: "HeadObjectOutputTypeDef") -> StoredObject:
    """Return an S3 object as its HEAD describes the object."""
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


def opened(content: bytes | Path) -> io.BytesIO | io.BufferedReader:
    """Open the content of an object, bytes or a file, for reading."""
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)


def hash_of(content: bytes | Path) -> bytes:
    """Return the SHA-256 of an object's content, 32 bytes."""
    with opened(content) as body:
        return hashlib.file_digest(body, "sha256").digest()


def carries(
    stored: StoredObject | None, metadata: Mapping[str, str]
) -> TypeGuard[StoredObject]:
    """Tell whether an object is stored, and with all of these metadata."""
    return stored is not None and metadata.items() <= stored.metadata.items()


def headers_of(content_type: str, metadata: Mapping[str, str] = NO_METADATA) -> Headers:
    """Return the headers of a PUT; metadata SOURCE adds Cache-Control: private."""
    headers: Headers = {"ContentType": content_type}
    if metadata:
        headers["Metadata"] = dict(metadata)
    if SOURCE in metadata:
        headers["CacheControl"] = PRIVATE
    return headers


def digest_of(checksum: str | None) -> bytes | None:
    """Return the SHA-256 in an S3 checksum; None where the checksum is malformed."""
    try:
        digest = base64.b64decode(checksum or "", validate=True)
    except ValueError:
        return None
    return digest if len(digest) == hashlib.sha256().digest_size else None
