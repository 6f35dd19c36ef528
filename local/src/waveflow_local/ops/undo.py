"""Restore deleted duplicates, and draw waveforms again."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
from botocore.exceptions import ClientError
from waveflow.stages._records import Deletion, Record

from waveflow_local.ops.stack import Stack
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RECORDS = "dedupe/"
RESTORED = "RESTORED"
Ending = Literal["restored", "would restore", "already there", "gone for good"]
Message = dict[str, str | int]


@dataclass(frozen=True)
class Restored:
    """Report what became of one recorded deletion when it was restored."""

    key: str
    version_id: str
    outcome: Ending

    def __str__(self) -> str:
        """Return one line about the restored deletion for the operator."""
        return f"{self.outcome:15} {self.key} (version {self.version_id})"


@dataclass(frozen=True)
class Drawing:
    """Describe one stem whose waveform is to be drawn again."""

    user_id: str
    track_id: str
    stem_id: str
    filepath: str
    timestamp: str | None = None
    num_peaks: int | None = None

    def message(self) -> Message:
        """Return the queue message that draws the stem, as a server would send it."""
        fields = {
            "userId": self.user_id,
            "trackId": self.track_id,
            "stemId": self.stem_id,
            "filepath": self.filepath,
            "timestamp": self.timestamp,
            "num_peaks": self.num_peaks,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return {"task": "app.tasks.process_audio_analysis", **given}


def restore(stack: Stack, stem_id: str, *, dry_run: bool) -> list[Restored]:
    """Copy every deleted version of a stem back, unless its S3 key is in use again."""
    found = {
        key: record
        for key, record in _records(stack, stem_id)
        if _was_deleted(record.deletion)
    }
    if not found:
        raise LocalError(f"No deletion of the stem {stem_id} is recorded.")
    if not dry_run:
        # Mark the record before copying: the message that deletes may be redelivered.
        for key, record in found.items():
            _mark(stack, key, record)
    return [
        _restore_one(stack, record.deletion, dry_run=dry_run)
        for record in found.values()
    ]


def _was_deleted(deletion: Deletion) -> bool:
    return deletion.state == "decided" or deletion.reason == RESTORED


def _mark(stack: Stack, key: str, record: Record) -> None:
    kept = msgspec.structs.replace(record.deletion, state="kept", reason=RESTORED)
    if kept != record.deletion:
        stack.s3.put_object(
            Bucket=stack.parts.bucket,
            Key=key,
            Body=msgspec.json.encode(kept),
            ContentType="application/json",
            IfMatch=record.etag,
        )


def redraw(stack: Stack, drawing: Drawing, *, dry_run: bool) -> Message:
    """Send the queue message that draws a stem, without asking for a verdict."""
    message = drawing.message()
    if not dry_run:
        stack.sqs.send_message(
            QueueUrl=stack.parts.queue_url, MessageBody=json.dumps(message)
        )
    return message


def _records(stack: Stack, stem_id: str) -> Iterator[tuple[str, Record]]:
    bucket, s3 = stack.parts.bucket, stack.s3
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{RECORDS}{stem_id}_"
    )
    for page in pages:
        for entry in page.get("Contents", []):
            # `a_1` is another stem than `a`, and its records begin alike.
            if entry["Key"].rpartition("_")[0] == f"{RECORDS}{stem_id}":
                found = s3.get_object(Bucket=bucket, Key=entry["Key"])
                deletion = msgspec.json.decode(found["Body"].read(), type=Deletion)
                yield entry["Key"], Record(deletion=deletion, etag=found["ETag"])


def _restore_one(stack: Stack, record: Deletion, *, dry_run: bool) -> Restored:
    key, version_id = record.source.key, str(record.source.version_id)
    bucket, s3 = stack.parts.bucket, stack.s3
    if _exists(s3, bucket, key):
        return Restored(key, version_id, "already there")
    if not _version_exists(s3, bucket, key, version_id=version_id):
        return Restored(key, version_id, "gone for good")
    if dry_run:
        return Restored(key, version_id, "would restore")
    try:
        s3.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key, "VersionId": version_id},
            IfNoneMatch="*",
        )
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "PreconditionFailed":
            raise
        return Restored(key, version_id, "already there")
    return Restored(key, version_id, "restored")


def _exists(s3: "S3Client", bucket: str, key: str) -> bool:
    return _is_found(lambda: s3.head_object(Bucket=bucket, Key=key))


def _version_exists(s3: "S3Client", bucket: str, key: str, *, version_id: str) -> bool:
    return _is_found(
        lambda: s3.head_object(Bucket=bucket, Key=key, VersionId=version_id)
    )


def _is_found(look: Callable[[], object]) -> bool:
    try:
        look()
    except ClientError as exc:
        if exc.response["ResponseMetadata"]["HTTPStatusCode"] not in {404, 405}:
            raise
        return False
    return True
