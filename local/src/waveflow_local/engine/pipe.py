"""Carry messages from SQS to the state machine, as EventBridge Pipes does."""

import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from waveflow_local import paths
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from waveflow_local.engine.clients import Clients

_LOG = logging.getLogger(__name__)
_PLACEHOLDER = re.compile(r"<\$((?:\.[A-Za-z0-9_-]+)+)>")
_MARK = "\ue000"  # a private-use character, which no template contains
_ABSENT = object()
_POLL_S = 1  # a short poll, so that `stop` returns soon
_PAUSE_AFTER_FAILURE_S = 0.5


class InputTemplate:
    """Fill a pipe's input template: JSON with `<$.path>` in place of values."""

    def __init__(self, text: str) -> None:
        marked = _PLACEHOLDER.sub(lambda m: json.dumps(_MARK + m[1][1:]), text)
        try:
            self._shape = json.loads(marked)
        except ValueError as exc:
            raise LocalError(f"The pipe's input template is not JSON: {exc}") from exc

    def apply(self, record: Mapping[str, object]) -> object:
        """Return the pipe's input template, filled in for one queue record."""
        return _fill(self._shape, record)


def parse_body(body: str) -> object:
    """Return a message body parsed as JSON; every other body stays a string."""
    try:
        value: object = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # nested deeper than Python reads
        return body
    return value


@dataclass
class Pipe:
    """Poll the SQS queue; start one execution per message, then delete the message."""

    clients: "Clients"
    queue_url: str
    machine_arn: str
    template: InputTemplate
    on_start: Callable[[str, str], None] = lambda _message_id, _execution_arn: None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to poll the SQS queue in a thread."""
        self._thread = threading.Thread(
            target=self._poll, name="waveflow-pipe", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop polling the SQS queue; messages in the queue stay there."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _poll(self) -> None:
        while not self._stopped.is_set():
            try:
                received = self.clients.sqs.receive_message(
                    QueueUrl=self.queue_url,
                    MaxNumberOfMessages=1,
                    WaitTimeSeconds=_POLL_S,
                    MessageSystemAttributeNames=["All"],
                    MessageAttributeNames=["All"],
                )
                for message in received.get("Messages", []):
                    self._deliver(message)
            except (BotoCoreError, ClientError) as exc:
                # The message is delivered again, or goes to the dead-letter queue,
                # as with a real pipe.
                _LOG.warning("The pipe could not start an execution: %s", exc)
                self._stopped.wait(_PAUSE_AFTER_FAILURE_S)

    def _deliver(self, message: "MessageTypeDef") -> None:
        # A pipe hands over an array even for a single record.
        records = [self.template.apply(_record(message))]
        started = self.clients.sfn.start_execution(
            stateMachineArn=self.machine_arn,
            input=json.dumps(records, ensure_ascii=False),
        )
        self.clients.sqs.delete_message(
            QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
        )
        self.on_start(message["MessageId"], started["executionArn"])


def _record(message: "MessageTypeDef") -> dict[str, object]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": parse_body(message["Body"]),
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": dict(message.get("MessageAttributes", {})),
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "awsRegion": paths.REGION,
    }


def _fill(shape: object, record: Mapping[str, object]) -> object:
    if isinstance(shape, dict):
        filled = {key: _fill(value, record) for key, value in shape.items()}
        # A path that does not exist vanishes with its key.
        return {key: value for key, value in filled.items() if value is not _ABSENT}
    if isinstance(shape, list):
        items = [_fill(value, record) for value in shape]
        return [value for value in items if value is not _ABSENT]
    if isinstance(shape, str) and shape.startswith(_MARK):
        return _look_up(record, shape.removeprefix(_MARK).split("."))
    return shape


def _look_up(value: object, path: list[str]) -> object:
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
