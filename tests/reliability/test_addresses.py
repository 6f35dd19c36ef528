"""Inner addresses in every spelling: webhooks never connect to them."""

import socket
from ipaddress import ip_network

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
    "192.0.0.8",  # dummy address
    "192.0.2.1",
    "192.88.99.1",  # relay of 6to4
    "[64:ff9b::c058:6301]",
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
    "[3fff::1]",  # documentation
    "[3fff:fff:ffff::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",  # metadata of EC2
    "[fe80::1]",
    "[fec0::1]",  # site-local
    "[ff02::1]",
    "[ff0e::1]",  # multicast, of global scope
    "[2002:808:808::1]",  # 6to4 of a public address: nobody's server
    "localhost",
    "LOCALHOST",
]
OUTER = [
    "8.8.8.8",
    "1.1.1.1",
    "13.124.0.1",
    "[2606:4700:4700::1111]",
    "[2001:4860::8888]",
    "[64:ff9b::808:808]",
]
RESOLVE = socket.getaddrinfo


class Network:
    """Network that answers chosen names, and counts and refuses every connection."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked, self.connected = [], []

    def getaddrinfo(self, host, port, family=0, type=0, proto=0, flags=0):  # noqa: A002, PLR0913, PLR0917 - socket's own
        """Return the next addresses of a name; the last answer stays."""
        self.asked.append(host)
        answers = self.answers.get(host)
        if answers is None:
            return RESOLVE(host, port, family, type, proto, flags)
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [entry for each in addresses for entry in RESOLVE(each, port, 0, type)]

    def create_connection(self, address, *_args, **_options):
        """Resolve an address as the standard library does, and count the connection."""
        host, port = address
        for found in self.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
            self.connected.append(found[4][0])
        raise ConnectionRefusedError


@pytest.fixture
def network(monkeypatch):
    """Replace the functions below the sockets by a network without names."""
    between = Network()
    monkeypatch.setattr(socket, "getaddrinfo", between.getaddrinfo)
    monkeypatch.setattr(socket, "create_connection", between.create_connection)
    return between


def post(host):
    """Send a webhook to a host."""
    to = HttpWebhook(f"https://{host}", secrets=lambda: (SECRET,), deadline_s=2)
    return to.post("completion", {"x": 1}, webhook_id="msg_1")


@pytest.mark.parametrize("host", INNER)
def test_an_inner_address_is_refused_before_it_is_connected_to(network, host):
    """A webhook in any spelling of an inner address would read services inside AWS."""
    with pytest.raises(WebhookRejectedError, match="address inside"):
        post(host)

    assert network.asked
    assert network.connected == []


def test_the_table_is_long_enough():
    """A table that loses its rows would test fewer spellings, and still be green."""
    assert len(set(INNER)) >= 40


@pytest.mark.parametrize("host", OUTER)
def test_a_public_address_is_connected_to(network, host):
    """A rule that refuses every address would let no webhook reach a server."""
    with pytest.raises(WebhookUnavailableError):
        post(host)

    assert network.connected == [host.strip("[]")]


def test_a_name_that_is_rebound_is_checked_where_it_connects(network):
    """An attacker's name resolves to an inner address at the second question."""
    network.answers["rebound.example"] = [["8.8.8.8"], ["127.0.0.1"]]

    with pytest.raises(WebhookUnavailableError):
        post("rebound.example")

    assert network.connected == ["8.8.8.8"]


@pytest.mark.parametrize(
    "addresses", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"]]
)
def test_one_inner_address_among_public_ones_refuses_the_name(network, addresses):
    """A name with a public and an inner address could lead a webhook inside."""
    network.answers["two.example"] = [addresses]

    with pytest.raises(WebhookRejectedError):
        post("two.example")

    assert network.connected == []


def test_an_allowed_network_is_the_only_inner_one():
    """An operator who allows one inner network must not open its neighbours."""
    allowed = (ip_network("10.0.1.0/24"),)

    assert may_connect("10.0.1.7", allowed=allowed)
    assert not may_connect("10.0.2.7", allowed=allowed)
