"""Hold what a smoke test has made in a stack, wait for results, and clean up."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import uuid4

from botocore.exceptions import ClientError
from waveflow.events.fields import iso_time

from waveflow_local.ops.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

LONGEST_S = 600.0  # the most that a question waits for an answer
POLL_S = 2.0  # an account lists executions twice a second at most
LOCAL_POLL_S = 0.2
NOT_READY = {"CodeArtifactUserPendingException", "ResourceNotReadyException"}

Found = TypeVar("Found")


class CannotAskError(Exception):
    """The question cannot be put to this stack; the text says what is missing."""


class NoError(Exception):
    """The stack has answered no to a question; the text says what was seen."""


class Trial:
    """Keep the names of one smoke test, and remove its objects at the end."""

    def __init__(self, stack: Stack, *, token: str | None) -> None:
        self.stack = stack
        self.token = token
        self.name = f"smoke-{uuid4().hex[:12]}"
        self._keys: list[str] = []

    @property
    def target(self) -> str:
        """Return the ARN under which the pipe starts executions."""
        return self.stack.parts.alias_arn or self.stack.parts.machine_arn

    def upload(self) -> str:
        """Write a small object below an allowed prefix, and return its key."""
        key = self.key_of("there")
        self.remove_later(key)
        self.stack.s3.put_object(
            Bucket=self.stack.parts.bucket, Key=key, Body=b"a smoke test, no audio"
        )
        return key

    def key_of(self, word: str) -> str:
        """Return a key of this smoke test below an allowed prefix."""
        prefix, *_ = (*self.stack.parts.allowed_prefixes, "audio/")
        return f"{prefix}{self.file_name(word)}"

    def file_name(self, word: str) -> str:
        """Return a file name of this test, as the operator's policy may delete it."""
        return f"waveflow-{self.name}-{word}.wav"

    def remove_later(self, key: str) -> None:
        """Remember the key of an object, which the end of the test removes."""
        self._keys.append(key)

    def record(self, key: str, **changed: object) -> dict[str, object]:
        """Return an upload's message as the pipe hands it to the state machine."""
        body = {
            "task": "generate_hash_and_webhook",
            "userId": "smoke",
            "trackId": "smoke",
            "stemId": self.name,
            "filepath": key,
            "timestamp": iso_time(int(time.time() * 1000)),
            "original_filename": "smoke.wav",
        }
        return {
            "messageId": self.name,
            "sentTimestamp": str(int(time.time() * 1000)),
            "body": body | changed,
        }

    def wait_for(self, look: Callable[[], Found | None]) -> Found | None:
        """Return what `look` finds, or None after ten minutes in vain."""
        pause = LOCAL_POLL_S if self.stack.is_local else POLL_S
        end = time.monotonic() + LONGEST_S
        while (found := look()) is None and time.monotonic() < end:
            time.sleep(pause)
        return found

    def record_of(self, arn: str) -> dict[str, Any]:
        """Return the message of an execution, once Step Functions shows both."""

        def look() -> str | None:
            try:
                return self.stack.sfn.describe_execution(executionArn=arn)["input"]
            except ClientError as exc:
                if exc.response["Error"]["Code"] != "ExecutionDoesNotExist":
                    raise
                return None

        if (found := self.wait_for(look)) is None:
            raise NoError(f"Step Functions does not show the execution {arn}.")
        record: dict[str, Any]
        [record] = json.loads(found)
        return record

    def ended(self, arn: str, *, redrives: int = 0) -> str:
        """Return the error of an execution that has failed after so many redrives.

        Raises `NoError` where the execution succeeds or does not end.
        """

        def look() -> "DescribeExecutionOutputTypeDef | None":
            now = self.stack.sfn.describe_execution(executionArn=arn)
            over = now["status"] not in {"RUNNING", "PENDING_REDRIVE"}
            return now if over and now.get("redriveCount", 0) >= redrives else None

        found = self.wait_for(look)
        if found is None or found["status"] != "FAILED":
            status = found["status"] if found else "RUNNING"
            raise NoError(f"The execution {arn} is {status} and should fail.")
        return str(found.get("error"))

    def invoke(self, function: str, event: Mapping[str, object]) -> dict[str, Any]:
        """Return what a Lambda function answers, once the function is awake."""

        def call() -> dict[str, Any] | None:
            try:
                answer = self.stack.functions.invoke(
                    FunctionName=function, Payload=json.dumps(event).encode()
                )
            except ClientError as exc:
                if exc.response["Error"]["Code"] not in NOT_READY:
                    raise
                return None
            payload: dict[str, Any] = json.loads(answer["Payload"].read())
            return payload

        answered = self.wait_for(call)
        if answered is None:
            raise NoError(f"The function {function} does not wake up.")
        return answered

    def remove(self, key: str) -> None:
        """Remove every version of an object."""
        bucket, s3 = self.stack.parts.bucket, self.stack.s3
        for version in self._versions(key):
            s3.delete_object(Bucket=bucket, Key=key, VersionId=version)

    def __enter__(self) -> Self:
        """Return the smoke test, which has made no object yet."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Remove every object of the smoke test."""
        for key in self._keys:
            self.remove(key)

    def _versions(self, key: str) -> Iterator[str]:
        listed = self.stack.s3.list_object_versions(
            Bucket=self.stack.parts.bucket, Prefix=key
        )
        for version in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
            yield version["VersionId"]
