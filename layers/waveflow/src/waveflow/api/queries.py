"""Refuse query fields that a route would ignore: unknown ones, and repeated ones."""

from collections import Counter
from collections.abc import Iterable

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError

from waveflow.api.problems import REPEATED, UNKNOWN
from waveflow.api.schemas import JsonObject


def _refuse_ignored(request: Request) -> None:
    """Raise a validation error that names the query fields that would be ignored.

    Known are the fields that the OpenAPI document gives the route; only a list may be
    given twice.
    """
    if not request.query_params:
        return
    path = request.scope["route"].path_format
    operation = request.app.openapi()["paths"][path][request.method.lower()]
    schemas = _query_schemas(operation)
    given = Counter(name for name, _ in request.query_params.multi_items())
    _refuse(UNKNOWN, given.keys() - schemas.keys())
    repeated = {name for name, count in given.items() if count > 1}
    _refuse(REPEATED, (name for name in repeated if not _is_list(schemas[name])))


KnownQuery = Depends(_refuse_ignored)


def _refuse(kind: str, names: Iterable[str]) -> None:
    if faults := [{"type": kind, "loc": ("query", name)} for name in names]:
        raise RequestValidationError(faults)


def _query_schemas(operation: JsonObject) -> dict[str, JsonObject]:
    """Return the schema of each of an operation's query fields."""
    parameters = operation.get("parameters", [])
    return {
        each["name"]: each["schema"] for each in parameters if each["in"] == "query"
    }


def _is_list(schema: JsonObject) -> bool:
    """Tell whether a field takes several values, each in a query field of its own."""
    return any(
        each.get("type") == "array" for each in (schema, *schema.get("anyOf", ()))
    )
