"""Bucket and machine in a folder, which draw what a back-fill's executions ask for."""

import io
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from waveflow.audio.waveform.draw import ALGORITHM
from waveflow.events.fields import epoch_ms
from waveflow_local.ops.stack import Parts

FAILING = "failing"  # a stem of `store_manifest`
START = datetime(2026, 11, 21, 9, tzinfo=UTC)
OF_MACHINE = "arn:aws:states:us-east-1:1:"
PARTS = Parts(
    bucket="bucket",
    queue_url="queue",
    dead_letter_queue_url="dead",
    machine_arn=f"{OF_MACHINE}stateMachine:machine",
    secret_arn="secret",
    webhook_url="https://server.invalid",
    allowed_prefixes=("audio/",),
)


def refused(code: str, status: int = 400) -> ClientError:
    """Return the exception of boto3 for an answer of AWS."""
    answer = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Any")  # type: ignore[arg-type] # botocore's own shape


def stem(number: int, **fields: Any) -> dict[str, Any]:
    """Return the line of a manifest about one stem."""
    return {
        "userId": "ann",
        "trackId": "song",
        "stemId": f"stem-{number}",
        "filepath": f"audio/stem-{number}.wav",
        "timestamp": "2026-01-01T00:00:00Z",
        **fields,
    }


def waveform_of(line: dict[str, Any]) -> str:
    """Return the key of a line's waveform document."""
    return f"waveforms/{line['stemId']}_waveform_{epoch_ms(line['timestamp'])}.json"


def store_manifest(s3: Any, *, bucket: str, key: str) -> None:
    """Store a manifest of two stems that have documents and no previews."""
    lines = [stem(0, stemId=name) for name in ("drawn", FAILING)]
    objects = {key: "".join(f"{json.dumps(line)}\n" for line in lines)}
    for line in lines:
        document = json.dumps({"algorithm": ALGORITHM})
        objects |= {line["filepath"]: "sound", waveform_of(line): document}
    for name, body in objects.items():
        s3.put_object(Bucket=bucket, Key=name, Body=body.encode())


