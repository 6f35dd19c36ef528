"""The webhook's secret is rotated: what proves ids, and seals tickets, changes."""

import pytest
import requests
from fastapi.testclient import TestClient
from support.http_api import Api, code
from support.world import wav
from waveflow.bootstrap import ApiServices
from waveflow_local import places
from waveflow_local.http.server import load_api

OLD, NEW = places.WEBHOOK_SECRET, "whsec_" + "bmV3" * 10


@pytest.fixture
def knowing(settings):
    """Return a maker of APIs that know some secrets, the newest first."""

    def make(*secrets):
        made = ApiServices(settings)
        made.secrets = lambda: secrets
        app = load_api().create_app(made)
        return Api(TestClient(app, follow_redirects=False))

    return make


def test_jobs_outlive_the_secret_under_which_they_began(knowing, world):
    """An execution that is there needs no proof, running or done."""
    before, after = knowing(OLD), knowing(NEW)
    done = before.upload(wav(seed=490))["job_id"]
    world.behave("ask-me", "*", event="hash-check", times=1)
    running = before.upload(wav(seed=491), verdict="platform")["job_id"]
    world.standin.archive.wait_for(running, "hash-check")
    before.wait(done)

    asked = after.result(running)
    world.standin.answer(running, {"verdict": "new"})

    assert asked["status"] == "processing"
    assert after.wait(running)["outcome"] == "SUCCESS"
    assert after.result(done) == before.result(done)
    assert after.events(done) == before.events(done)


def test_an_open_upload_ends_as_one_job_while_both_secrets_are_known(knowing):
    """Its ticket names the job, whichever secret is asked when it is completed."""
    body = wav(seed=492)
    wanted = {"filename": "a.wav", "size": len(body)}
    begun = knowing(OLD).client.post("/tokens/t/uploads", json=wanted).json()
    form = begun["form"]
    requests.post(form["url"], data=form["fields"], files={"file": body}, timeout=10)
    url = f"/tokens/uploads/{begun['upload_id']}/complete"

    both = [knowing(*known).client.post(url) for known in ((OLD,), (NEW, OLD))]
    late = knowing(NEW).client.post(url)

    assert both[0].json()["job_id"] == both[1].json()["job_id"]
    assert code(late) == (404, "UPLOAD_NOT_FOUND")


def test_an_execution_of_somebody_else_is_no_job(knowing, world):
    """The platform's own executions may have a UUID for a name, too."""
    name = "0f0f0f0f-0000-4000-8000-000000000001"
    world.pipeline.clients.sfn.start_execution(
        stateMachineArn=world.pipeline.deployment.machine_arn,
        name=name,
        input='{"odd": "input"}',
    )

    answer = knowing(NEW).client.get(f"/tokens/analysis-result/{name}")

    assert code(answer) == (404, "JOB_NOT_FOUND")
