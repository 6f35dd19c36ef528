"""Send a job's queue message again, or a message that draws a restored file.

A queue may deliver any message twice at any time; the page shows that nothing
happens twice.
"""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec
from fastapi import HTTPException
from msgspec import Struct, field
from pydantic import BaseModel, StringConstraints
from waveflow.events.options import OPTIONS

from waveflow_local import paths
from waveflow_local.engine.history import see
from waveflow_local.ops.undo import Drawing, Ending, restore
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from waveflow_local.ops.stack import Stack

STARTS_WITHIN_S = 10
_NEWEST = 20
_LOOK_EVERY_S = 0.1
_OUTPUTS = (
    *("waveforms/", "waveforms/mixed/", "previews/", "previews/mixed/"),
    *("mixed/", "comparisons/", "dedupe/"),
)
_NOT_RESTORED = {
    Ending.THERE: (409, "The object is there already."),
    Ending.OTHER_BYTES: (409, "Another object lies under the key."),
    Ending.GONE: (410, "The deleted version is past its quarantine."),
}


class Redelivery(BaseModel):
    """Name the execution of a redelivered message, and the job's outputs before."""

    execution: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,80}$")]
    before: list[str]


class RedeliveryState(BaseModel):
    """Tell the state of a redelivered message's execution, and its new outputs."""

    status: str
    states: list[str]
    written: list[str]


class Restoration(BaseModel):
    """Name a restored S3 object, its version, and the delivery that draws it."""

    key: str
    version_id: str
    drawing: Redelivery


class _UploadFields(Struct, frozen=True):
    """Fields of an upload's message that a drawing of its waveform needs."""

    user_id: str = field(name="userId")
    track_id: str = field(name="trackId")
    timestamp: str
    num_peaks: int


def redeliver(stack: "Stack", job_id: str) -> Redelivery:
    """Send a job's message to the queue and wait until its execution starts."""
    return _deliver(stack, job_id, _message(stack, job_id))


def restore_and_draw(stack: "Stack", job_id: str) -> Restoration:
    """Restore a deleted duplicate as `ops restore` does, and have it drawn."""
    try:
        every = restore(stack, job_id, dry_run=False)
    except LocalError as exc:
        raise HTTPException(404, "Nothing of this job was deleted.") from exc
    back = (each for each in every if each.outcome is Ending.RESTORED)
    restored = next(back, every[0])
    if restored.outcome in _NOT_RESTORED:
        raise HTTPException(*_NOT_RESTORED[restored.outcome])
    asked = msgspec.convert(_message(stack, job_id)["kwargs"], dict[str, object])
    upload = msgspec.convert(asked, _UploadFields)
    drawing = Drawing(
        user_id=upload.user_id,
        track_id=upload.track_id,
        stem_id=job_id,
        filepath=restored.key,
        timestamp=upload.timestamp,
        num_peaks=upload.num_peaks,
        options={name: asked[name] for name in OPTIONS if name in asked},
    )
    return Restoration(
        key=restored.key,
        version_id=restored.version_id,
        drawing=_deliver(stack, job_id, drawing.message()),
    )


def look(stack: "Stack", job_id: str, redelivery: Redelivery) -> RedeliveryState:
    """Return the state of a redelivered message's execution, and its new outputs."""
    seen = see(stack.sfn, _execution(redelivery.execution))
    written = _outputs(stack, job_id) - set(redelivery.before)
    return RedeliveryState(
        status=seen.status,
        states=[state.name for state in seen.states],
        written=sorted(written),
    )


def newest_waveform(stack: "Stack", job_id: str) -> bytes:
    """Return a job's newest waveform document, whichever execution drew it."""
    bucket = stack.parts.bucket
    listed = stack.s3.list_objects_v2(Bucket=bucket, Prefix=f"waveforms/{job_id}_")
    entries = listed.get("Contents", [])
    documents = [entry for entry in entries if entry["Key"].endswith(".json")]
    if not documents:
        raise HTTPException(404, "The job has no waveform.")
    newest = max(documents, key=lambda entry: entry["LastModified"])
    return stack.s3.get_object(Bucket=bucket, Key=newest["Key"])["Body"].read()


def _message(stack: "Stack", job_id: str) -> dict[str, object]:
    described = stack.sfn.describe_execution(executionArn=_execution(job_id))
    return dict(json.loads(described["input"])[0]["body"])


def _deliver(stack: "Stack", job_id: str, message: Mapping[str, object]) -> Redelivery:
    before = sorted(_outputs(stack, job_id))
    sent = stack.sqs.send_message(
        QueueUrl=stack.parts.queue_url,
        MessageBody=json.dumps(message, ensure_ascii=False),
    )
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        if execution := _execution_started_by(stack, sent["MessageId"]):
            return Redelivery(execution=execution, before=before)
        time.sleep(_LOOK_EVERY_S)
    raise HTTPException(503, "The message is in the queue, but nothing took it.")


def _execution(name: str) -> str:
    return paths.arn("states", f"execution:{paths.STACK}:{name}")


def _execution_started_by(stack: "Stack", message_id: str) -> str | None:
    """Return the name of the execution that a queue message started, or None."""
    listed = stack.sfn.list_executions(stateMachineArn=stack.parts.machine_arn)
    newest = sorted(listed["executions"], key=lambda e: e["startDate"], reverse=True)
    for item in newest[:_NEWEST]:
        described = stack.sfn.describe_execution(executionArn=item["executionArn"])
        if json.loads(described["input"])[0].get("messageId") == message_id:
            return item["name"]
    return None


def _outputs(stack: "Stack", job_id: str) -> set[str]:
    """Return all S3 versions and delete markers of a job's outputs."""
    pager = stack.s3.get_paginator("list_object_versions")
    bucket = stack.parts.bucket
    return {
        f"{entry['Key']} {entry['VersionId']}"
        for folder in _OUTPUTS
        for page in pager.paginate(Bucket=bucket, Prefix=f"{folder}{job_id}_")
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    }
