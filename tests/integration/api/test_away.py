"""What the API says, and logs, when something behind it fails."""

import json
import logging

import pytest
from fastapi.testclient import TestClient
from support.http_api import code
from support.world import wav
from waveflow.bootstrap import ApiServices
from waveflow.errors import (
    InternalError,
    StorageUnavailableError,
    WebhookUnavailableError,
)
from waveflow.jobs.refusals import IssuerUnavailableError
from waveflow_local.http.server import load_api

JOB = "73732cad-5149-44d4-a954-e9c4781635c3"


class Broken:
    """Jobs of which nothing can be told, for a reason."""

    def __init__(self, error):
        self._error = error

    def look(self, _job_id):
        """Fail."""
        raise self._error

    def now(self, _job_id, **_owner):
        """Fail, whoever asks."""
        raise self._error


@pytest.fixture
def served(settings):
    """Return a maker of clients of an API some of whose services are replaced."""

    def make(**services):
        made = ApiServices(settings)
        for name, service in services.items():
            setattr(made, name, service)
        app = load_api().create_app(made)
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
    """The code, the type and the route: nothing of the request, nobody's secret."""
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
    """A log of everybody's mistakes hides our own."""
    with caplog.at_level(logging.INFO, logger="waveflow.api"):
        answer = api.client.get(f"/tokens/analysis-result/{JOB}")

    assert code(answer) == (404, "JOB_NOT_FOUND")
    assert [r for r in caplog.records if r.name == "waveflow.api"] == []


def test_an_uploader_is_told_to_come_back_when_the_secret_cannot_be_read(served):
    """Whoever uploads has no webhook: the words are about what they asked."""

    def away():
        raise WebhookUnavailableError("The webhook secret cannot be had.")

    client = served(secrets=away)

    answer = client.post("/tokens/t/upload-audio", files={"file": wav(seed=510)})

    assert code(answer) == (503, "STORAGE_UNAVAILABLE")
    assert "webhook" not in answer.json()["detail"].lower()
    assert int(answer.headers["retry-after"]) > 0


def test_a_token_that_cannot_be_checked_now_is_not_called_invalid(served):
    """A client throws an invalid token away; this one may be good."""

    class Away:
        def owner(self, _token):
            raise IssuerUnavailableError("The issuer's keys cannot be read now.")

    answer = served(bearer=Away()).get(
        f"/tokens/analysis-result/{JOB}", headers={"Authorization": "Bearer x"}
    )

    assert code(answer) == (503, "ISSUER_UNAVAILABLE")
    assert int(answer.headers["retry-after"]) > 0
