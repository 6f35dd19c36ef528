"""Restore deleted duplicates, and draw waveforms again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
from botocore.exceptions import ClientError
from waveflow.adapters.s3 import S3ObjectStore
from waveflow.errors import ObjectNotFoundError, SourceChangedError
from waveflow.events.fields import JsonObject
from waveflow.events.flow import Source
from waveflow.ports import StoredObject
from waveflow.stages._records import RESTORED, Deletion, Record, read_record
from waveflow.stages.hash import sha256_of

from waveflow_local.ops.stack import Stack
from waveflow_local.ops.tombstones import find_tombstone, refuse_erased
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

RECORDS = "dedupe/"
TASK = "app.tasks.process_audio_analysis"


class Ending(StrEnum):
    """Name what became of one recorded deletion."""

    RESTORED = "restored"
    WOULD_RESTORE = "would restore"
    THERE = "already there"
    OTHER_BYTES = "other bytes"
    GONE = "gone for good"


DONE = frozenset({Ending.RESTORED, Ending.WOULD_RESTORE, Ending.THERE})


@dataclass(frozen=True)
class Restored:
    """Report what became of one recorded deletion when it was restored."""

    key: str
    version_id: str
    outcome: Ending
    timestamp: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether the recorded bytes do not lie where the operator wants them."""
        return self.outcome not in DONE

    def __str__(self) -> str:
        """Return one line for the operator."""
        line = f"{self.outcome:15} {self.key} (version {self.version_id})"
        if self.outcome is Ending.OTHER_BYTES:
            line += "; another object lies there; name another key with --to KEY"
        if self.outcome is Ending.RESTORED and self.timestamp:
            line += f"; ops redraw with --timestamp {self.timestamp} shows it again"
        return line


