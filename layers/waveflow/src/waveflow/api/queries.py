"""Refuse query fields that a route does not know, so that no misspelling is silent."""

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError

from waveflow.api.problems import UNKNOWN
from waveflow.api.schemas import JsonObject


def _refuse_unknown(request: Request) -> None:
    """Raise a validation error that names the query's unknown fields.

    Known are the fields that the OpenAPI document gives the route.
    """
    if not request.query_params:
        return
    path = request.scope["route"].path_format
    operation = request.app.openapi()["paths"][path][request.method.lower()]
    unknown = request.query_params.keys() - _query_fields(operation)
    if unknown:
        raise RequestValidationError(
            [{"type": UNKNOWN, "loc": ("query", name)} for name in unknown]
        )


KnownQuery = Depends(_refuse_unknown)


def _query_fields(operation: JsonObject) -> set[str]:
    """Return the names of an operation's query fields."""
    parameters = operation.get("parameters", [])
    return {each["name"] for each in parameters if each["in"] == "query"}
