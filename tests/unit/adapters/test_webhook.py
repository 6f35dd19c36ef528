"""Webhooks as a receiver sees them: signed, bounded, and never redirected."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from waveflow.adapters.webhook import HttpWebhook
from waveflow.errors import (
    InternalError,
    WebhookRejectedError,
    WebhookUnavailableError,
)

NEW = "whsec_" + "bmV3LXNlY3JldC1vZi10aGUtc2VydmVyLTEyMzQ1Njc4"
OLD = "whsec_" + "b2xkLXNlY3JldC1vZi10aGUtc2VydmVyLTEyMzQ1Njc4"
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Receiver:
    """A server on loopback that answers as it is told and keeps what it got."""

    def __init__(self):
        self.received = []
        self.answer = lambda request: request.reply(201, b"{}")
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {k.lower(): v for k, v in self.headers.items()}
                receiver.received.append((self.path, headers, body))
                receiver.answer(self)

            def reply(self, status, body, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(
            target=self.server.serve_forever, args=(0.02,), daemon=True
        ).start()

    @property
    def url(self):
        """Return the base URL."""
        return f"http://127.0.0.1:{self.server.server_port}/webhook"


@pytest.fixture
def receiver():
    """Run a receiver for one test."""
    running = Receiver()
    yield running
    running.server.shutdown()
    running.server.server_close()


def webhook(receiver, *, secrets=(NEW,), allowed=LOOPBACK, deadline_s=5.0):
    """Return a webhook to the receiver."""
    return HttpWebhook(
        receiver.url, secrets=lambda: secrets, allowed=allowed, deadline_s=deadline_s
    )


def send(to, payload=None):
    """Deliver something."""
    return to.post("completion", payload or {"name": "노래"}, webhook_id="msg_1")


def test_a_delivery_is_signed_as_the_standard_says(receiver):
    """The independent package verifies it, and refuses a changed body."""
    assert send(webhook(receiver)) == b"{}"

    [(path, headers, body)] = receiver.received
    assert path == "/webhook/completion"
    assert Webhook(NEW).verify(body, headers) == {"name": "노래"}
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(body.replace(b"name", b"nome"), headers)


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_both_secrets_verify_while_they_rotate(receiver, secret):
    """A server may switch at any moment of a rotation."""
    send(webhook(receiver, secrets=(NEW, OLD)))

    [(_, headers, body)] = receiver.received
    assert Webhook(secret).verify(body, headers)


@pytest.mark.parametrize("status", [300, 301, 302, 307, 400, 401, 403, 404, 409, 410])
def test_a_refusal_is_final_and_a_redirect_is_not_followed(receiver, status):
    """A redirect would carry the token to another host."""
    elsewhere = receiver.url + "/elsewhere"
    receiver.answer = lambda request: request.reply(status, b"", Location=elsewhere)

    with pytest.raises(WebhookRejectedError, match=str(status)):
        send(webhook(receiver))

    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_an_overloaded_server_is_tried_again(receiver, status):
    """The machine retries; the stage only says that it may."""
    receiver.answer = lambda request: request.reply(status, b"")

    with pytest.raises(WebhookUnavailableError, match=str(status)):
        send(webhook(receiver))


def test_an_absent_server_is_tried_again(receiver):
    """A connection that is refused may be accepted later."""
    receiver.server.server_close()

    with pytest.raises(WebhookUnavailableError):
        send(webhook(receiver))


def drip_headers(request):
    """Send one byte of the status line now and then."""
    for byte in b"HTTP/1.1 200 OK" * 100:
        request.wfile.write(bytes([byte]))
        time.sleep(0.05)


def drip_body(request):
    """Promise a body and send it byte by byte."""
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    for _ in range(1000):
        request.wfile.write(b" ")
        time.sleep(0.05)


def hang(_request):
    """Say nothing."""
    time.sleep(3)


@pytest.mark.parametrize("behaviour", [drip_headers, drip_body, hang])
def test_one_attempt_ends_at_its_deadline(receiver, behaviour):
    """A server that drips must not hold a function for ever."""
    receiver.answer = behaviour
    started = time.monotonic()

    with pytest.raises(WebhookUnavailableError, match="in time"):
        send(webhook(receiver, deadline_s=0.5))

    assert time.monotonic() - started < 1.5


def test_a_handshake_that_drips_ends_at_the_deadline():
    """TLS takes the socket over; the deadline must not be lost with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"\x16\x03\x03\x40\x00")  # 16 KiB will follow
                for _ in range(100):
                    connection.sendall(b"\x00")
                    time.sleep(0.05)

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/webhook"
        to = HttpWebhook(url, secrets=lambda: (NEW,), allowed=LOOPBACK, deadline_s=0.5)
        started = time.monotonic()

        with pytest.raises(WebhookUnavailableError, match="in time"):
            send(to)

        assert time.monotonic() - started < 1.5
        dripping.join()


def test_an_endless_answer_is_read_to_64_kib(receiver):
    """Memory must not depend on what a server sends."""

    def flood(request):
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    receiver.answer = flood

    assert len(send(webhook(receiver))) == 64 << 10


def test_an_inner_address_is_never_connected_to(receiver):
    """Without an allowed network, loopback is out of bounds."""
    with pytest.raises(WebhookRejectedError, match="address inside"):
        send(webhook(receiver, allowed=()))

    assert receiver.received == []


def test_no_error_quotes_the_payload(receiver):
    """The task token is a password."""
    receiver.answer = lambda request: request.reply(500, b"secret-token")

    with pytest.raises(WebhookUnavailableError) as failure:
        send(webhook(receiver), {"task_token": "secret-token"})

    assert "secret-token" not in repr(failure.value)
    assert failure.value.__cause__ is None


def test_a_secret_that_is_none_is_told_without_it(receiver):
    """An operator may paste anything into the secret."""
    with pytest.raises(InternalError) as failure:
        send(webhook(receiver, secrets=("whsec_not base64!",)))

    assert "not base64!" not in repr(failure.value)


def test_a_lone_surrogate_in_a_name_is_still_json(receiver):
    """JSON can carry it, though UTF-8 cannot."""
    send(webhook(receiver), {"name": "\ud800"})

    [(_, _, body)] = receiver.received
    assert json.loads(body) == {"name": "\ud800"}
