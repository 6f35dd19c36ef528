"""Access to the API: owners, limits, origins, and the answers to failures."""

import json
import logging

import pytest
from botocore.exceptions import EndpointConnectionError
from fastapi.testclient import TestClient
from support.http_api import Api, code
from support.world import wav
from waveflow.api.app import create_app
from waveflow.api.bootstrap import ApiServices
from waveflow.api.errors import IssuerUnavailableError
from waveflow.errors import (
    InternalError,
    StorageUnavailableError,
)
from waveflow_local.console.api_server import application, environment
from waveflow_local.console.dev_tokens import development_token
from waveflow_local.console.place import Place


def bearer(owner):
    """Return the header of an owner's development token."""
    return {"Authorization": f"Bearer {development_token(owner)}"}


def test_a_job_is_visible_to_its_owner_only(api):
    """A 403 would tell a stranger that the job exists; 404 tells nothing."""
    job = api.upload(wav(seed=420))["job_id"]
    mine, theirs = bearer("local-developer"), bearer("somebody")

    routes = (
        "analysis-result",
        "analysis-progress",
        "analysis-audio",
        "analysis-waveform",
    )
    seen = {
        api.client.get(f"/tokens/{r}/{job}", headers=theirs).status_code for r in routes
    }

    assert seen == {404}
    assert (
        api.client.get(f"/tokens/analysis-result/{job}", headers=mine).status_code
        == 200
    )


@pytest.mark.parametrize("header", ["Bearer x", "Basic abc", "Bearer "])
def test_a_bad_token_is_refused_even_where_none_is_needed(api, header):
    """A client with a wrong token must not become the anonymous owner unnoticed."""
    answer = api.client.get(
        "/tokens/analysis-result/x", headers={"Authorization": header}
    )

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_on_aws_a_token_is_required(configured):
    """A public URL without tokens would show every job to everybody."""
    client = configured(WAVEFLOW_LOCAL="0", WEBHOOK_URL="https://example.com")

    anonymous = client.get("/tokens/analysis-result/x")
    known = client.get("/tokens/analysis-result/x", headers=bearer("kim"))

    assert (anonymous.status_code, known.status_code) == (401, 404)


def test_a_developer_can_require_a_token(configured):
    """A page without a token must fail here, not on the first day on AWS."""
    client = configured(API_REQUIRE_TOKEN="1")

    anonymous = client.get("/tokens/analysis-result/x")
    known = client.get("/tokens/analysis-result/x", headers=bearer("kim"))

    assert (anonymous.status_code, known.status_code) == (401, 404)


def test_too_many_requests_are_told_when_to_come_back(configured):
    """A hasty owner must not keep the others out."""
    client = configured(API_RATE_PER_SECOND="0.5", API_RATE_BURST="2")

    answers = [client.get("/tokens/analysis-result/x") for _ in range(3)]
    other = client.get("/tokens/analysis-result/x", headers=bearer("other"))

    assert [a.status_code for a in answers] == [404, 404, 429]
    assert int(answers[2].headers["retry-after"]) <= 2
    assert other.status_code == 404


def test_a_body_that_lambda_would_refuse_names_the_way_that_works(configured):
    """A client with a large file learns of the way to S3 from the refusal."""
    client = configured(API_MAX_BODY_BYTES="1000")

    answer = client.post("/tokens/t/upload-audio", files={"file": b"x" * 2000})

    assert (answer.status_code, answer.json()["code"]) == (413, "FILE_TOO_LARGE")
    assert "POST /tokens/{token_id}/uploads" in answer.json()["detail"]


def test_a_file_over_the_limit_leaves_no_parts(configured, world):
    """Parts of a refused file would be stored and paid for."""
    client = configured(MAX_FILE_SIZE_MB="6")
    before = world.keys("audio/")

    answer = client.post("/tokens/t/upload-audio", files={"file": bytes((6 << 20) + 1)})

    assert (answer.status_code, answer.json()["code"]) == (413, "FILE_TOO_LARGE")
    assert world.keys("audio/") == before
    assert "Uploads" not in world.s3.list_multipart_uploads(Bucket=world.bucket)


def test_other_origins_are_let_in_by_name_only(configured):
    """A page of an unknown site must not use a visitor's token."""
    client = configured(API_CORS_ORIGINS="https://studio.example")
    ask = {"Access-Control-Request-Method": "POST"}

    listed = client.options(
        "/tokens/t/upload-audio", headers={"Origin": "https://studio.example", **ask}
    )
    other = client.options(
        "/tokens/t/upload-audio", headers={"Origin": "https://evil.example", **ask}
    )

    assert listed.headers["access-control-allow-origin"] == "https://studio.example"
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("host", ["evil.example", "", "evil.example:8000", "::::"])
def test_another_name_of_this_machine_is_refused_as_a_problem(world, host, monkeypatch):
    """A page of another site may reach loopback under a name of its own."""
    place = Place(endpoint=world.pipeline.endpoint)
    for name, value in environment(place).items():
        monkeypatch.setenv(name, value)
    client = TestClient(application(place))

    refused = client.get("/tokens/analysis-result/x", headers={"Host": host})
    named = client.get("/docs", headers={"Host": "localhost:8000"})

    assert code(refused) == (400, "HOST_NOT_ALLOWED")
    assert named.status_code == 200


