"""Deliver a message twice, as a queue may do at any time, and compare."""

import json
import time
from typing import TYPE_CHECKING

from pydantic import BaseModel

from waveflow_local import places
from waveflow_local.template import local_name
from waveflow_local.watch import see

if TYPE_CHECKING:
    from waveflow_local.clients import Clients

ENDS_WITHIN_S = 15
_NEWEST = 20
_LOOK_EVERY_S = 0.1
_OUTPUTS = ("waveforms/", "mixed/", "dedupe/")


class Again(BaseModel):
    """How the second delivery ended, and what it wrote."""

    status: str
    states: list[str]
    written: list[str]


def deliver_again(clients: "Clients", job_id: str) -> Again:
    """Send a job's message through the queue and wait for its execution."""
    machine = places.arn("states", "stateMachine:" + places.STACK)
    first = machine.replace(":stateMachine:", ":execution:") + f":{job_id}"
    given = json.loads(clients.sfn.describe_execution(executionArn=first)["input"])
    before = _versions(clients)
    queue = clients.sqs.get_queue_url(QueueName=local_name("Queue"))["QueueUrl"]
    body = json.dumps(given[0]["body"], ensure_ascii=False)
    message = clients.sqs.send_message(QueueUrl=queue, MessageBody=body)["MessageId"]
    deadline = time.monotonic() + ENDS_WITHIN_S
    while time.monotonic() < deadline:
        arn = _started(clients, machine, message)
        seen = see(clients.sfn, arn) if arn else None
        if seen and not seen.running:
            return Again(
                status=seen.status,
                states=[state.name for state in seen.states],
                written=sorted(_versions(clients) - before),
            )
        time.sleep(_LOOK_EVERY_S)
    return Again(status="RUNNING", states=[], written=[])


def _started(clients: "Clients", machine: str, message: str) -> str | None:
    listed = clients.sfn.list_executions(stateMachineArn=machine)["executions"]
    newest = sorted(listed, key=lambda item: item["startDate"], reverse=True)[:_NEWEST]
    for item in newest:
        told = clients.sfn.describe_execution(executionArn=item["executionArn"])
        if json.loads(told["input"])[0].get("messageId") == message:
            return item["executionArn"]
    return None


def _versions(clients: "Clients") -> set[str]:
    pages = clients.s3.get_paginator("list_object_versions").paginate(
        Bucket=places.BUCKET
    )
    return {
        f"{entry['Key']} {entry['VersionId']}"
        for page in pages
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if entry["Key"].startswith(_OUTPUTS)
    }
