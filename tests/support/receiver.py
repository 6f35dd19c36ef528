"""A receiver of webhooks on loopback whose answers a test chooses."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from waveflow.adapters.addresses import Network
from waveflow.adapters.webhook import HttpWebhook

SECRET = "whsec_" + "bmV3LXNlY3JldC1vZi10aGUtc2VydmVyLTEyMzQ1Njc4"


class Receiver(ThreadingHTTPServer):
    """Platform's server that keeps every delivery; `answer` replies to each."""

    daemon_threads = True

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.answer = lambda request: request.reply(201, b"{}")
        self._scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"{self._scheme}://127.0.0.1:{self.server_port}/webhook"

    def __enter__(self) -> Self:
        """Start answering deliveries."""
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop answering deliveries."""
        self.shutdown()
        self.server_close()

    def handle_error(self, *_args: object) -> None:
        """Print no traceback: clients hang up on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Keep the delivery, and answer as the test chose."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((self.path, headers, body))
        self.server.answer(self)

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        """Send an answer with status, headers and body."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Print no line for each request."""


def webhook(
    url: str,
    *,
    allowed: tuple[Network, ...],
    secrets: tuple[str, ...] = (SECRET,),
    deadline_s: float = 5.0,
) -> HttpWebhook:
    """Return the webhook adapter for a URL."""
    return HttpWebhook(
        url, secrets=lambda: secrets, allowed=allowed, deadline_s=deadline_s
    )


def send(to: HttpWebhook, payload: dict[str, Any] | None = None) -> bytes:
    """Deliver a payload to the completion route, and return the answer."""
    return to.post("completion", payload or {"name": "노래"}, webhook_id="msg_1")