def test_a_page_of_another_origin_may_resume_and_wait(configured):
    """A page needs Last-Event-ID to resume a stream, and Retry-After to wait."""
    client = configured(
        API_CORS_ORIGINS="https://studio.example",
        API_RATE_PER_SECOND="0.5",
        API_RATE_BURST="1",
    )
    origin = {"Origin": "https://studio.example"}
    ask = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "Last-Event-ID",
    }

    resumes = client.options("/tokens/analysis-progress/x", headers=origin | ask)
    answers = [
        client.get("/tokens/analysis-result/x", headers=origin) for _ in range(2)
    ]

    assert resumes.status_code == 200
    assert answers[1].status_code == 429
    assert answers[1].headers["access-control-expose-headers"] == "ETag, Retry-After"


def test_a_large_file_arrives_in_parts_and_is_one_object(configured, world):
    """A musician's file of many parts must be stored byte for byte."""
    api = Api(configured())
    body = wav(seconds=400, seed=421)

    told = api.wait(api.upload(body)["job_id"])

    assert len(body) > 6 << 20
    assert told["result"]["file_size"] == len(body)
    assert world.read(told["s3_url"].split("/", 3)[3]) == body


JOB = "73732cad-5149-44d4-a954-e9c4781635c3"


class Broken:
    """Jobs that fail with an error at every call."""

    def __init__(self, error):
        self._error = error

    def look(self, _job_id):
        """Raise the error."""
        raise self._error

    def now(self, _job_id, **_owner):
        """Raise the error."""
        raise self._error


@pytest.fixture
def served(settings):
    """Return a maker of clients of an API with some services replaced."""

    def make(**services):
        made = ApiServices(settings)
        for name, service in services.items():
            setattr(made, name, service)
        app = create_app(made)
        return TestClient(app, raise_server_exceptions=False)

    return make


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (InternalError("S3 answered 403."), 500, "INTERNAL_ERROR"),
        (StorageUnavailableError("S3 answered 503."), 503, "STORAGE_UNAVAILABLE"),
        (KeyError("whsec_secret"), 500, "INTERNAL_ERROR"),
    ],
)
def test_what_is_our_fault_is_logged_in_one_line(served, caplog, error, status, said):
    """An operator needs route, code and type; a log must hold no secret."""
    client = served(jobs=Broken(error))

    with caplog.at_level(logging.ERROR, logger="waveflow.api"):
        answer = client.get(f"/tokens/analysis-result/{JOB}")

    assert code(answer) == (status, said)
    [line] = [r.getMessage() for r in caplog.records if r.name == "waveflow.api"]
    assert json.loads(line) == {
        "level": "ERROR",
        "service": "waveflow",
        "route": "GET /tokens/analysis-result/{job_id}",
        "status": status,
        "code": said,
        "type": type(error).__name__,
    }


def test_what_the_client_did_wrong_is_not_logged(api, caplog):
    """Mistakes of clients in the log would hide the API's own."""
    with caplog.at_level(logging.INFO, logger="waveflow.api"):
        answer = api.client.get(f"/tokens/analysis-result/{JOB}")

    assert code(answer) == (404, "JOB_NOT_FOUND")
    assert [r for r in caplog.records if r.name == "waveflow.api"] == []


class NoSecretsManager:
    """Secrets Manager that nobody reaches."""

    def get_secret_value(self, **_secret):
        """Fail as boto3 does where no connection is made."""
        raise EndpointConnectionError(endpoint_url="https://secretsmanager")


def test_an_uploader_is_told_to_come_back_when_the_secret_cannot_be_read(configured):
    """An uploader knows of no webhook, so the answer must speak of storage."""
    client = configured()
    client.app.state.services.secrets._client = NoSecretsManager()

    answer = client.post("/tokens/t/upload-audio", files={"file": wav(seed=510)})

    assert code(answer) == (503, "STORAGE_UNAVAILABLE")
    assert "webhook" not in answer.json()["detail"].lower()
    assert int(answer.headers["retry-after"]) > 0


def test_a_token_that_cannot_be_checked_now_is_not_called_invalid(served):
    """A client throws an invalid token away, and this token may be good."""

    class Away:
        def owner(self, _token):
            raise IssuerUnavailableError("The issuer's keys cannot be read now.")

    answer = served(bearer=Away()).get(
        f"/tokens/analysis-result/{JOB}", headers={"Authorization": "Bearer x"}
    )

    assert code(answer) == (503, "ISSUER_UNAVAILABLE")
    assert int(answer.headers["retry-after"]) > 0
