"""Every call of AWS by the HTTP API, held against the policy of its role."""

import json
import time

import pytest
from fastapi.testclient import TestClient
from support.calls import recording
from support.http_api import Api, begin, complete, send
from support.policies import allows, of_holder
from support.stack import Stack, listed, load
from support.world import wav
from waveflow.adapters.signature import signature_headers
from waveflow.api.app import create_app
from waveflow.api.bootstrap import ApiServices
from waveflow_local import paths
from waveflow_local.engine.template import local_name

EXTERNAL = "arn:aws:secretsmanager:ap-northeast-2:111122223333:secret:external-AbCdEf"
STACK = Stack(
    load(),
    EnableApi="true",
    ApiTokenIssuer="https://id.example.com/",
    ApiTokenKeysUrl="https://id.example.com/keys.json",
    ApiExternalSecretArn=EXTERNAL,
)
EXECUTIONS = "arn:aws:states:ap-northeast-2:111122223333:execution:Machine.Name:"
# Names of the template for what the local engine has.
NAMES = {
    f"arn:aws:s3:::{paths.BUCKET}": "arn:aws:s3:::Bucket",
    paths.MACHINE_ARN.replace(":stateMachine:", ":execution:") + ":": EXECUTIONS,
    paths.MACHINE_ARN: "Machine",
    local_name("ApiSecret"): "ApiSecret",
    local_name("ExternalSecret"): EXTERNAL,
}
FOR_LAMBDA = ("logs:", "xray:")


def use(api: Api) -> None:
    """Ask the API for everything that asks AWS for something."""
    job = api.wait(api.upload(wav(seed=600))["job_id"])["job_id"]
    api.events(job)
    api.upload(wav(seed=600))
    large = api.upload(wav(seconds=600, seed=601))["job_id"]
    upload = begin(api, len(body := wav(seconds=600, seed=602)), multipart=True).json()
    for part in upload["missing"]:
        send(part, body)
    complete(api, upload)
    for way in (True, False):
        left = begin(api, 1000, multipart=way).json()["upload_id"]
        api.client.delete(f"/tokens/uploads/{left}").raise_for_status()
    api.wait(large)
    for route in ("analysis-waveform", "analysis-audio"):
        for _ in range(2):
            api.client.get(f"/tokens/{route}/{job}")
    mixed = api.client.post("/tokens/t/mix", json={"job_ids": [job, large]})
    api.wait(mixed.json()["job_id"])
    raw = json.dumps({"job_id": job, "status": "success", "result": {"x": 1}}).encode()
    for number in ("m1", "m2"):
        headers = signature_headers(
            raw,
            webhook_id=number,
            timestamp=int(time.time()),
            secrets=(paths.EXTERNAL_SECRET,),
        )
        api.client.post(
            f"/tokens/webhook/analysis-complete?job_id={job}",
            content=raw,
            headers=headers,
        ).raise_for_status()
    api.result(job)


@pytest.fixture(scope="module", name="needs")
def _needs(settings):
    """Return what the API needed while it was asked for everything."""
    with TestClient(create_app(ApiServices(settings))) as client:
        # The engine makes its own client of Lambda at the first job, which is no need.
        api = Api(client)
        api.wait(api.upload(wav(seed=599))["job_id"])
    with recording(NAMES) as needs:
        app = create_app(ApiServices(settings))
        with TestClient(app, follow_redirects=False) as client:
            use(Api(client))
    return set(needs)


def test_the_api_may_make_each_of_its_calls(needs):
    """A right that the API lacks is a 500 to every browser, and on AWS only."""
    policy = of_holder(STACK, "ApiRole")

    assert {need for need in needs if not allows(policy, need)} == set()


def test_the_api_has_no_right_that_no_call_needs(needs):
    """Whoever breaks into the API has every right that is left over."""
    held = {
        action
        for each in STACK.statements("ApiRole")
        for action in listed(each["Action"])
        if not action.startswith(FOR_LAMBDA)
    }

    assert held - {need.action for need in needs} == set()
