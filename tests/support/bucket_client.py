"""boto3's S3 client on the simulated bucket, which dies before or after a call."""

import io
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from support.simulation.bucket import EPOCH, Bucket, Version

PAGE = 3  # entries of a listing; small, so that every listing has several pages


LOCKED = "Access Denied because object protected by object lock."


class KilledError(BaseException):
    """The process is killed; no `except Exception` may stop that."""


@dataclass
class BucketClient:
    """Answer the S3 calls of an operator's commands from the simulated bucket.

    `kill_at` names a call by its number, and whether the bucket has done the call.
    `denied` and `locked` hold the answers to deletes, by key.
    """

    bucket: Bucket
    calls: list[tuple[str, str]] = field(default_factory=list)
    kill_at: tuple[int, str] | None = None
    denied: dict[str, str] = field(default_factory=dict)
    locked: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    on_call: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, operation: str) -> Any:
        """Return one operation, which counts as a call and may kill."""
        if operation.startswith("_") or not hasattr(type(self), f"_{operation}"):
            raise AttributeError(operation)

        def call(**params: Any) -> Any:
            with self._lock:
                return self._called(operation, params)

        return call

    def get_paginator(self, operation: str) -> "_Paginator":
        """Return the paginator of one operation."""
        return _Paginator(self, operation)

    def _called(self, operation: str, params: dict[str, Any]) -> Any:
        name = params.get("Key", params.get("Prefix", ""))
        self.calls.append((operation, name))
        self._strike("before")
        if code := self.denied.get(operation):
            raise _error(code, 403)
        if self.on_call is not None:
            self.on_call(operation, name)
        try:
            return getattr(self, f"_{operation}")(**params)
        finally:
            self._strike("after")

    def _strike(self, moment: str) -> None:
        if self.kill_at == (len(self.calls), moment):
            raise KilledError

    def _head_object(
        self,
        *,
        Key: str,  # noqa: N803 - boto3's names
        VersionId: str | None = None,  # noqa: N803
        **_rest: Any,
    ) -> dict[str, Any]:
        version = self._found(Key, VersionId, missing="404")
        lock = self.locked.get(Key, {})
        return {**_described(version), "Metadata": dict(version.metadata), **lock}

    def _get_object(self, *, Key: str, **_rest: Any) -> dict[str, Any]:  # noqa: N803
        version = self._found(Key, None, missing="NoSuchKey")
        body = version.body or b""
        return {
            **_described(version),
            "Body": StreamingBody(io.BytesIO(body), len(body)),
        }

    def _put_object(self, *, Key: str, Body: Any, **rest: Any) -> dict[str, Any]:  # noqa: N803
        body = Body if isinstance(Body, bytes) else Body.read()
        if rest.get("IfNoneMatch") and self.bucket.current(Key):
            raise _error("PreconditionFailed", 412)
        return {"ETag": self.bucket.put(Key, body).etag}

    def _copy_object(
        self,
        *,
        Key: str,  # noqa: N803
        CopySource: Mapping[str, str],  # noqa: N803
        **_rest: Any,
    ) -> dict[str, Any]:
        version = self.bucket.version(CopySource["Key"], CopySource["VersionId"])
        if version is None or version.body is None:
            raise _error("NoSuchVersion", 404)
        self.bucket.put(Key, version.body)
        return {}

    def _delete_object(
        self,
        *,
        Key: str,  # noqa: N803
        VersionId: str | None = None,  # noqa: N803
        **_rest: Any,
    ) -> dict[str, Any]:
        if VersionId is None:
            self.bucket.delete(Key)
        elif Key in self.locked and not self._is_marker(Key, VersionId):
            raise _error("AccessDenied", 403, said=LOCKED)
        else:
            self.bucket.remove(Key, VersionId)
        return {}

    def _is_marker(self, key: str, version_id: str) -> bool:
        """Tell whether a version is a delete marker, which no lock of S3 keeps."""
        version = self.bucket.version(key, version_id)
        return version is not None and version.body is None

    def _list_object_versions(self, *, Prefix: str, **_rest: Any) -> dict[str, Any]:  # noqa: N803
        listed: list[tuple[str, dict[str, Any]]] = []
        for key in sorted(self.bucket.versions):
            kept = self.bucket.versions[key] if key.startswith(Prefix) else []
            for version in reversed(kept):
                kind = "DeleteMarkers" if version.body is None else "Versions"
                entry = {
                    "Key": key,
                    "VersionId": version.version_id,
                    "IsLatest": version is kept[-1],
                    "LastModified": EPOCH + timedelta(seconds=version.written),
                    "Size": len(version.body or b""),
                }
                listed.append((kind, entry))
        return {"entries": listed}

    def _list_objects_v2(self, *, Prefix: str, **_rest: Any) -> dict[str, Any]:  # noqa: N803
        found = [key for key in self.bucket.versions if key.startswith(Prefix)]
        entries = [
            ("Contents", {"Key": key, "ETag": version.etag})
            for key in sorted(found)
            if (version := self.bucket.current(key)) is not None
        ]
        return {"entries": entries, "Contents": [entry for _, entry in entries]}

    def _found(self, key: str, version_id: str | None, *, missing: str) -> Version:
        current = self.bucket.current(key)
        version = self.bucket.version(key, version_id) if version_id else current
        if version is None or version.body is None:
            hidden = {"x-amz-delete-marker": "true"} if self.bucket.hidden(key) else {}
            raise _error(missing, 404, headers=hidden)
        return version


@dataclass
class _Paginator:
    client: BucketClient
    operation: str

    def paginate(self, **params: Any) -> Iterator[dict[str, list[Any]]]:
        """Yield pages of a listing, of which each is one call."""
        start = 0
        while True:
            entries = getattr(self.client, self.operation)(**params)["entries"]
            page: dict[str, list[Any]] = {}
            for kind, entry in entries[start : start + PAGE]:
                page.setdefault(kind, []).append(entry)
            yield page
            start += PAGE
            if start >= len(entries):
                return


def _described(version: Version) -> dict[str, Any]:
    return {
        "ETag": version.etag,
        "ContentLength": len(version.body or b""),
        "LastModified": EPOCH + timedelta(seconds=version.written),
        "VersionId": version.version_id,
    }


def _error(
    code: str,
    status: int,
    *,
    headers: Mapping[str, str] | None = None,
    said: str = "Access Denied",
) -> ClientError:
    meta = {"HTTPStatusCode": status, "HTTPHeaders": dict(headers or {})}
    error = {"Code": code, "Message": said}
    return ClientError({"Error": error, "ResponseMetadata": meta}, "Operation")  # type: ignore[typeddict-item]
