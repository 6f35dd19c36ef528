"""Run real stages beside each other, with a scheduling point at each S3 call."""

import io
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.stages._records import Deletion

from support.simulation.bucket import EPOCH, Bucket, Version
from support.simulation.traffic import tiny_wav

BODY, OTHER = tiny_wav(1), tiny_wav(2)
STEMS = ("a", "b", "c")  # the oldest first


class KilledError(BaseException):
    """The process of the stage is gone."""


class Actor:
    """Thread of work that runs only while the schedule lets it."""

    def __init__(self, work: Callable[["Actor"], None], *, kill_at: int = -1) -> None:
        self.kill_at = kill_at
        self.over = False
        self.error: Exception | None = None
        self._go, self._rests = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def point(self) -> None:
        """Rest here until the scheduler goes on with this actor; perhaps die."""
        self._rests.release()
        self._go.acquire()
        self.kill_at -= 1
        if self.kill_at == 0:
            raise KilledError

    def step(self) -> None:
        """Let the actor run to its next point, or to its end."""
        self._go.release()
        self._rests.acquire()

    def _run(self, work: Callable[["Actor"], None]) -> None:
        self._go.acquire()
        try:
            work(self)
        except KilledError:
            pass
        except Exception as exc:  # noqa: BLE001 - the schedule reports what came
            self.error = exc
        finally:
            self.over = True
            self._rests.release()


def refuse(code: str, status: int, *, hidden: bool = False) -> ClientError:
    """Return what boto3 raises for an answer of S3."""
    headers = {"x-amz-delete-marker": "true"} if hidden else {}
    meta = {"HTTPStatusCode": status, "HTTPHeaders": headers}
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": meta}
    return ClientError(answer, "S3")


class Client:
    """The calls of boto3's S3 client on one bucket, as one actor makes them."""

    def __init__(self, world: "World", actor: Actor | None) -> None:
        self._world, self._actor = world, actor

    def _come(self) -> Bucket:
        if self._actor is not None:
            self._actor.point()
        self._world.now += 1
        return self._world.bucket

    def _current(self, key: str, asked: dict[str, Any]) -> Version:
        bucket = self._come()
        version = bucket.current(key)
        if "VersionId" in asked:
            version = bucket.version(key, asked["VersionId"])
        if version is None or version.body is None:
            raise refuse("404", 404, hidden=bucket.hidden(key))
        if asked.get("IfMatch", version.etag) != version.etag:
            raise refuse("412", 412)
        return version

    def head_object(self, **asked: Any) -> dict[str, Any]:
        """Answer HEAD."""
        version = self._current(asked["Key"], asked)
        return {
            "ETag": version.etag,
            "ContentLength": len(version.body or b""),
            "LastModified": EPOCH + timedelta(seconds=version.written),
            "VersionId": version.version_id,
            "Metadata": dict(version.metadata),
        }

    def get_object(self, **asked: Any) -> dict[str, Any]:
        """Answer GET."""
        body = self._current(asked["Key"], asked).body or b""
        stream = io.BytesIO(body)
        read = SimpleNamespace(
            iter_chunks=lambda _size: iter([body]),
            close=stream.close,
            read=stream.read,
        )
        return {"Body": read, "ContentLength": len(body)}

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        """Answer a listing of one page."""
        bucket = self._come()
        keys = [key for key in bucket.versions if key.startswith(asked["Prefix"])]
        return {"Contents": [{"Key": key} for key in keys if bucket.current(key)]}

    def put_object(self, **asked: Any) -> dict[str, Any]:
        """Answer PUT under its condition."""
        key = asked["Key"]
        if "IfMatch" in asked:
            self._current(key, asked)
        elif self._come().current(key) is not None and "IfNoneMatch" in asked:
            raise refuse("412", 412)
        written = self._world.put(key, asked["Body"].read(), asked.get("Metadata"))
        return {"ETag": written.etag}

    def copy_object(self, **asked: Any) -> None:
        """Answer a copy of a version under its condition."""
        source, bucket = asked["CopySource"], self._come()
        if bucket.current(asked["Key"]) is not None:
            raise refuse("PreconditionFailed", 412)
        version = bucket.version(source["Key"], source["VersionId"])
        if version is None or version.body is None:
            raise refuse("NoSuchVersion", 404)
        self._world.put(asked["Key"], version.body)

    def delete_object(self, **asked: Any) -> None:
        """Answer DELETE under its condition."""
        self._current(asked["Key"], asked)
        self._world.hide(asked["Key"], ours=True)


@dataclass
class World:
    """Three copies of one recording, who does what to them, and what is told."""

    now: int = 0
    broken: list[str] = field(default_factory=list)
    told: dict[str, list[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # By key: when the recording was last there, and when WaveFlow last deleted it.
    alive: dict[str, int] = field(default_factory=dict)
    ours: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Upload the three copies, one after the other."""
        self.bucket = Bucket(lambda: self.now)
        for stem in STEMS:
            self.now += 1
            self.put(key_of(stem), BODY)

    def put(
        self, key: str, body: bytes, metadata: Mapping[str, str] | None = None
    ) -> Version:
        """Write an object; hold a record that was looked at to the truth."""
        if key.startswith("dedupe/"):
            self._check_look(msgspec.json.decode(body, type=Deletion))
        self._note(key)
        return self.bucket.put(key, body, metadata=metadata or {})

    def hide(self, key: str, *, ours: bool) -> None:
        """Delete an object, for a stage or for its user."""
        self._note(key)
        self.ours.pop(key, None)
        if ours:
            self.ours[key] = self.now
        self.bucket.delete(key)

    def _note(self, key: str) -> None:
        if holds(self.bucket, key):
            self.alive[key] = self.now

    def _check_look(self, deletion: Deletion) -> None:
        deleted = self.ours.get(deletion.source.key)
        survivor = deletion.survivor.filepath
        until = self.now if holds(self.bucket, survivor) else self.alive.get(survivor)
        found = until is not None and deleted is not None and until >= deleted
        if deletion.looked and deletion.reason is None and deleted and not found:
            self.broken.append(f"{survivor} was no survivor after the delete")

    def objects(self, actor: Actor | None) -> S3ObjectStore:
        """Return the real adapter for one actor."""
        client: Any = Client(self, actor)
        return S3ObjectStore(client, "bucket")


def key_of(stem: str) -> str:
    """Return the key of a stem's upload."""
    return f"audio/{stem}.wav"


def holds(bucket: Bucket, key: str) -> bool:
    """Tell whether the recording lies under a key."""
    current = bucket.current(key)
    return current is not None and current.body == BODY
