"""Webhooks as a receiver sees them: signed, bounded, and never redirected."""

import gzip
import inspect
import json
import socket
from ipaddress import ip_network

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from support import receiver as receivers
from support.receiver import SECRET as NEW
from support.receiver import Receiver, send
from waveflow.adapters.webhook import HttpWebhook
from waveflow.errors import (
    InternalError,
    WebhookRejectedError,
    WebhookUnavailableError,
)

OLD = "whsec_" + "b2xkLXNlY3JldC1vZi10aGUtc2VydmVyLTEyMzQ1Njc4"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def webhook(receiver, *, allowed=LOOPBACK, **options):
    """Return a webhook to the receiver."""
    return receivers.webhook(receiver.url, allowed=allowed, **options)


def test_a_delivery_is_signed_as_the_standard_says(receiver):
    """A server that uses the standard's own package must accept our signature."""
    assert send(webhook(receiver)) == b"{}"

    [(path, headers, body)] = receiver.received
    assert path == "/webhook/completion"
    assert Webhook(NEW).verify(body, headers) == {"name": "노래"}
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(body.replace(b"name", b"nome"), headers)


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_both_secrets_verify_while_they_rotate(receiver, secret):
    """A server may switch secrets at any moment of a rotation."""
    send(webhook(receiver, secrets=(NEW, OLD)))

    [(_, headers, body)] = receiver.received
    assert Webhook(secret).verify(body, headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_success(receiver, status):
    """Frameworks answer with different codes from 200 on, and all mean success."""
    receiver.answer = lambda request: request.reply(status, b"")

    assert send(webhook(receiver)) == b""


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
    """A server that asks for another try must not cost the job."""
    receiver.answer = lambda request: request.reply(status, b"")

    with pytest.raises(WebhookUnavailableError, match=str(status)):
        send(webhook(receiver))


def test_an_absent_server_is_tried_again(receiver):
    """A server that restarts refuses connections for a moment only."""
    receiver.server_close()

    with pytest.raises(WebhookUnavailableError):
        send(webhook(receiver))


def test_the_next_address_is_tried_when_one_does_not_answer(receiver, monkeypatch):
    """A name may have an IPv6 address where nobody listens."""
    port = receiver.server_port
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **named: (
            found if host == "two.example" else real(host, *rest, **named)
        ),
    )

    url = f"http://two.example:{port}"

    assert send(receivers.webhook(url, allowed=LOOPBACK)) == b"{}"


def test_an_attempt_has_fifteen_seconds():
    """A receiver has 15 s by the contract, and notify's time-out leaves room."""
    limit = inspect.signature(HttpWebhook).parameters["deadline_s"].default

    assert limit == 15


def test_an_endless_answer_is_read_to_64_kib(receiver):
    """A server that never stops sending must not fill the function's memory."""

    def flood(request):
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    receiver.answer = flood

    assert len(send(webhook(receiver))) == 64 << 10


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("status", [200, 201])
def test_an_answer_that_ends_early_is_asked_for_again(receiver, status, chunked):
    """Half a verdict must not be read as another verdict, nor as none."""

    def cut(request):
        request.send_response(status)
        if chunked:
            request.send_header("Transfer-Encoding", "chunked")
            body = b"1e\r\n" + b'{"verdict":"new"'
        else:
            request.send_header("Content-Length", "30")
            body = b'{"verdict":"new"'
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = True

    receiver.answer = cut

    with pytest.raises(WebhookUnavailableError):
        send(webhook(receiver))


def test_an_answer_is_never_compressed(receiver):
    """A compressed answer could grow far beyond the 64 KiB that are read."""

    def compress(request):
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(b'{"verdict":"new"}')
            request.reply(200, body, Content_Encoding="gzip")
        else:
            request.reply(200, b'{"verdict":"new"}')

    receiver.answer = compress

    assert send(webhook(receiver)) == b'{"verdict":"new"}'


def test_the_environment_sends_no_delivery_elsewhere(receiver, monkeypatch):
    """A proxy from the environment would read the task token."""
    with Receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)

        send(webhook(receiver))

    assert proxy.received == []
    assert len(receiver.received) == 1


def test_an_inner_address_is_never_connected_to(receiver):
    """A webhook's URL must not reach services inside the network."""
    with pytest.raises(WebhookRejectedError, match="address inside"):
        send(webhook(receiver, allowed=()))

    assert receiver.received == []


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: request.reply(500, b"secret-token"),
        lambda request: request.reply(400, b"secret-token"),
        lambda request: request.connection.close(),
    ],
    ids=["unavailable", "rejected", "cut"],
)
def test_no_error_quotes_the_payload(receiver, answer):
    """An exception of requests holds the request, and so the task token, a password."""
    receiver.answer = answer

    with pytest.raises((WebhookUnavailableError, WebhookRejectedError)) as failure:
        send(webhook(receiver), {"task_token": "secret-token"})

    assert "secret-token" not in repr(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__context__ is None or failure.value.__suppress_context__


@pytest.mark.parametrize(
    "secret", ["whsec_not base64!", f"{NEW}\n", f"{NEW[:-4]} {NEW[-4:]}", "whsec_비밀"]
)
def test_a_secret_that_is_none_is_told_without_it(receiver, secret):
    """An operator may paste anything into the secret, and a near miss signs wrongly."""
    with pytest.raises(InternalError, match="not base64") as failure:
        send(webhook(receiver, secrets=(secret,)))

    assert secret.removeprefix("whsec_") not in f"{failure.value!r}"
    assert receiver.received == []


def test_a_lone_surrogate_in_a_name_is_still_json(receiver):
    """A name may hold a lone surrogate, which JSON carries and UTF-8 does not."""
    send(webhook(receiver), {"name": "\ud800"})

    [(_, _, body)] = receiver.received
    assert json.loads(body) == {"name": "\ud800"}
