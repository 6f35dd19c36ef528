"""A proxy between two programs that keeps requests, and blocks them on demand."""

import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

import requests

_OWN_TO_A_CONNECTION = {
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
}
Block = Literal["silent", "refusing"]
_UNANSWERED = 502
_HELD_AT_MOST_S = 30


@dataclass(frozen=True)
class Passed:
    """Request that passed the recorder, with the status of its answer."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int = 0

    @property
    def event(self) -> str:
        """Return the last segment of the path."""
        return self.path.rpartition("/")[2]

    @property
    def payload(self) -> dict[str, Any]:
        """Return the body, parsed as JSON."""
        payload: dict[str, Any] = json.loads(self.body)
        return payload

    def signed(self, secret: str, *, age_s: int = 0) -> dict[str, str]:
        """Return headers with a new signature of the body, by Standard Webhooks."""
        timestamp = str(int(time.time()) - age_s)
        content = f"{self.headers['webhook-id']}.{timestamp}.".encode() + self.body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
        return {
            **self.headers,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{digest.decode()}",
        }


class Recorder:
    """Proxy for POST requests on a port of its own, used as a context manager."""

    def __init__(self, target: str) -> None:
        self.passed: list[Passed] = []
        self._target = target
        self._changes: dict[str, str] = {}
        self._blocked = ""
        self._way = threading.Event()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Start listening on the port."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop listening on the port."""
        self._way.set()
        self._server.shutdown()
        self._server.server_close()

    @contextlib.contextmanager
    def changing(self, **headers: str) -> Iterator[None]:
        """Replace headers of passing requests; `_` in a name stands for `-`."""
        self._changes = {k.replace("_", "-"): v for k, v in headers.items()}
        yield
        self._changes = {}

    @contextlib.contextmanager
    def blocked(self, action: str, *, how: Block) -> Iterator[None]:
        """Block one AWS action: give no answer, or answer 503."""
        self._how, self._blocked = how, action
        self._way.clear()
        yield
        self._blocked = ""
        self._way.set()

    def pass_on(self, request: Passed) -> tuple[int, bytes]:
        """Deliver a request and return the answer's status and body."""
        action = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if self._blocked and action == self._blocked:
            if self._how == "silent":
                self._way.wait(_HELD_AT_MOST_S)
            return 503, b"{}"
        headers = {**request.headers, **self._changes}
        try:
            url = f"{self._target}{request.path}"
            with requests.post(
                url, data=request.body, headers=headers, timeout=14
            ) as answer:
                status, content = answer.status_code, answer.content
        except requests.RequestException:
            status, content = _UNANSWERED, b""
        self.passed.append(Passed(request.path, headers, request.body, status))
        return status, content

    def seen(self, event: str, **fields: Any) -> list[Passed]:
        """Return the requests to one path whose payloads hold these fields."""
        return [
            one
            for one in list(self.passed)
            if one.event == event
            and all(one.payload.get(name) == value for name, value in fields.items())
        ]


class _Server(ThreadingHTTPServer):
    def __init__(self, recorder: Recorder) -> None:
        class Handler(_Handler):
            pass_on = recorder.pass_on

        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, *_args: object) -> None:
        """Print no traceback: a killed program does not wait for its answer."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() not in _OWN_TO_A_CONNECTION
        }
        status, answer = type(self).pass_on(Passed(self.path, headers, body))
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Print no line for each request."""
