"""Requests that the API's own document allows, and requests that it does not."""

import html
import json
import re
import time

import hypothesis
import jsonschema_rs
import pytest
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support.http_api import begin
from support.world import wav
from waveflow.adapters.signature import signature_headers
from waveflow.api.bootstrap import LOCAL_OWNER
from waveflow_local import paths
from waveflow_local.console.dev_tokens import development_token

LEVEL = 256  # samples per pixel
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def known(_case):
    """Return the header of a developer, whom the API lets in."""
    return {"Authorization": f"Bearer {development_token(LOCAL_OWNER)}"}


def ask_all(app, *, mode, examples, prepare):
    """Ask every operation; return which ended well, and how many were asked."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    well, asked = set(), 0

    for found in schema.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and operation.label == "GET /health":
            continue  # a request without a field cannot have a wrong one

        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def ask(case):
            nonlocal asked
            asked += 1
            answer = case.call_and_validate(checks=CHECKS, headers=prepare(case))
            if answer.status_code < 400:
                well.add(case.operation.label)

        ask()

    return well, asked


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_is_answered_with_what_is_not_documented(configured, mode):
    """A client written from the document must meet no other status, type or shape."""
    app = configured(API_RATE_PER_SECOND="0").app

    _, asked = ask_all(app, mode=mode, examples=3, prepare=known)

    assert asked >= 30


class Real:
    """Put ids that exist into a request, and sign webhooks."""

    def __init__(self, api):
        self._api = api
        self._body = wav(seed=530)
        outputs = {"zoom_levels": [LEVEL], "previews": ["opus", "mp3"]}
        self.job = api.upload(self._body, **outputs)["job_id"]
        api.wait(self.job)
        pairs = {"pairs": [{"before": self.job, "after": self.job}]}
        compared = api.client.post("/tokens/t/compare", json=pairs).json()
        self.comparison = compared["job_id"]
        api.wait(self.comparison)

    def __call__(self, case):
        """Change a request in place; return the headers that it needs."""
        case.headers.pop("Last-Event-ID", None)
        case.query.pop("zoom_levels", None)  # a schema cannot say "each a multiple"
        for place in (case.path_parameters, case.query):
            if "samples_per_pixel" in place:
                place["samples_per_pixel"] = LEVEL
            if "job_id" in place:
                several = isinstance(place["job_id"], list)
                place["job_id"] = [self.job] if several else self.job
            if "upload_id" in place:
                place["upload_id"] = self.ticket()
        if case.operation.label.endswith("/mix"):
            case.body = {"job_ids": [self.job]}
        if case.operation.label.endswith("/compare"):
            case.body = {"pairs": [{"before": self.job, "after": self.job}]}
        if "analysis-comparison" in case.operation.label:
            case.path_parameters["job_id"] = self.comparison
        if "webhook" not in case.operation.label:
            return known(case)
        report = {"job_id": self.job, "status": "success", "result": 1}
        case.body = json.dumps(report).encode()
        return signature_headers(
            case.body,
            webhook_id="msg_1",
            timestamp=int(time.time()),
            secrets=(paths.EXTERNAL_SECRET,),
        )

    def ticket(self):
        """Return the id of an upload whose bytes are all there."""
        upload = begin(self._api, len(self._body)).json()
        form, file = upload["form"], {"file": self._body}
        requests.post(
            form["url"], data=form["fields"], files=file, timeout=10
        ).raise_for_status()
        return upload["upload_id"]


def test_every_operation_answers_well_in_its_documented_shape(api):
    """Invented ids lead to errors only, so real ids must show each success."""
    well, asked = ask_all(
        api.client.app,
        mode=GenerationMode.POSITIVE,
        examples=2,
        prepare=Real(api),
    )

    paths = api.client.get("/openapi.json").json()["paths"]
    labels = {f"{m.upper()} {path}" for path, ms in paths.items() for m in ms}
    assert well == labels
    assert asked >= len(labels)


def test_the_document_names_every_route_and_its_problems(api):
    """Clients are written from the document, which must name each route and status."""
    document = api.client.get("/openapi.json").json()

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            told = {int(status) for status in operation["responses"]}
            assert operation["summary"], (path, method)
            assert told & {200, 201, 204, 307}, (path, method)
            assert (429 in told) is (path != "/health")
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


TOKENLESS = {("get", "/health"), ("post", "/tokens/webhook/analysis-complete")}


@pytest.mark.parametrize("required", [False, True])
def test_the_document_asks_for_a_token_exactly_where_the_api_does(configured, required):
    """A generated client makes no call without a token where the document wants it."""
    client = configured(**({"API_REQUIRE_TOKEN": "1"} if required else {}))
    document = client.get("/openapi.json").json()

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answer = client.request(method, path.replace("{samples_per_pixel}", "256"))
            refused = (answer.status_code, answer.json().get("code"))
            security = operation.get("security")
            if (method, path) in TOKENLESS:
                assert security is None
            elif required:
                assert security == [{"HTTPBearer": []}]
                assert refused == (401, "UNAUTHORIZED"), path
            else:
                assert security == [{}, {"HTTPBearer": []}]
                assert refused[0] != 401, path


def test_operation_ids_are_words(api):
    """A generated client's methods are named by them, as `client.job_result()`."""
    paths = api.client.get("/openapi.json").json()["paths"]
    ids = [
        each["operationId"] for methods in paths.values() for each in methods.values()
    ]

    assert len({*ids}) == len(ids)
    assert {"upload_audio", "job_result", "job_events", "mix", "compare"} <= {*ids}
    assert all(re.fullmatch("[a-z]+(_[a-z]+){0,3}", each) for each in ids), ids