@dataclass(frozen=True)
class Drawing:
    """Describe one stem that is to be drawn again, and what else the stem needs.

    Parameters
    ----------
    options
        The message's own options: `waveform`, `previews`, `audio_id`.
    """

    user_id: str
    track_id: str
    stem_id: str
    filepath: str
    timestamp: str | None = None
    num_peaks: int | None = None
    options: JsonObject = field(default_factory=dict)

    def message(self) -> JsonObject:
        """Return the queue message that draws the stem, as a server would send it.

        The job's id is new each time: a server ignores a webhook of a job that has
        ended, and with an old id would never learn of new outputs.
        """
        fields = {
            "userId": self.user_id,
            "trackId": self.track_id,
            "stemId": self.stem_id,
            "filepath": self.filepath,
            "timestamp": self.timestamp,
            "num_peaks": self.num_peaks,
            **self.options,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return {"task": TASK, "id": f"redraw-{uuid4()}", "args": [], "kwargs": given}


def restore(
    stack: Stack, stem_id: str, *, dry_run: bool, to: str | None = None
) -> list[Restored]:
    """Bring every recorded version of a stem back under its key, or one under `to`.

    A stem whose erasure has begun is refused, but for uploads that came later.
    Nothing is changed before the version and the key were looked at, and `restored`
    is said only of bytes that were found under the key afterwards.
    """
    objects = S3ObjectStore(stack.s3, stack.parts.bucket)
    erased = find_tombstone(stem_id, objects=objects)
    found = {
        key: record
        for key, record in _records(objects, stem_id)
        if (record.deletion.state == "decided" or record.deletion.is_undone)
        and not (erased and erased.covers(record.deletion.source.last_modified))
    }
    if not found:
        refuse_erased(stem_id, objects=objects)
        raise LocalError(f"No deletion of the stem {stem_id} is recorded.")
    if to is not None:
        sources = {record.deletion.source for record in found.values()}
        if len(sources) > 1:
            raise LocalError(f"{len(sources)} versions are recorded; --to takes one.")
    return [
        _Undo(stack, objects, key, record, to).run(dry_run=dry_run)
        for key, record in found.items()
    ]


@dataclass(frozen=True)
class _Undo:
    """Bring one recorded version back: look, mark, copy, look again."""

    stack: Stack
    objects: S3ObjectStore
    record_key: str
    record: Record
    to: str | None

    @property
    def deletion(self) -> Deletion:
        return self.record.deletion

    @property
    def source(self) -> Source:
        return self.deletion.source

    @property
    def key(self) -> str:
        return self.to or self.source.key

    def run(self, *, dry_run: bool) -> Restored:
        """Bring the version back where that is possible; say what is so."""
        before = self._look()
        if dry_run or before in {Ending.OTHER_BYTES, Ending.GONE}:
            return self._restored(before)
        if self.to is None:
            # Mark before copying: the deleting message may be on its way again.
            self._mark()
        if before is Ending.WOULD_RESTORE:
            self._copy()
            after = self._look()
            return self._restored(Ending.RESTORED if after is Ending.THERE else after)
        return self._restored(before)

    def _restored(self, outcome: Ending) -> Restored:
        ts = int(self.record_key.rpartition("_")[2].removesuffix(".json"))
        moment = datetime.fromtimestamp(ts / 1000, UTC)
        return Restored(
            self.key,
            str(self.source.version_id),
            outcome,
            timestamp=moment.isoformat(timespec="milliseconds"),
        )

    def _look(self) -> Ending:
        """Compare what lies under the key with the recorded bytes, read-only."""
        stored = self.objects.find(self.key)
        if stored is not None:
            same = _is_same(stored, self.source, objects=self.objects)
            return Ending.THERE if same else Ending.OTHER_BYTES
        return Ending.WOULD_RESTORE if self._version_is_there() else Ending.GONE

    def _version_is_there(self) -> bool:
        try:
            self.stack.s3.head_object(
                Bucket=self.stack.parts.bucket,
                Key=self.source.key,
                VersionId=str(self.source.version_id),
            )
        except ClientError as exc:
            if exc.response["ResponseMetadata"]["HTTPStatusCode"] not in {404, 405}:
                raise
            return False
        return True

    def _mark(self) -> None:
        kept = msgspec.structs.replace(self.deletion, state="kept", reason=RESTORED)
        if kept != self.deletion:
            self.objects.publish_over(
                self.record_key,
                msgspec.json.encode(kept),
                etag=self.record.etag,
                content_type="application/json",
            )

    def _copy(self) -> None:
        bucket = self.stack.parts.bucket
        version: CopySourceTypeDef = {
            "Bucket": bucket,
            "Key": self.source.key,
            "VersionId": str(self.source.version_id),
        }
        try:
            self.stack.s3.copy_object(
                Bucket=bucket, Key=self.key, CopySource=version, IfNoneMatch="*"
            )
        except ClientError as exc:
            # The look afterwards tells what lies there, or that nothing does.
            if exc.response["Error"]["Code"] not in {
                "PreconditionFailed",
                "NoSuchVersion",
            }:
                raise


def _is_same(stored: StoredObject, source: Source, *, objects: S3ObjectStore) -> bool:
    """Tell whether an object has the recorded bytes."""
    if stored.etag == source.etag:
        return True
    if stored.size != source.size:
        return False
    try:
        return sha256_of(stored, objects=objects) == source.audio_hash
    except (ObjectNotFoundError, SourceChangedError):
        return False


def redraw(stack: Stack, drawing: Drawing, *, dry_run: bool) -> JsonObject:
    """Send the queue message that draws a stem, without asking for a verdict."""
    objects = S3ObjectStore(stack.s3, stack.parts.bucket)
    if objects.find(drawing.filepath) is None:
        refuse_erased(drawing.stem_id, objects=objects)
    message = drawing.message()
    if not dry_run:
        stack.sqs.send_message(
            QueueUrl=stack.parts.queue_url, MessageBody=json.dumps(message)
        )
    return message


def _records(objects: S3ObjectStore, stem_id: str) -> Iterator[tuple[str, Record]]:
    for key in objects.keys_below(f"{RECORDS}{stem_id}_"):
        # `a_1` is another stem than `a`, and its records begin alike.
        if key.rpartition("_")[0] == f"{RECORDS}{stem_id}":
            record = read_record(key, objects=objects)
            if record is not None:
                yield key, record
