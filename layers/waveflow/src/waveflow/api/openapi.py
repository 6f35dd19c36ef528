"""Complete the OpenAPI document with forms, webhooks, events and errors."""

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import RedirectResponse

from waveflow.api.documents import document
from waveflow.api.problems import MEDIA_TYPE
from waveflow.api.result_schemas import COMPARISON_SCHEMA, EVENT, add_results
from waveflow.api.schemas import JsonObject, LinkBody, Problem

Responses = dict[int | str, JsonObject]
EVENTS: Responses = {
    200: {
        "description": "Events",
        "content": {"text/event-stream": {"itemSchema": EVENT}},
    },
    204: {"description": "Everything was received before."},
}
DOCUMENT: Responses = {
    200: {"description": "The document", "content": {"application/json": {}}}
}
COMPARISON: Responses = {
    200: {
        "description": "The document",
        "content": {"application/json": {"schema": COMPARISON_SCHEMA}},
    }
}
FORM_SCHEMA: JsonObject = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
WEBHOOK_SCHEMA: JsonObject = {
    "parameters": [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["job_id", "status"],
                    "properties": {
                        "job_id": {"type": "string"},
                        "status": {"enum": ["success", "failed"]},
                        "result": {},
                        "message": {"type": "string"},
                    },
                }
            }
        },
    },
}


def problem_responses(*statuses: int) -> Responses:
    """Return the OpenAPI entries of a route's error responses (problem+json)."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status in sorted({*statuses, 429, 503})
    }


# Settings of every route that leads to a file in S3.
LINK: dict[str, Any] = {
    "tags": ["jobs"],
    "response_class": RedirectResponse,
    "status_code": 307,
    "responses": problem_responses(401, 404, 410, 422)
    | {200: {"description": "The address", "model": LinkBody}},
}


def describe(app: FastAPI) -> None:
    """Serve the OpenAPI document, with the schema of problem+json added."""

    def openapi() -> JsonObject:
        if app.openapi_schema is None:
            described = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            schemas = described.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            add_results(schemas)
            if app.state.services.http.anonymous is not None:
                _make_token_optional(described)
            app.openapi_schema = described
        return app.openapi_schema

    def openapi_json(request: Request) -> Response:
        body = json.dumps(app.openapi(), ensure_ascii=False).encode()
        return document(request, body, media_type="application/json")

    app.add_api_route("/openapi.json", openapi_json, include_in_schema=False)
    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way


def _make_token_optional(described: JsonObject) -> None:
    """Let each operation that takes a token go without one, as this API allows."""
    for methods in described["paths"].values():
        for operation in methods.values():
            if "security" in operation:
                operation["security"].insert(0, {})
