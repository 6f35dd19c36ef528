"""WaveFlow and a Node server side by side, as a back-end developer runs them."""

import contextlib
import hashlib
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import boto3
import requests

from support.leaks import leaks
from support.processes import Program, eventually, free_port, listens
from support.recorder import Passed, Recorder

WAVEFLOW = str(Path(sys.executable).parent / "waveflow")
USER = "user1"
# The server knows two secrets, as during a rotation.
NEXT_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_BUSY = ("uploading", "queued", "processing")


def next_second() -> None:
    """Wait for the clock's next second, because S3 tells an object's age in seconds."""
    time.sleep(1.05 - time.time() % 1)


class Platform:
    """Running `waveflow up`, a Node server, and recorders between the two."""

    def __init__(self, app: Path, folder: Path, *up_options: str) -> None:
        self._app, self.folder, self._options = app, folder, up_options
        self._cleanup = contextlib.ExitStack()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "server.sqlite"
        self.server_log = folder / "server.log"
        self.env: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start WaveFlow, recorders and server; return when the server is ready."""
        with contextlib.ExitStack() as starting:
            self.recorder = starting.enter_context(Recorder(self.url))
            self._start_waveflow(starting)
            engine = self.env["AWS_ENDPOINT_URL"]
            self.aws = starting.enter_context(Recorder(engine))
            self._connect(starting)
            self.start_server()
            starting.callback(self._stop_server)
            self._cleanup = starting.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop all programs, and fail when a log holds a secret."""
        self._cleanup.close()
        said = self.server_log.read_text("utf-8")
        said += (self.folder / "up" / "functions.log").read_text("utf-8")
        assert '"stage"' in said
        assert leaks(said) == []

    def start_server(self) -> None:
        """Start the server behind a recorder that can block queue and machine."""
        queue_url = self.env["SQS_QUEUE_URL"]
        own = {
            "PORT": str(self.port),
            "DATABASE_FILE": str(self.database),
            "WEBHOOK_SECRET": f"{NEXT_SECRET} {self.env['WEBHOOK_SECRET']}",
            "SQS_QUEUE_URL": queue_url.replace(
                self.env["AWS_ENDPOINT_URL"], self.aws.url
            ),
            "AWS_ENDPOINT_URL_SFN": self.aws.url,
        }
        self.server = Program(
            ["node", "dist/main.js"],
            log=self.server_log,
            env={**_without_aws(os.environ), **self.env, **own},
            cwd=self._app,
        )
        self.server.wait_until(lambda: listens(self.port))

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Post to the server as a browser does, and return the answer."""
        answer = requests.post(f"{self.url}{path}", json=body, timeout=20)
        answer.raise_for_status()
        return dict(answer.json())

    def get(self, path: str) -> Any:
        """Return an answer of the server to a browser's GET."""
        answer = requests.get(f"{self.url}{path}", timeout=20)
        answer.raise_for_status()
        return answer.json()

    def upload(
        self, content: bytes, *, track: str, name: str = "take.wav", **more: str
    ) -> dict[str, Any]:
        """Put one file into the bucket by the form that the server has signed."""
        next_second()
        fields = {"userId": USER, "trackId": track, "original_filename": name, **more}
        sha256 = hashlib.sha256(content).hexdigest()
        signed = self.post("/stems/upload", **fields, sha256=sha256)
        form = signed["upload"]
        files = {"file": (name, content, "application/octet-stream")}
        sent = requests.post(form["url"], data=form["fields"], files=files, timeout=20)
        sent.raise_for_status()
        return signed

    def complete(self, stem: dict[str, Any]) -> dict[str, Any]:
        """Tell the server that the file has arrived."""
        return self.post("/stems/upload-complete", userId=USER, stemId=stem["stemId"])

    def settled(self, stem: dict[str, Any]) -> dict[str, Any]:
        """Return a stem's row once WaveFlow has finished with the stem."""
        path = f"/stems/{stem['stemId']}?userId={USER}"
        row = eventually(
            lambda: (seen := self.get(path))["state"] not in _BUSY and seen,
            otherwise=lambda: (self.get(path), self.waveflow.output),
        )
        return dict(row)

    def process(
        self, content: bytes, *, track: str, name: str = "take.wav"
    ) -> dict[str, Any]:
        """Upload one file; return its row once WaveFlow has finished with the file."""
        stem = self.upload(content, track=track, name=name)
        self.complete(stem)
        return self.settled(stem)

    def row(self, stem_id: str) -> dict[str, Any]:
        """Return a stem's row from the server's database."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.row_factory = sqlite3.Row
            found = database.execute(
                "SELECT * FROM stem_file WHERE stemId = ?", (stem_id,)
            ).fetchone()
        return dict(found)

    def read(self, key: str) -> bytes:
        """Return the bytes of an object of the bucket."""
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys of the bucket's live objects."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def executions(self, *states: str) -> list[dict[str, Any]]:
        """Return the executions that are in one of these states."""
        machine = self.env["STATE_MACHINE_ARN"]
        listed = self.sfn.list_executions(stateMachineArn=machine)["executions"]
        return [one for one in listed if not states or one["status"] in states]

    def status_of(self, asked: Passed) -> str:
        """Return the status of the execution that asked a recorded question."""
        arn = asked.payload["execution_arn"]
        return str(self.sfn.describe_execution(executionArn=arn)["status"])

    def idle(self) -> None:
        """Wait until no execution runs."""
        eventually(lambda: not self.executions("RUNNING"))

    def _stop_server(self) -> None:
        self.server.stop()  # the server may be a restarted process

    def _start_waveflow(self, starting: contextlib.ExitStack) -> None:
        env_file = self.folder / "waveflow.env"
        data = str(self.folder / "up")
        where = ("--port", "0", "--no-api", "--data", data, "--env-file", str(env_file))
        told = ("--webhook-url", f"{self.recorder.url}/webhook")
        self.waveflow = Program(
            [WAVEFLOW, "up", *told, *where, *self._options],
            log=self.folder / "waveflow.log",
            env=_without_aws(os.environ),
            cwd=self.folder,
        )
        starting.callback(self.waveflow.stop)
        self.waveflow.wait_until(lambda: "\nready\n" in self.waveflow.output)
        lines = env_file.read_text("utf-8").split()
        self.env = dict(line.split("=", 1) for line in lines)
        self.bucket = self.env["S3_BUCKET_NAME"]

    def _connect(self, starting: contextlib.ExitStack) -> None:
        session = boto3.Session(
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
            region_name=self.env["AWS_REGION"],
        )
        endpoint = self.env["AWS_ENDPOINT_URL"]
        self.s3 = session.client("s3", endpoint_url=endpoint)
        self.sqs = session.client("sqs", endpoint_url=endpoint)
        self.sfn = session.client("stepfunctions", endpoint_url=endpoint)
        for client in (self.s3, self.sqs, self.sfn):
            starting.callback(client.close)


def _without_aws(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without variables that lead to a real AWS account."""
    return {k: v for k, v in environ.items() if not k.startswith("AWS_")}
