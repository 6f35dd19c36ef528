"""No spelling of an inner address is ever connected to."""

import socket

import pytest
from support.aws_server import SECRET
from waveflow.adapters.addresses import may_connect
from waveflow.adapters.webhook import HttpWebhook
from waveflow.errors import WebhookRejectedError, WebhookUnavailableError

INNER = [
    "127.0.0.1",
    "127.1",
    "127.255.255.254",
    "2130706433",  # decimal
    "0177.0.0.1",  # octal
    "017700000001",
    "0x7f.0.0.1",  # hexadecimal
    "0x7f000001",
    "0",
    "0.0.0.0",  # noqa: S104 - a row of the table
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",  # carrier-grade NAT
    "169.254.169.254",  # metadata of EC2
    "169.254.170.2",  # credentials of ECS
    "2852039166",
    "0xa9fea9fe",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a00:1]",
    "[::127.0.0.1]",  # IPv4-compatible
    "[64:ff9b::7f00:1]",  # NAT64
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",  # 6to4
    "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::1]",  # Teredo
    "[2001:db8::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",  # metadata of EC2
    "[fe80::1]",
    "[fec0::1]",  # site-local
    "[ff02::1]",
    "localhost",
    "localhost.",
    "LOCALHOST",
]
OUTER = [
    "8.8.8.8",
    "1.1.1.1",
    "13.124.0.1",
    "2606:4700:4700::1111",
    "2001:4860::8888",
    "64:ff9b::808:808",
]


@pytest.fixture
def listener():
    """Listen on every loopback address, and count who comes."""
    with socket.create_server(("", 0), family=socket.AF_INET, backlog=64) as server:
        server.settimeout(0)
        yield server


def connections(listener):
    """Return how many have come."""
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def post(host, port, allowed=()):
    """Send a webhook to a host."""
    url = f"https://{host}:{port}"
    to = HttpWebhook(url, secrets=lambda: (SECRET,), allowed=allowed, deadline_s=2)
    return to.post("completion", {"x": 1}, webhook_id="msg_1")


@pytest.mark.parametrize("host", INNER)
def test_an_inner_address_is_refused_before_it_is_connected_to(listener, host):
    """Refused, or not an address at all; never connected to."""
    with pytest.raises((WebhookRejectedError, WebhookUnavailableError)):
        post(host, listener.getsockname()[1])

    assert connections(listener) == 0


def test_the_table_is_long_enough():
    """Forty rows and more."""
    assert len(set(INNER)) >= 40


@pytest.mark.parametrize("address", OUTER)
def test_a_public_address_may_be_connected_to(address):
    """The table must not refuse everything."""
    assert may_connect(address, allowed=())


def test_a_name_that_is_rebound_is_checked_where_it_connects(listener, monkeypatch):
    """The first answer is public, the second is not: only one is ever asked for."""
    answers = [["192.168.0.1"], ["127.0.0.1"]]
    asked = []

    def rebinding(host, port, **_options):
        asked.append(host)
        addresses = answers[min(len(asked), 2) - 1]
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)

    with pytest.raises(WebhookRejectedError):
        post("rebinding.example", listener.getsockname()[1])
    assert asked == ["rebinding.example"]
    assert connections(listener) == 0


def test_one_inner_address_among_public_ones_refuses_the_name(monkeypatch):
    """A name with two addresses is as bad as its worst."""

    def both(_host, port, **_options):
        addresses = ("8.8.8.8", "10.0.0.1")
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", both)

    with pytest.raises(WebhookRejectedError):
        post("two.example", 443)