def test_real_results_and_events_have_the_documented_shape(api):
    """A front end whose types come from the document must meet no other result."""
    document = api.client.get("/openapi.json").json()
    event = document["paths"]["/tokens/analysis-progress/{job_id}"]["get"]["responses"]
    item = event["200"]["content"]["text/event-stream"]["itemSchema"]
    told = item["properties"]["data"]["contentSchema"]
    outputs = {"zoom_levels": [LEVEL], "previews": ["opus"], "audio_id": True}
    job = api.upload(wav(seed=560), analysis=True, **outputs)["job_id"]
    api.wait(job)
    body = {"job_ids": [job], "mix": {"format": "flac16"}}
    mixed = api.client.post("/tokens/t/mix", json=body).json()["job_id"]
    api.wait(mixed)
    body = {"pairs": [{"before": None, "after": job}]}
    compared = api.client.post("/tokens/t/compare", json=body).json()["job_id"]
    api.wait(compared)

    for each in (job, mixed, compared):
        result = api.result(each)
        check(document, {"$ref": "#/components/schemas/ResultBody"}, result)
        events = api.events(each)
        for one in events:
            check(document, told, {k: v for k, v in one.items() if k != "id"})
        assert events[-1]["result"] == result["result"]
    wrong = {**result, "result": {"waveform_data_path": 1}}
    with pytest.raises(jsonschema_rs.ValidationError):
        check(document, {"$ref": "#/components/schemas/ResultBody"}, wrong)


def check(document, schema, value):
    """Raise where a value has not the shape of one of the document's schemas."""
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.Draft202012Validator(whole).validate(value)


def test_the_documentation_needs_nothing_from_elsewhere(api):
    """A machine without the internet must show every route, and tell no other host."""
    page = api.client.get("/docs")
    paths = api.client.get("/openapi.json").json()["paths"]

    addresses = re.findall(r"""(?:href|src|action)="([^"]*)"|(https?:)?//""", page.text)
    assert page.headers["content-type"].startswith("text/html")
    assert {a for a, _ in addresses if not a.startswith("#")} == {"openapi.json"}
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in paths:
        assert path in html.unescape(page.text)
    assert api.client.get("/redoc").status_code == 404
