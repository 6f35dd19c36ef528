"""List, describe, hide and remove versions of S3 objects."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from waveflow.stages._used import mark_of

from waveflow_local.ops.erasing.places import Place
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        DeleteMarkerEntryTypeDef,
        HeadObjectOutputTypeDef,
        ObjectVersionTypeDef,
    )

AT_ONCE = 8  # reads side by side; boto3 keeps ten connections
PAGE = 1_000
_MISSING = {"404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}
_DENIED = {"403", "AccessDenied"}

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class DeniedError(LocalError):
    """The account does not allow a call; the sentence names key and answer."""


@dataclass(frozen=True)
class Version:
    """Describe one version of a key, or one delete marker."""

    key: str
    version_id: str
    is_marker: bool
    is_latest: bool
    written: datetime
    size: int = 0

    @property
    def mark(self) -> str:
        """Return what identifies the version in a journal, which holds no keys."""
        return f"{mark_of(self.key)}.{self.version_id}"


class Versions:
    """Reach every version of a bucket's objects.

    Raises `DeniedError` where the account says no, and `LocalError` for other faults.
    """

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def below(self, prefix: str) -> Iterator[list[Version]]:
        """Yield pages of the versions and delete markers whose keys have a prefix."""
        with _translated("list the versions", prefix):
            pages = self._s3.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                objects = [
                    _version(each, size=each["Size"])
                    for each in page.get("Versions", [])
                ]
                yield objects + [_version(e) for e in page.get("DeleteMarkers", [])]

    def of(self, place: Place) -> list[Version]:
        """Return the versions of a place in the order in which to remove them.

        What readers see goes last, after the older versions that it hides.
        """
        found = []
        for page in self.below(place.prefix):
            ours = [each for each in page if place.holds(each.key)]
            found += ours
            if not place.rest and len(ours) < len(page):
                break  # the key itself comes before all keys that it begins
        return sorted(
            found,
            key=lambda v: (v.key, v.is_latest, v.is_marker, v.written, v.version_id),
        )

    def metadata(self, version: Version) -> Mapping[str, str] | None:
        """Return the metadata of a version, or None where the version is gone."""
        head = self._head(version)
        return None if head is None else head["Metadata"]

    def etags(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield key and ETag of each object whose key has a prefix."""
        with _translated("list", prefix):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix
            )
            for page in pages:
                for entry in page.get("Contents", []):
                    yield entry["Key"], entry["ETag"]

    def etag(self, key: str) -> str | None:
        """Return the ETag of what readers see under a key, or None of nothing."""
        with _translated("look at", key):
            try:
                return self._s3.head_object(Bucket=self._bucket, Key=key)["ETag"]
            except ClientError as exc:
                if exc.response["Error"]["Code"] not in _MISSING:
                    raise
                return None

    def body(self, key: str) -> bytes | None:
        """Return the bytes of a small object, or None where none is."""
        with _translated("read", key):
            try:
                return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as exc:
                if exc.response["Error"]["Code"] not in _MISSING:
                    raise
                return None

    def hide(self, key: str) -> None:
        """Put a delete marker over an object, so that no stage reads it any more."""
        with _translated("delete", key):
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def remove(self, version: Version) -> str | None:
        """Remove a version for good; return the reason where S3 keeps it by a lock."""
        try:
            with _translated("delete a version of", version.key):
                self._s3.delete_object(
                    Bucket=self._bucket, Key=version.key, VersionId=version.version_id
                )
        except DeniedError as exc:
            if locked := self._lock(version, said=str(exc)):
                return locked
            raise
        return None

    def _lock(self, version: Version, *, said: str) -> str | None:
        """Return the object lock that keeps a version, in words, if one does."""
        try:
            head = None if version.is_marker else self._head(version)
        except DeniedError:
            head = None
        if head is not None and head.get("ObjectLockLegalHoldStatus") == "ON":
            return "a legal hold"
        if head is not None and (until := head.get("ObjectLockRetainUntilDate")):
            return f"an object lock until {until:%Y-%m-%d}"
        # A lock is described only to accounts that may read old versions and locks.
        return "an object lock" if "object lock" in said.lower() else None

    def _head(self, version: Version) -> "HeadObjectOutputTypeDef | None":
        with _translated("look at a version of", version.key):
            try:
                return self._s3.head_object(
                    Bucket=self._bucket, Key=version.key, VersionId=version.version_id
                )
            except ClientError as exc:
                if exc.response["Error"]["Code"] not in _MISSING:
                    raise
                return None


def _version(
    listed: "ObjectVersionTypeDef | DeleteMarkerEntryTypeDef", size: int | None = None
) -> Version:
    return Version(
        listed["Key"],
        listed["VersionId"],
        is_marker=size is None,
        is_latest=listed["IsLatest"],
        written=listed["LastModified"],
        size=size or 0,
    )


def side_by_side(
    call: Callable[[Item], Answer], items: Iterable[Item]
) -> Iterator[Answer]:
    """Yield the answers to many calls in order, some calls at a time."""
    rest = iter(items)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while some := list(islice(rest, PAGE)):
            yield from pool.map(call, some)


@contextmanager
def _translated(verb: str, name: str) -> Iterator[None]:
    """Turn an answer of S3 into a sentence for the operator."""
    try:
        yield
    except ClientError as exc:
        error = exc.response["Error"]
        said = f"{error['Code']}: {error.get('Message', '')}".rstrip(": ")
        kind = DeniedError if error["Code"] in _DENIED else LocalError
        raise kind(f"S3 does not {verb} {name}: {said}") from exc
    except BotoCoreError as exc:
        raise LocalError(f"S3 cannot be reached: {exc}") from exc
