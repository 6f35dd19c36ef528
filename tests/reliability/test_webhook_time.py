"""Attempts of a webhook: each ends at its deadline, whatever the network does."""

import contextlib
import socket
import threading
import time
from ipaddress import ip_network

import pytest
from support.receiver import Receiver, send, webhook
from waveflow.errors import WebhookUnavailableError

LOOPBACK = (ip_network("127.0.0.0/8"),)
DEADLINE_S = 0.5
GIVES_UP_S = 60  # seconds, far longer than any machine delays the deadline


class Peer:
    """Peer that never ends by itself, so that only the deadline ends an attempt."""

    def __init__(self):
        self.gave_up = False
        self._attempt_over = threading.Event()
        self._until = time.monotonic() + GIVES_UP_S

    def goes_on(self):
        """Wait for a moment; return whether the attempt goes on."""
        if self._attempt_over.wait(0.05):
            return False
        self.gave_up = time.monotonic() > self._until
        return not self.gave_up

    def hang(self, timeout=GIVES_UP_S):
        """Stay silent until the attempt is over, or for the client's own time-out."""
        self.gave_up = not self._attempt_over.wait(timeout) and timeout >= GIVES_UP_S

    def end(self):
        """End the peer with the attempt."""
        self._attempt_over.set()


@pytest.fixture
def peer():
    """Return a peer that ends with the test."""
    running = Peer()
    yield running
    running.end()


@pytest.fixture
def receiver(peer):
    """Run a receiver that answers as the peer does."""
    with Receiver() as running:
        running.peer = peer
        yield running
        peer.end()


@contextlib.contextmanager
def in_time(peer):
    """Expect the attempt to end by its deadline, before its peer ends."""
    with pytest.raises(WebhookUnavailableError, match="in time"):
        yield
    assert not peer.gave_up


def drip(request, head, byte):
    """Send a head, then one byte now and then."""
    request.wfile.write(head)
    while request.server.peer.goes_on():
        request.wfile.write(byte)


def drip_headers(request):
    """Send a status line that never ends."""
    drip(request, b"HTTP/1.1 200 ", b"O")


def drip_body(request):
    """Promise a body, and send the body byte by byte."""
    drip(request, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" ")


def drip_until_the_end(request):
    """Send a body without a length: a cut body looks whole."""
    drip(request, b"HTTP/1.1 200 OK\r\n\r\n", b" ")


def hang(request):
    """Send no answer."""
    request.server.peer.hang()


@pytest.mark.parametrize(
    "behaviour", [drip_headers, drip_body, drip_until_the_end, hang]
)
def test_one_attempt_ends_at_its_deadline(receiver, peer, behaviour):
    """A server that drips bytes must not hold a function for minutes."""
    receiver.answer = behaviour

    with in_time(peer):
        send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=DEADLINE_S))


def test_a_handshake_that_drips_ends_at_the_deadline(peer):
    """A deadline lost with the TLS handshake lets a dripping server hold a function."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def dripping():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"\x16\x03\x03\x40\x00")  # announces 16 KiB
                while peer.goes_on():
                    connection.sendall(b"\x00")

        thread = threading.Thread(target=dripping, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/webhook"

        with in_time(peer):
            send(webhook(url, allowed=LOOPBACK, deadline_s=DEADLINE_S))

        peer.end()
        thread.join()


def test_a_connection_made_after_the_deadline_is_not_used(receiver, peer, monkeypatch):
    """A connection that opens after the deadline would drip on without limit."""
    connect = socket.create_connection

    def late(*args, **kwargs):
        connected = connect(*args, **kwargs)
        time.sleep(1.2 * DEADLINE_S)
        return connected

    monkeypatch.setattr(socket, "create_connection", late)
    receiver.answer = drip_body

    with in_time(peer):
        send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=DEADLINE_S))

    assert receiver.received == []


def test_an_address_that_swallows_packets_ends_at_the_deadline(
    receiver, peer, monkeypatch
):
    """An address that drops packets would hold a function for two minutes."""

    def knock(_address, timeout=GIVES_UP_S, **_options):
        peer.hang(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", knock)

    with in_time(peer):
        send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=DEADLINE_S))


def test_a_name_that_does_not_resolve_ends_at_the_deadline(receiver, peer, monkeypatch):
    """A name server that never answers would hold a function for minutes."""

    def silent(*_args, **_kwargs):
        peer.hang()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)

    with in_time(peer):
        send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=DEADLINE_S))
