"""Receive webhooks as the platform's server does, and answer them."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

from waveflow_local import paths
from waveflow_local.paths import LocalError
from waveflow_local.standin.answers import Answers, VerdictMode, verdict_for
from waveflow_local.standin.archive import Archive, Received
from waveflow_local.standin.behaviours import Rule, Script
from waveflow_local.standin.table import StemTable

if TYPE_CHECKING:
    from collections.abc import Callable

WEBHOOK_PATH = "/webhook"
EVENTS = ("hash-check", "completion", "mixing-complete")
_MAX_BODY_BYTES = 1024 * 1024
_SIMPLE_FAULTS = {"unavailable": 500, "reject": 400, "redirect": 302}
_SILENT = ("silence", "ask-me", "body-verdict")


class StandIn:
    """A server with a table of its own; a context manager."""

    def __init__(
        self,
        *,
        secret: str = paths.WEBHOOK_SECRET,
        port: int = 0,
        data: Path | None = None,
        mode: VerdictMode = "callback",
    ) -> None:
        if data is not None:
            data.mkdir(parents=True, exist_ok=True)
        self.archive = Archive(data / "webhooks" if data else None)
        self.table = StemTable(data / "server.sqlite" if data else None)
        self.script = Script()
        self.answers = Answers(mode=mode)
        self._verifier = Webhook(secret)
        self._server = _bind(self, port)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="waveflow-standin",
            daemon=True,
        )

    @property
    def url(self) -> str:
        """Return the base URL for WaveFlow's webhooks."""
        return paths.endpoint(self._server.server_port) + WEBHOOK_PATH

    def __enter__(self) -> Self:
        """Receive from now on."""
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop receiving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.table.close()

    def receive(
        self, event: str, headers: dict[str, str], raw: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Take one webhook; return the status and body to answer."""
        received = Received(event, headers, *self._open(headers, raw))
        # Whoever sees a webhook and then changes the rules changes later ones only.
        rule = self.script.next(event, received.subject)
        self.archive.add(received)
        status, body = self._respond(received, rule)
        received.answered = status
        self.archive.write(received)
        return status, body

    def _open(self, headers: dict[str, str], raw: bytes) -> tuple[Any, bool]:
        try:
            self._verifier.verify(raw, headers)
            verified = True
        except WebhookVerificationError:
            verified = False
        try:
            return json.loads(raw), verified
        except ValueError:
            return raw.decode(errors="replace"), verified

    def _respond(self, received: Received, rule: Rule) -> tuple[int, dict[str, Any]]:
        if not received.verified:
            return 401, {"message": "The signature is not ours."}
        if rule.behaviour in _SIMPLE_FAULTS:
            return _SIMPLE_FAULTS[rule.behaviour], {"message": rule.behaviour}
        if rule.behaviour == "error-body":
            return 201, {"status": "error", "message": "swallowed"}
        if received.event == "hash-check":
            return 201, self._answer_question(received.body, rule)
        if received.event == "completion":
            changed = self.table.complete(received.body)
        else:
            changed = self.table.complete_mix(received.body)
        return 201, {"status": "ok", "changed": changed}

    def _answer_question(self, event: dict[str, Any], rule: Rule) -> dict[str, Any]:
        verdict = verdict_for(rule, self.table.remember(event))
        if rule.behaviour not in _SILENT:
            self.answers.give_soon(event, rule, verdict)
        return verdict if rule.behaviour == "body-verdict" else {"status": "received"}

    def answer(self, stem_id: str, output: Any) -> bool:
        """Answer the newest question about a stem that asked for it."""
        questions = self.archive.about(stem_id, "hash-check")
        if not questions:
            return False
        return self.answers.give(questions[-1].body, output).refused is None


class _RequestHandler(BaseHTTPRequestHandler):
    """HTTP in front of a stand-in."""

    protocol_version = "HTTP/1.1"
    standin: StandIn

    def do_GET(self) -> None:
        """List what the stand-in knows."""
        lists: dict[str, Callable[[], Any]] = {
            "/stems": self.standin.table.stems,
            "/mixes": self.standin.table.mixes,
            "/behaviour": self.standin.script.in_force,
            "/webhooks": lambda: [
                {**vars(r), "subject": r.subject} for r in self.standin.archive.all()
            ],
        }
        if self.path in lists:
            self._send(200, lists[self.path]())
        else:
            self._send(404, {"message": "GET /stems, /mixes, /behaviour or /webhooks."})

    def do_PUT(self) -> None:
        """Take a rule that replaces every other."""
        self._take()

    def do_POST(self) -> None:
        """Take a webhook, a rule or an answer."""
        self._take()

    def _take(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY_BYTES:
            self.close_connection = True
            self._send(413, {"message": "The body is too large."})
            return
        raw = self.rfile.read(length)
        event = self.path.removeprefix(WEBHOOK_PATH + "/")
        posted = self.command == "POST" and self.path.startswith(WEBHOOK_PATH)
        if posted and event in EVENTS:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(*self.standin.receive(event, headers, raw))
        elif self.headers.get("Content-Type") != "application/json":
            # A page of another origin cannot send this type unasked.
            self._send(415, {"message": "Send application/json."})
        else:
            self._send(*self._control(raw))

    def log_message(self, *_args: object) -> None:
        """Say nothing; webhooks are kept as files."""

    def _control(self, raw: bytes) -> tuple[int, dict[str, Any]]:
        try:
            wish = json.loads(raw)
            if self.path == "/behaviour":
                script = self.standin.script
                (script.replace if self.command == "PUT" else script.add)(Rule(**wish))
                return 200, {"status": "ok"}
            if self.path == "/answer":
                if self.standin.answer(wish["stemId"], wish["output"]):
                    return 200, {"taken": True}
                return 409, {"taken": False, "message": "Nobody waits for an answer."}
        except (KeyError, TypeError, ValueError) as exc:
            return 400, {"message": str(exc)}
        return 404, {"message": f"POST {WEBHOOK_PATH}/…, /behaviour or /answer."}

    def _send(self, status: int, body: Any) -> None:
        encoded = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        if status in {301, 302, 303, 307, 308}:
            self.send_header("Location", self.standin.url + "/elsewhere")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away; tell everything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _bind(standin: StandIn, port: int) -> ThreadingHTTPServer:
    handler = type("Handler", (_RequestHandler,), {"standin": standin})
    try:
        return _Server((paths.LOOPBACK, port), handler)
    except OSError as exc:
        raise LocalError(
            f"Port {port} of {paths.LOOPBACK} is in use; choose another with --port."
        ) from exc
