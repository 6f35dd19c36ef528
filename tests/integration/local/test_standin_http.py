"""Check the stand-in's HTTP side, on which WaveFlow and the page rely."""

import json
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from standardwebhooks import Webhook
from waveflow_local import paths
from waveflow_local.standin.server import StandIn

JSON = {"Content-Type": "application/json"}


@pytest.fixture(name="standin")
def _standin(tmp_path):
    """Run a stand-in that keeps its webhooks in a folder."""
    with StandIn(data=tmp_path) as standin:
        yield standin


def send(
    url: str, body: bytes, headers: dict[str, str], *, method: str = "POST"
) -> tuple[int, dict]:
    """POST and return status and body; redirects are not followed."""
    request = Request(url, body, headers, method=method)  # noqa: S310
    try:
        with urlopen(request, timeout=5) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def signed(body: bytes, *, number: str = "msg_1", secret: str = paths.WEBHOOK_SECRET):
    """Return the headers of a webhook, signed by the independent package."""
    now = datetime.now(UTC)
    return {
        **JSON,
        "webhook-id": number,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(number, now, body.decode()),
    }


def completion(status: str = "SUCCESS") -> bytes:
    """Return a completion as it goes over the wire."""
    event = {"stemId": "s1", "status": status, "task_id": "j", "result": {}}
    return json.dumps(event).encode()


def test_a_signed_webhook_is_kept_as_received(standin, tmp_path):
    """A developer debugs signatures with the archived file: headers must be exact."""
    body = completion()

    status, _ = send(f"{standin.url}/completion", body, signed(body))

    (path,) = (tmp_path / "webhooks").iterdir()
    kept = json.loads(path.read_text())
    assert status == 201
    assert path.name == "001_completion_s1_SUCCESS.json"
    assert kept["body"] == json.loads(body)
    assert kept["headers"]["webhook-id"] == "msg_1"
    assert kept["verified"]


@pytest.mark.parametrize("headers", [JSON, "wrong"])
def test_an_unsigned_webhook_is_refused_and_kept(standin, headers):
    """A stranger who guesses the URL must not change the table."""
    body = completion()
    if headers == "wrong":
        headers = signed(body, secret="whsec_d3Jvbmcgc2VjcmV0IHdyb25nIHNlY3JldA==")

    status, _ = send(f"{standin.url}/completion", body, headers)

    assert status == 401
    assert standin.table.stems() == []
    assert [r.verified for r in standin.archive.all()] == [False]


def test_repeats_are_told_by_their_id(standin):
    """A server drops repeats by webhook-id; the page must show which ones repeat."""
    body = completion()
    for number in ("msg_1", "msg_1", "msg_2"):
        send(f"{standin.url}/completion", body, signed(body, number=number))

    assert [r.repeated for r in standin.archive.all()] == [False, True, False]


@pytest.mark.parametrize(
    ("behaviour", "status"), [("unavailable", 500), ("reject", 400), ("redirect", 302)]
)
def test_a_page_can_make_it_misbehave(standin, behaviour, status):
    """A page's rule for one webhook must wear out, or the server stays broken."""
    base = standin.url.removesuffix("/webhook")
    rule = {"behaviour": behaviour, "subject": "s1", "times": 1}
    send(f"{base}/behaviour", json.dumps(rule).encode(), JSON)
    body = completion()

    answered = [standin.receive("completion", signed(body), body)[0] for _ in range(2)]

    assert answered == [status, 201]


def test_a_page_reads_the_rule_that_holds_and_replaces_it(standin):
    """Two pages must read the same rule, or their switches disagree."""
    base = standin.url.removesuffix("/webhook")
    for rule in ({"behaviour": "hold", "subject": "s1"}, {"behaviour": "silence"}):
        send(f"{base}/behaviour", json.dumps(rule).encode(), JSON)
    wanted = {"behaviour": "unavailable", "event": "completion", "times": 1}

    send(f"{base}/behaviour", json.dumps(wanted).encode(), JSON, method="PUT")

    with urlopen(f"{base}/behaviour", timeout=5) as answer:  # noqa: S310
        (rule,) = json.load(answer)
    assert wanted.items() <= rule.items()
    standin.script.next("completion", "s1")
    assert standin.script.in_force() == []


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/behaviour", b'{"behaviour": "dance"}', JSON, 400),
        ("/behaviour", b"{", JSON, 400),
        ("/behaviour", b"{}", {"Content-Type": "text/plain"}, 415),
        ("/answer", b'{"stemId": "nobody", "output": {}}', JSON, 409),
        ("/nowhere", b"{}", JSON, 404),
    ],
)
def test_what_makes_no_sense_is_refused(standin, path, body, headers, status):
    """A page of another origin must not send rules or answers."""
    base = standin.url.removesuffix("/webhook")

    assert send(base + path, body, headers)[0] == status


def test_its_lists_can_be_read(standin):
    """The page shows webhooks by subject, and would show none without the list."""
    body = completion()
    send(f"{standin.url}/completion", body, signed(body))
    base = standin.url.removesuffix("/webhook")

    with urlopen(f"{base}/webhooks", timeout=5) as answer:  # noqa: S310
        listed = json.load(answer)

    assert [webhook["subject"] for webhook in listed] == ["s1"]


def test_a_body_without_end_is_not_read(standin):
    """A client that claims more than a megabyte is refused before its body is read."""
    client = HTTPConnection(urlsplit(standin.url).netloc, timeout=5)
    client.putrequest("POST", "/webhook/completion")
    client.putheader("Content-Length", str(1024 * 1024 + 1))
    client.endheaders()

    with client.getresponse() as answer:
        assert answer.status == 413
    client.close()
