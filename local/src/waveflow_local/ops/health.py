"""Check every part of a deployed stack, and name what is wrong."""

import ipaddress
import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from waveflow.adapters.addresses import resolve
from waveflow.adapters.signature import signature_headers
from waveflow.errors import WaveflowError

from waveflow_local.ops import bucket_checks
from waveflow_local.ops.stack import Stack

CONNECT_S = 5.0
Check = Callable[[Stack], str | None]


@dataclass(frozen=True)
class Finding:
    """Hold the result of the health check of one part of a stack."""

    part: str
    wrong: str | None

    def __str__(self) -> str:
        """Return the health check's result as one line for the operator."""
        state = "ok" if self.wrong is None else "WRONG"
        return f"{state:6} {self.part:18} {self.wrong or ''}".rstrip()


def health(stack: Stack) -> list[Finding]:
    """Check every part of the stack, and return one finding for each part."""
    checks = checks_of(local=stack.is_local)
    return [_look(stack, part, check) for part, check in checks.items()]


def checks_of(*, local: bool) -> dict[str, Check]:
    """Return the health checks of a stack on AWS, or of the local engine."""
    return CHECKS if local else CHECKS | ON_AWS


def _look(stack: Stack, part: str, check: Check) -> Finding:
    try:
        return Finding(part, check(stack))
    except ClientError as exc:
        return Finding(part, exc.response["Error"]["Code"])
    except (BotoCoreError, OSError, WaveflowError) as exc:
        return Finding(part, f"{type(exc).__name__}: {exc}")


def _bucket(stack: Stack) -> str | None:
    bucket = stack.parts.bucket
    stack.s3.head_bucket(Bucket=bucket)
    status = stack.s3.get_bucket_versioning(Bucket=bucket).get("Status")
    if status != "Enabled":
        return "versioning is not enabled: nothing is ever deleted (UNVERSIONED)"
    return None


def _queue(stack: Stack) -> str | None:
    return _waiting(stack, stack.parts.queue_url, most=1000)


def _dead_letters(stack: Stack) -> str | None:
    return _waiting(stack, stack.parts.dead_letter_queue_url, most=0)


def _waiting(stack: Stack, url: str, *, most: int) -> str | None:
    answer = stack.sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    count = int(answer["Attributes"]["ApproximateNumberOfMessages"])
    return f"{count} messages are waiting" if count > most else None


def _machine(stack: Stack) -> str | None:
    answer = stack.sfn.describe_state_machine(stateMachineArn=stack.parts.machine_arn)
    status = answer.get("status", "ACTIVE")
    return None if status == "ACTIVE" else f"the machine is {status}"


def _secret(stack: Stack) -> str | None:
    return _slots(stack, stack.parts.secret_arn)


def _api_secret(stack: Stack) -> str | None:
    return _slots(stack, stack.parts.api_secret_arn)


def _external_key(stack: Stack) -> str | None:
    return _slots(stack, stack.parts.external_secret_arn)


def _slots(stack: Stack, secret_id: str | None) -> str | None:
    """Return what is wrong with a secret's slots; nothing where no secret is named."""
    if secret_id is None:
        return None
    answer = stack.secrets.get_secret_value(SecretId=secret_id)
    try:
        slots = json.loads(answer["SecretString"])
        secrets = tuple(value for value in slots.values() if value)
    except (ValueError, AttributeError):
        return "the secret is not a JSON object"
    if not secrets:
        return "the secret has no value"
    # Signing an empty body shows whether the secret's values are usable keys.
    signature_headers(b"", webhook_id="health", timestamp=0, secrets=secrets)
    return None


def _webhook_host(stack: Stack) -> str | None:
    url = urlsplit(stack.parts.webhook_url)
    if url.scheme != "https" and not stack.is_local:
        return "the URL is not https"
    cidrs = [cidr for cidr in stack.parts.webhook_allowed_cidrs.split(",") if cidr]
    allowed = tuple(ipaddress.ip_network(cidr) for cidr in cidrs)
    port = url.port or (443 if url.scheme == "https" else 80)
    [address, *_] = resolve(str(url.hostname), port, allowed=allowed)
    socket.create_connection((address, port), timeout=CONNECT_S).close()
    return None


def _pipe(stack: Stack) -> str | None:
    name = stack.parts.pipe_name
    if name is None:
        return "the stack does not name its pipe; deploy it again"
    state = stack.pipes.describe_pipe(Name=name)["CurrentState"]
    return None if state == "RUNNING" else f"the pipe is {state}"


def _alarms(stack: Stack) -> str | None:
    prefix = f"{stack.parts.name}-"
    pages = stack.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, StateValue="ALARM"
    )
    rest = (
        alarm["AlarmName"].removeprefix(prefix)
        for page in pages
        for alarm in page["MetricAlarms"]
        if alarm["StateValue"] == "ALARM"
    )
    # `a-b-QueueAgeAlarm-X` is an alarm of the stack `a-b`, not of `a`.
    ringing = sorted(found[1] for n in rest if (found := re.fullmatch(r"(\w+)-\w+", n)))
    return f"{', '.join(ringing)} ringing" if ringing else None


CHECKS: dict[str, Check] = {
    "bucket": _bucket,
    "queue": _queue,
    "dead-letter queue": _dead_letters,
    "machine": _machine,
    "secret": _secret,
    "webhook host": _webhook_host,
}
# Checks of guards that the local engine does not have.
ON_AWS: dict[str, Check] = {
    "bucket access": bucket_checks.access,
    "bucket encryption": bucket_checks.encryption,
    "bucket lifecycle": bucket_checks.lifecycle,
    "API secret": _api_secret,
    "external key": _external_key,
    "pipe": _pipe,
    "alarms": _alarms,
}
