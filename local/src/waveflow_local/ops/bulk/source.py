"""Open a manifest's bytes, from a file or from S3, in memory that does not grow."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 4 * 1024 * 1024
_ON_S3 = "s3://"


class Source(Protocol):
    """Offer the same bytes as often as they are read."""

    location: str

    def parts(self) -> Iterator[bytes]:
        """Yield the bytes from the first on, in parts of any length."""


def find_source(location: str, *, s3: "Callable[[], S3Client]") -> Source:
    """Return the bytes of a manifest on the disk, or of one at `s3://bucket/key`."""
    if not location.startswith(_ON_S3):
        return _File(location)
    bucket, _, key = location.removeprefix(_ON_S3).partition("/")
    if not bucket or not key:
        raise LocalError(f"{location} is no s3://bucket/key.")
    return _Object(s3(), location, bucket=bucket, key=key)


class _File:
    """Read a file, and refuse a file that somebody changed between two readings."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._first: tuple[int, int, int] | None = None

    def parts(self) -> Iterator[bytes]:
        try:
            with Path(self.location).open("rb") as file:
                self._check_unchanged(file)
                while part := file.read(PART_BYTES):
                    yield part
        except OSError as exc:
            reason = exc.strerror or str(exc)
            raise LocalError(f"{self.location} cannot be read: {reason}.") from exc

    def _check_unchanged(self, file: io.BufferedReader) -> None:
        seen = os.fstat(file.fileno())
        now = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
        if self._first not in {None, now}:
            raise LocalError(f"{self.location} has changed since it was checked.")
        self._first = now


class _Object:
    """Read an S3 object in ranges of one ETag: a run lasts longer than a connection."""

    def __init__(self, s3: "S3Client", location: str, *, bucket: str, key: str) -> None:
        self.location = location
        self._s3, self._bucket, self._key = s3, bucket, key
        self._pin: tuple[str, int] | None = None

    def parts(self) -> Iterator[bytes]:
        try:
            etag, size = self._pinned()
            for start in range(0, size, PART_BYTES):
                yield self._part(start, min(start + PART_BYTES, size) - 1, etag=etag)
        except (BotoCoreError, ClientError) as exc:
            raise LocalError(f"{self.location} cannot be read: {exc}") from exc

    def _pinned(self) -> tuple[str, int]:
        if self._pin is None:
            found = self._s3.head_object(Bucket=self._bucket, Key=self._key)
            self._pin = found["ETag"], found["ContentLength"]
        return self._pin

    def _part(self, first: int, last: int, *, etag: str) -> bytes:
        got = self._s3.get_object(
            Bucket=self._bucket,
            Key=self._key,
            IfMatch=etag,
            Range=f"bytes={first}-{last}",
        )
        return got["Body"].read()
