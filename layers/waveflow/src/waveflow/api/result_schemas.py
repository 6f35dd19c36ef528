"""Describe results and events of jobs as JSON Schemas of the OpenAPI document."""

import msgspec
from pydantic.json_schema import models_json_schema

from waveflow.api.schemas import Gone, JsonObject, Progress
from waveflow.events.pairs import Comparison
from waveflow.events.webhooks import (
    ComparisonResult,
    DuplicateResult,
    MixResult,
    WaveformResult,
)

_TEMPLATE = "#/components/schemas/"
_RESULTS = (WaveformResult, DuplicateResult, MixResult, ComparisonResult)
COMPARISON_SCHEMA: JsonObject = {"$ref": f"{_TEMPLATE}{Comparison.__name__}"}
_OUTSIDE: JsonObject = {
    "type": "object",
    "required": ["outside"],
    "properties": {"outside": {"description": "What an external server reported."}},
}
# FastAPI and OpenAPI 3.2 describe a stream by the schema of one event.
EVENT: JsonObject = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "id": {"type": "string"},
        "event": {"enum": ["message", "gone"], "default": "message"},
        "retry": {"type": "integer"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": f"{_TEMPLATE}{m.__name__}"} for m in (Progress, Gone)
                ]
            },
        },
    },
}


def add_results(schemas: JsonObject) -> None:
    """Add the schemas of results and events to those of an OpenAPI document."""
    (*results, _), parts = msgspec.json.schema_components(
        (*_RESULTS, Comparison), ref_template=_TEMPLATE + "{name}"
    )
    _, events = models_json_schema(
        [(Progress, "serialization"), (Gone, "serialization")],
        ref_template=_TEMPLATE + "{model}",
    )
    schemas |= parts | events["$defs"]
    schemas["Progress"]["properties"].pop("number")  # the event's `id`
    schemas["Progress"]["required"].remove("number")
    result = {"anyOf": [*results, _OUTSIDE, {"type": "null"}], "default": None}
    for name in ("Progress", "ResultBody"):
        schemas[name]["properties"]["result"] = result
