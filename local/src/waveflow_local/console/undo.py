"""Bring a deleted duplicate back from its recorded version."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from fastapi import HTTPException
from pydantic import BaseModel

from waveflow_local import paths

if TYPE_CHECKING:
    from waveflow_local.engine.clients import Clients


class Undone(BaseModel):
    """Which object is there again, and which version it came from."""

    key: str
    version_id: str
    record: str


def undo(clients: "Clients", job_id: str) -> Undone:
    """Copy the version that a deletion recorded back to its key."""
    listed = clients.s3.list_objects_v2(Bucket=paths.BUCKET, Prefix=f"dedupe/{job_id}_")
    records = listed.get("Contents", [])
    if not records:
        raise HTTPException(404, "Nothing of this job was deleted.")
    record = records[-1]["Key"]
    kept = clients.s3.get_object(Bucket=paths.BUCKET, Key=record)["Body"].read()
    source = json.loads(kept)["source"]
    _copy_back(clients, source["key"], source["version_id"])
    return Undone(key=source["key"], version_id=source["version_id"], record=record)


def _copy_back(clients: "Clients", key: str, version_id: str) -> None:
    try:
        clients.s3.head_object(Bucket=paths.BUCKET, Key=key)
    except ClientError:
        clients.s3.copy_object(
            Bucket=paths.BUCKET,
            Key=key,
            CopySource={"Bucket": paths.BUCKET, "Key": key, "VersionId": version_id},
            IfNoneMatch="*",
        )
    else:
        raise HTTPException(409, "The object is there already.")
