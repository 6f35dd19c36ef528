"""Reports of an external analysis server about a job."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from support.http_api import Api, code
from support.world import wav
from waveflow.adapters.signature import signature_headers
from waveflow.api.app import create_app
from waveflow.api.bootstrap import ApiServices
from waveflow_local import paths


def webhook(api, job_id, body, **signed):
    """Post a signed webhook of an external analysis server, about a job."""
    named = body if isinstance(body, bytes) else json.dumps({"job_id": job_id} | body)
    raw = named if isinstance(named, bytes) else named.encode()
    headers = signature_headers(
        raw,
        webhook_id=signed.get("number", "msg_1"),
        timestamp=signed.get("at", int(time.time())),
        secrets=(signed.get("secret", paths.EXTERNAL_SECRET),),
    )
    url = f"/tokens/webhook/analysis-complete?job_id={job_id}"
    return api.client.post(url, content=raw, headers=headers)


def test_an_external_server_reports_once(api):
    """A second report must not change a result that clients have read."""
    job = api.upload(wav(seed=407))["job_id"]
    api.wait(job)

    first = webhook(api, job, {"status": "success", "result": {"tempo": 120}}).json()
    second = webhook(api, job, {"status": "failed"}).json()
    told = api.result(job)

    assert (first["changed"], second["changed"]) == (True, False)
    assert told["status"] == "completed"
    assert told["result"]["outside"] == {"tempo": 120}
    assert told["result"]["duration"] > 0


def test_an_external_failure_fails_the_job(api):
    """Clients of seed 004 expect a job to fail with the external server's report."""
    job = api.upload(wav(seed=408))["job_id"]
    api.wait(job)

    webhook(api, job, {"status": "failed", "message": "No pitch."})
    told = api.result(job)

    assert told["status"] == "failed"
    assert told["error"] == {"code": "ANALYSIS_FAILED", "message": "No pitch."}


def test_a_webhook_that_nobody_signed_changes_nothing(api):
    """Anybody may post to the route, so only the secret proves a report."""
    job = api.upload(wav(seed=409))["job_id"]
    good = {"status": "success"}
    forged = "whsec_" + "A" * 44

    assert code(webhook(api, job, good, secret=forged)) == (401, "BAD_SIGNATURE")
    stale = webhook(api, job, good, at=int(time.time()) - 400)
    assert code(stale) == (401, "BAD_SIGNATURE")
    assert code(webhook(api, "nobody", good)) == (404, "JOB_NOT_FOUND")
    assert code(webhook(api, job, {"status": "odd"})) == (422, "INVALID_MESSAGE")
    for raw in (b"no JSON", b"[" * 5000, b"[]"):
        assert code(webhook(api, job, raw)) == (422, "INVALID_MESSAGE")
    assert "outside" not in (api.wait(job)["result"])


@pytest.fixture
def api_secret(world):
    """Return the secret with which the API seals ids and tickets."""
    stored = world.pipeline.clients.secrets.get_secret_value(
        SecretId="waveflow-api-secret"
    )
    return json.loads(stored["SecretString"])["current"]


def test_a_report_is_signed_by_the_external_servers_key_alone(api, api_secret):
    """The platform and the API itself must not pass for the external server."""
    job = api.upload(wav(seed=486))["job_id"]
    api.wait(job)
    padded = api_secret + "=" * (-len(api_secret) % 4)
    standard = padded.replace("-", "+").replace("_", "/")

    for secret in (paths.WEBHOOK_SECRET, standard):
        refused = webhook(api, job, {"status": "failed"}, secret=secret)
        assert code(refused) == (401, "BAD_SIGNATURE")
    assert api.result(job)["status"] == "completed"


@pytest.mark.parametrize("secret", [paths.WEBHOOK_SECRET, paths.EXTERNAL_SECRET, ""])
def test_without_a_key_every_report_is_refused(configured, secret):
    """An operator who gave no key must read why, and no signature may pass."""
    client = Api(configured(API_EXTERNAL_SECRET_ARN=""))

    refused = webhook(client, "x", {"status": "success"}, secret=secret)

    assert code(refused) == (401, "BAD_SIGNATURE")
    assert "No key" in refused.json()["detail"]


@pytest.mark.parametrize("number", ["", "msg.1"])
def test_a_webhook_id_cannot_move_the_border_of_what_is_signed(api, number):
    """Full stops part id, time and body, so an id with one could hide a time."""
    refused = webhook(api, "x", {"status": "success"}, number=number)

    assert code(refused) == (401, "BAD_SIGNATURE")


@pytest.mark.parametrize("key", ["whsec_", "whsec_AAAA", "whsec_" + "A" * 28])
def test_a_key_that_anybody_could_guess_lets_nobody_in(settings, key):
    """A secret that an operator left empty must not be a key of no bytes."""
    made = ApiServices(settings)
    made.external_secrets = lambda: (key,)
    client = TestClient(create_app(made), raise_server_exceptions=False)

    refused = webhook(Api(client), "x", {"status": "success"}, secret=key)

    assert code(refused) == (500, "INTERNAL_ERROR")


def test_a_rotated_key_is_taken_beside_the_old_key(configured):
    """A server that still signs with the old key must not lose its reports."""
    app = configured()
    new = "whsec_" + "bmV3" * 10
    app.app.state.services.external_secrets = lambda: (new, paths.EXTERNAL_SECRET)

    for secret in (new, paths.EXTERNAL_SECRET):
        known = webhook(Api(app), "nobody", {"status": "success"}, secret=secret)
        assert code(known) == (404, "JOB_NOT_FOUND")


