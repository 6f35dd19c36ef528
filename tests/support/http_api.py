"""A client of the HTTP API, and reading of its answers."""

import json
from dataclasses import dataclass
from typing import Any

import requests

from support.processes import eventually


@dataclass
class Api:
    """Client of seed 004: its four calls, and waiting for a job's end."""

    client: Any
    token: str = "token-1"

    def upload(self, body: bytes, name: str = "a.wav", **query: Any) -> dict[str, Any]:
        """Upload a file and return the job."""
        answer = self.client.post(
            f"/tokens/{self.token}/upload-audio",
            files={"file": (name, body)},
            params=query,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def result(self, job_id: str) -> dict[str, Any]:
        """Return a job as it is now."""
        answer = self.client.get(f"/tokens/analysis-result/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, job_id: str) -> dict[str, Any]:
        """Return a job once it has ended."""

        def ended() -> dict[str, Any] | None:
            told = self.result(job_id)
            return None if told["status"] == "processing" else told

        return eventually(ended)

    def events(self, job_id: str, *, after: str | None = None) -> list[dict[str, Any]]:
        """Return all events of a job's stream, each with its id."""
        headers = {"Last-Event-ID": after} if after else {}
        answer = self.client.get(f"/tokens/analysis-progress/{job_id}", headers=headers)
        return [] if answer.status_code == 204 else parse(answer.text)


def parse(text: str) -> list[dict[str, Any]]:
    """Return the events of a stream, read as a browser reads them."""
    events = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        fields = dict(line.split(": ", 1) for line in lines if line)
        if "data" in fields:
            events.append({"id": fields.get("id"), **json.loads(fields["data"])})
    return events


def code(answer: Any) -> tuple[int, str]:
    """Return a problem's status and code."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def begin(api: Api, size: int, **fields: Any) -> Any:
    """Ask the API for an upload of a large file."""
    wanted = {"filename": "큰 파일.wav", "size": size, **fields}
    return api.client.post("/tokens/token-1/uploads", json=wanted)


def complete(api: Api, upload: dict[str, Any]) -> Any:
    """Tell the API that all bytes of an upload are in S3."""
    return api.client.post(f"/tokens/uploads/{upload['upload_id']}/complete")


def send(part: dict[str, Any], body: bytes) -> None:
    """Send one part of an upload to S3."""
    chunk = body[part["offset"] : part["offset"] + part["size"]]
    requests.put(part["url"], data=chunk, timeout=20).raise_for_status()
