"""Ask the API whatever its own document allows, and more."""

import html
import re

import hypothesis
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_no_request_is_answered_with_what_is_not_documented(configured):
    """No 5xx, no undocumented status, type or shape, whatever is sent."""
    app = configured(API_RATE_PER_SECOND="0").app
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    asked = 0

    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def ask(case):
            nonlocal asked
            asked += 1
            case.call_and_validate(checks=CHECKS)

        ask()

    assert asked >= 80


def test_the_document_names_every_route_and_its_problems(api):
    """A client is written from it."""
    document = api.client.get("/openapi.json").json()

    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            told = {int(status) for status in operation["responses"]}
            assert operation["summary"], (path, method)
            assert told & {200, 201, 204, 307}, (path, method)
            assert 429 in told
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_documentation_needs_nothing_from_elsewhere(api):
    """It shows every route on a machine without the internet, and tells nobody."""
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