class Cloud:
    """Fake of S3 and Step Functions, as boto3's clients; each holds its own calls.

    Starts are written to a file, so that another process finds them again.

    Parameters
    ----------
    failing
        The error with which executions about a stem end, by stem.
    ticks
        Lists of executions that one takes until its end; seconds of a `clock`.
    """

    def __init__(
        self, folder: Path, *, failing: dict[str, str] | None = None, ticks: int = 1
    ) -> None:
        self.folder, self.failing, self.ticks = folder, failing or {}, ticks
        self.calls: Counter[str] = Counter()
        self.most_running = 0
        self.now: float = 0
        self.clock: Callable[[], float] | None = None
        self.algorithm = ALGORITHM
        self.gate: Callable[[str], None] = lambda _call: None
        self.started: dict[str, tuple[float, dict[str, Any]]] = {}
        self.text: dict[str, str] = {}
        self.stuck: set[str] = set()  # stems whose executions do not end
        self._open: set[str] = set()
        # A start and its document are one event, amid which no thread kills.
        self._whole = threading.Lock()
        self._file = folder / "started"
        self._objects = folder / "objects"
        self._objects.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                self._keep(**json.loads(line))
        self.stack: Any = SimpleNamespace(s3=self, sfn=self, parts=PARTS, is_local=True)

    def put(self, key: str, body: bytes = b"sound") -> None:
        """Store an object."""
        self._path(key).write_bytes(body)

    def has(self, key: str) -> bool:
        """Return whether an object is stored."""
        return self._path(key).exists()

    def remove(self, key: str) -> None:
        """Remove an object."""
        self._path(key).unlink()

    def draw(self, line: dict[str, Any], *, algorithm: int, **outputs: Any) -> None:
        """Store the document of a stem, and empty files of the outputs."""
        document = {"algorithm": algorithm, "num_peaks": 1024} | {
            "duration": 30.0,
            "sample_rate": 44_100,
        }
        self.put(waveform_of(line), json.dumps(document | outputs).encode())

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Return the messages of all executions, in the order of their starts."""
        return [body for _, body in self.started.values()]

    def head_object(self, *, Key: str, **_rest: Any) -> dict[str, Any]:  # noqa: N803
        """Describe an object as boto3 does."""
        with self._called("head"):
            path = self._path(Key)
            if not path.exists():
                raise refused("404", 404)
            size = path.stat().st_size
            return {"ETag": "e", "ContentLength": size, "LastModified": START}

    def get_object(self, *, Key: str, **_rest: Any) -> dict[str, Any]:  # noqa: N803
        """Return an object as boto3 does."""
        with self._called("get"):
            if not self.has(Key):
                raise refused("NoSuchKey", 404)
            return {"Body": io.BytesIO(self._path(Key).read_bytes())}

    def start_execution(self, *, name: str, input: str, **_machine: str) -> None:  # noqa: A002
        """Start an execution, or one of the same name and input again while it runs."""
        with self._called("start"):
            if name in self.started:
                if self._runs(name) and self.text[name] == input:
                    return
                raise refused("ExecutionAlreadyExists")
            self.now = self.clock() if self.clock else self.now
            entry = {"name": name, "at": self.now, "input": input}
            with self._whole:
                with self._file.open("a") as file:
                    file.write(json.dumps(entry) + "\n")
                self._keep(**entry)
                self._draw(self.started[name][1])
            self._open = {n for n in self._open | {name} if self._runs(n)}
            self.most_running = max(self.most_running, len(self._open))

    def list_executions(
        self,
        *,
        maxResults: int,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
        **_machine: str,
    ) -> dict[str, Any]:
        """Return a page of the executions, the newest first; time passes."""
        with self._called("list"):
            self.now = self.clock() if self.clock else self.now + (nextToken == "0")
            names = list(reversed(self.started))
            begin = int(nextToken)
            page = names[begin : begin + maxResults]
            more = begin + maxResults < len(names)
            return {
                "executions": [
                    {
                        "name": name,
                        "status": self._status(name),
                        "startDate": START + timedelta(seconds=self.started[name][0]),
                    }
                    for name in page
                ],
                **({"nextToken": str(begin + maxResults)} if more else {}),
            }

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        """Describe an execution as boto3 does."""
        with self._called("describe"):
            self.now = self.clock() if self.clock else self.now
            name = executionArn.rpartition(":")[2]
            if name not in self.started:
                raise refused("ExecutionDoesNotExist")
            told = {"status": self._status(name), "input": self.text[name]}
            if told["status"] == "FAILED":
                told["error"] = self.failing[self.started[name][1]["stemId"]]
            return told

    def _runs(self, name: str) -> bool:
        return self._status(name) == "RUNNING"

    def _status(self, name: str) -> str:
        at, body = self.started[name]
        if self.now - at < self.ticks or body["stemId"] in self.stuck:
            return "RUNNING"
        error = self.failing.get(body["stemId"])
        if error in {"TIMED_OUT", "ABORTED"}:
            return error
        return "FAILED" if error else "SUCCEEDED"

    def _keep(self, *, name: str, at: float, input: str) -> None:  # noqa: A002
        name = str(name.encode(), "ascii")  # a copy: no string of the command stays
        self.text[name] = input
        self.started[name] = at, json.loads(input)[0]["body"]["kwargs"]
        self.now = max(self.now, at)

    def _draw(self, body: dict[str, Any]) -> None:
        if body["stemId"] not in self.failing:
            self.draw(body, algorithm=self.algorithm)

    def _path(self, key: str) -> Path:
        return self._objects / key.replace("/", "|")

    @contextmanager
    def _called(self, call: str) -> Iterator[None]:
        self.calls[call] += 1
        with self._whole:
            self.gate(call)
        yield
        with self._whole:
            self.gate(call)


class Killer:
    """Kill this process at the n-th passing of a gate; count the passings."""

    def __init__(self, at: int) -> None:
        self.at, self.passed = at, 0

    def __call__(self, _call: str) -> None:
        """Count one passing, and kill at the chosen one."""
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def stored(cloud: Cloud, *numbers: int, **fields: Any) -> list[dict[str, Any]]:
    """Store the originals of some stems, and return their lines."""
    lines = [stem(number, **fields) for number in numbers]
    for line in lines:
        cloud.put(line["filepath"])
    return lines


def drawn(cloud: Cloud) -> list[str]:
    """Return the stems whose executions were started, in order."""
    return [body["stemId"] for body in cloud.bodies]
