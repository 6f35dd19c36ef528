"""One attempt of a webhook ends at its deadline, whatever the network does."""

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
LATE_S = 2.0  # a busy machine is no reason to fail
DRIPS = 60  # of 0.05 s: longer than that


@pytest.fixture
def receiver():
    """Run a receiver for one test."""
    with Receiver() as running:
        yield running


@contextlib.contextmanager
def in_time():
    """Expect the attempt to be over at its deadline, and to say so."""
    started = time.monotonic()
    with pytest.raises(WebhookUnavailableError, match="in time"):
        yield
    assert time.monotonic() - started < LATE_S


def drip(request, head, byte):
    """Send a head, then one byte now and then."""
    request.wfile.write(head)
    for _ in range(DRIPS):
        request.wfile.write(byte)
        time.sleep(0.05)


def drip_headers(request):
    """Never end the status line."""
    drip(request, b"HTTP/1.1 200 ", b"O")


def drip_body(request):
    """Promise a body and send it byte by byte."""
    drip(request, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" ")


def drip_until_the_end(request):
    """Send a body whose end is the connection's: cut short, it looks whole."""
    drip(request, b"HTTP/1.1 200 OK\r\n\r\n", b" ")


def hang(_request):
    """Say nothing."""
    time.sleep(DRIPS * 0.05)


@pytest.mark.parametrize(
    "behaviour", [drip_headers, drip_body, drip_until_the_end, hang]
)
def test_one_attempt_ends_at_its_deadline(receiver, behaviour):
    """A server that drips must not hold a function for ever."""
    receiver.answer = behaviour

    with in_time():
        send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=DEADLINE_S))


def test_a_handshake_that_drips_ends_at_the_deadline():
    """TLS takes the socket over; the deadline must not be lost with it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def dripping():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"\x16\x03\x03\x40\x00")  # 16 KiB will follow
                for _ in range(DRIPS):
                    connection.sendall(b"\x00")
                    time.sleep(0.05)

        thread = threading.Thread(target=dripping, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/webhook"

        with in_time():
            send(webhook(url, allowed=LOOPBACK, deadline_s=DEADLINE_S))

        thread.join()


def test_a_connection_made_after_the_deadline_is_not_used(receiver, monkeypatch):
    """What cuts connections has come and gone by then; this one would drip on."""
    connect = socket.create_connection

    def late(*args, **kwargs):
        connected = connect(*args, **kwargs)
        time.sleep(1.2 * DEADLINE_S)
        return connected

    monkeypatch.setattr(socket, "create_connection", late)
    receiver.answer = drip_body

    with in_time():
        send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=DEADLINE_S))

    assert receiver.received == []


def test_an_address_that_swallows_packets_ends_at_the_deadline(receiver, monkeypatch):
    """The system would go on knocking for two minutes."""

    def knock(_address, timeout=DRIPS * 0.05, **_options):
        time.sleep(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", knock)

    with in_time():
        send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=DEADLINE_S))


def test_a_name_that_does_not_resolve_ends_at_the_deadline(receiver, monkeypatch):
    """The system's resolver knows no time-out of ours."""
    over = threading.Event()

    def silent(*_args, **_kwargs):
        over.wait(DRIPS * 0.05)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)

    try:
        with in_time():
            send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=DEADLINE_S))
    finally:
        over.set()