def test_a_report_is_not_replayed_onto_another_job(api, world):
    """Whoever records a signed report must not end another owner's job with it."""
    mine, other = (api.upload(wav(seed=seed))["job_id"] for seed in (483, 484))
    api.wait(other)
    unnamed = json.dumps({"status": "failed"}).encode()

    replayed = webhook(api, other, {"job_id": mine, "status": "failed"})

    assert code(replayed) == (422, "INVALID_MESSAGE")
    assert code(webhook(api, other, unnamed)) == (422, "INVALID_MESSAGE")
    assert f"analysis/{other}.json" not in world.keys("analysis/")
    assert api.result(other)["status"] == "completed"


LATE = {"changed": False}


def test_a_repeat_gets_the_first_answer(api):
    """A server whose answer was lost asks again, and must not believe it was late."""
    job = api.upload(wav(seed=485))["job_id"]
    api.wait(job)
    report = {"status": "success", "result": {"tempo": 1}}

    first = webhook(api, job, report).json()
    others = [
        webhook(api, job, {"status": "failed"}),
        webhook(api, job, {"status": "success", "result": {"tempo": True}}),
    ]
    told = api.result(job)["result"]["outside"]
    again = webhook(api, job, report).json()

    assert first == again
    assert told == report["result"]
    for other in others:
        assert other.json() | {"message": ""} == first | {"message": "", **LATE}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"status": ["success"], "job_id": "x"}',
        b'{"status": "success", "job_id": "x", "result": "\xff"}',
        b'{"status": "success", "job_id": "x", "result": "\\ud800"}',
        b'{"status": "failed", "job_id": "x", "message": ' + b"9" * 5000 + b"}",
        b'{"status": "success", "job_id": 7}',
        b"[" * 100_000,
    ],
    ids=["list", "bytes", "surrogate", "digits", "number", "nested"],
)
def test_a_malformed_signed_report_is_no_defect(api, raw, caplog):
    """A server with a bug must read 422, and an operator one line, not a traceback."""
    assert code(webhook(api, "x", raw)) == (422, "INVALID_MESSAGE")
    [line] = [r.message for r in caplog.records if r.name == "waveflow.api"]
    assert json.loads(line)["code"] == "INVALID_MESSAGE"


class Together:
    """Object store whose two readers both read before either writes."""

    def __init__(self, objects):
        self._objects = objects
        self._barrier = threading.Barrier(2)
        self._readers: set[int] = set()

    def __getattr__(self, name):
        """Return a method of the store."""
        return getattr(self._objects, name)

    def load(self, key):
        """Load the object, and wait at the first time for the other reader."""
        body = self._objects.load(key)
        if threading.get_ident() not in self._readers:
            self._readers.add(threading.get_ident())
            self._barrier.wait(10)
        return body


def test_of_two_reports_at_once_one_counts(api, settings, world):
    """A server must not be told that its report counts when another one was kept."""
    job = api.upload(wav(seed=480))["job_id"]
    api.wait(job)
    made = ApiServices(settings)
    made.objects = Together(made.objects)
    reports = [{"status": "success", "result": n} for n in (1, 2)]

    with ThreadPoolExecutor(2) as pool:
        first = list(pool.map(lambda r: made.jobs.keep_report(job, r), reports))

    assert first[0] == first[1]
    assert first[0] in reports
    assert json.loads(world.read(f"analysis/{job}.json")) == first[0]


def test_a_report_about_a_running_job_waits_for_its_end(api, world):
    """A report must not end a job that the machine still works on."""
    world.behave("ask-me", "*", event="hash-check", times=1)
    job = api.upload(wav(seed=481), verdict="platform")["job_id"]
    world.standin.archive.wait_for(job, "hash-check")

    noted = webhook(api, job, {"status": "success", "result": {"tempo": 90}}).json()
    meanwhile = api.result(job)
    world.standin.answer(job, {"verdict": "nonsense"})
    told = api.wait(job)
    events = api.events(job)

    assert noted["changed"] is True
    assert (meanwhile["status"], meanwhile["progress"]) == ("processing", 70)
    assert (told["status"], told["error"]["code"]) == ("failed", "INVALID_VERDICT")
    assert [e["status"] == "processing" for e in events[:-1]] == [True] * (
        len(events) - 1
    )
    assert api.events(job, after=events[-1]["id"]) == []


def test_a_later_report_is_one_more_event(api):
    """A client that saw the end must learn of a later report when it asks again."""
    job = api.upload(wav(seed=482))["job_id"]
    api.wait(job)
    before = api.events(job)

    webhook(api, job, {"status": "failed", "message": "No pitch."})
    after = api.events(job, after=before[-1]["id"])

    assert [event["status"] for event in after] == ["failed"]
    assert api.events(job)[:-1] == before[:-1]


@pytest.mark.parametrize("stamp", ["9" * 5000, "9" * 400, "1e9", "\u0661"])
def test_a_timestamp_that_is_none_is_refused(api, stamp):
    """Python reads no integer of more than 4,300 digits, and would answer 500."""
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": stamp.encode(),
        "webhook-signature": "v1,x",
    }

    answer = api.client.post(
        "/tokens/webhook/analysis-complete?job_id=x", content=b"{}", headers=headers
    )

    assert code(answer) == (401, "BAD_SIGNATURE")
