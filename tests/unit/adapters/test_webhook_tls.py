"""TLS of webhooks: a task token goes only to a server that proves its name."""

import ipaddress
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests import adapters
from support.receiver import Receiver, send, webhook
from waveflow.errors import WebhookUnavailableError

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def certificate(address):
    """Return a certificate that signs itself, and its key, for an address."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    names = [x509.IPAddress(ipaddress.ip_address(address))]
    signed = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    return signed.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture
def serve(tmp_path):
    """Return a starter of TLS servers for an address, each with its certificate."""

    def serve(address):
        path = tmp_path / f"{address}.pem"
        path.write_bytes(b"".join(certificate(address)))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(path)
        return Receiver(tls=tls), str(path)

    return serve


def test_a_server_with_a_trusted_certificate_is_told(serve, monkeypatch):
    """A server with a certificate of an installed authority gets its webhooks."""
    receiver, authorities = serve("127.0.0.1")
    monkeypatch.setattr(adapters, "DEFAULT_CA_BUNDLE_PATH", authorities)

    with receiver:
        assert send(webhook(receiver.url, allowed=LOOPBACK)) == b"{}"


def test_a_body_that_drips_through_tls_ends_at_the_deadline(serve, monkeypatch):
    """TLS takes the socket over, and a server that drips would hold the function."""
    receiver, authorities = serve("127.0.0.1")
    monkeypatch.setattr(adapters, "DEFAULT_CA_BUNDLE_PATH", authorities)

    def drip(request):
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"x")
            time.sleep(0.1)

    receiver.answer = drip
    began = time.monotonic()
    with receiver, pytest.raises(WebhookUnavailableError, match="in time"):
        send(webhook(receiver.url, allowed=LOOPBACK, deadline_s=1.0))

    assert time.monotonic() - began < 5


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_server_that_signs_for_itself_is_told_nothing(serve, monkeypatch, variable):
    """An attacker who holds the address must not read the token."""
    receiver, its_own = serve("127.0.0.1")
    monkeypatch.setenv(variable, its_own)

    with (
        receiver,
        pytest.raises(WebhookUnavailableError, match="no trusted TLS connection"),
    ):
        send(webhook(receiver.url, allowed=LOOPBACK))

    assert receiver.received == []


def test_a_certificate_of_another_server_tells_nothing(serve, monkeypatch):
    """A trusted certificate of another name proves nothing about this server."""
    receiver, authorities = serve("127.0.0.2")
    monkeypatch.setattr(adapters, "DEFAULT_CA_BUNDLE_PATH", authorities)

    with (
        receiver,
        pytest.raises(WebhookUnavailableError, match="no trusted TLS connection"),
    ):
        send(webhook(receiver.url, allowed=LOOPBACK))

    assert receiver.received == []
