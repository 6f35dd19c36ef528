"""Deliver a message twice, as a queue may do at any time, and compare."""

import json
import time
from typing import TYPE_CHECKING, Annotated

from fastapi import HTTPException
from pydantic import BaseModel, StringConstraints

from waveflow_local import paths
from waveflow_local.engine.history import see
from waveflow_local.engine.template import local_name

if TYPE_CHECKING:
    from waveflow_local.engine.clients import Clients

STARTS_WITHIN_S = 10
_NEWEST = 20
_LOOK_EVERY_S = 0.1
_OUTPUTS = ("waveforms/", "mixed/", "dedupe/")


class Delivery(BaseModel):
    """A second delivery: its execution, and the job's outputs before it."""

    execution: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,80}$")]
    before: list[str]


class Again(BaseModel):
    """How far the second delivery is, and what it has written."""

    status: str
    states: list[str]
    written: list[str]


def deliver_again(clients: "Clients", job_id: str) -> Delivery:
    """Send a job's message through the queue and wait until it is started."""
    first = _execution(job_id)
    given = json.loads(clients.sfn.describe_execution(executionArn=first)["input"])
    before = sorted(_outputs(clients, job_id))
    queue = clients.sqs.get_queue_url(QueueName=local_name("Queue"))["QueueUrl"]
    body = json.dumps(given[0]["body"], ensure_ascii=False)
    message = clients.sqs.send_message(QueueUrl=queue, MessageBody=body)["MessageId"]
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        if execution := _started(clients, message):
            return Delivery(execution=execution, before=before)
        time.sleep(_LOOK_EVERY_S)
    raise HTTPException(503, "The message is in the queue, but nothing took it.")


def look(clients: "Clients", job_id: str, delivery: Delivery) -> Again:
    """Return where a second delivery is now."""
    seen = see(clients.sfn, _execution(delivery.execution))
    written = _outputs(clients, job_id) - set(delivery.before)
    return Again(
        status=seen.status,
        states=[state.name for state in seen.states],
        written=sorted(written),
    )


def _execution(name: str) -> str:
    return paths.arn("states", f"execution:{paths.STACK}:{name}")


def _started(clients: "Clients", message: str) -> str | None:
    machine = paths.arn("states", "stateMachine:" + paths.STACK)
    listed = clients.sfn.list_executions(stateMachineArn=machine)["executions"]
    newest = sorted(listed, key=lambda item: item["startDate"], reverse=True)[:_NEWEST]
    for item in newest:
        told = clients.sfn.describe_execution(executionArn=item["executionArn"])
        if json.loads(told["input"])[0].get("messageId") == message:
            return item["name"]
    return None


def _outputs(clients: "Clients", job_id: str) -> set[str]:
    """Return every version of what a job writes, and every delete marker."""
    pager = clients.s3.get_paginator("list_object_versions")
    return {
        f"{entry['Key']} {entry['VersionId']}"
        for folder in _OUTPUTS
        for page in pager.paginate(Bucket=paths.BUCKET, Prefix=f"{folder}{job_id}_")
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    }
