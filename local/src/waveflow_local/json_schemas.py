"""Write JSON Schemas of messages, webhooks and comparisons, from their models.

`python -m waveflow_local.json_schemas` renews docs/schemas; a test keeps them current.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec
from waveflow.events.messages import MESSAGES
from waveflow.events.normalise import TASK_PREFIX
from waveflow.events.pairs import Comparison
from waveflow.events.webhooks import (
    ComparisonComplete,
    Completion,
    DuplicateResult,
    FailureResult,
    HashCheck,
    MixingComplete,
    WaveformResult,
)

from waveflow_local.paths import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "docs" / "schemas"
Schema = dict[str, object]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = "#/$defs/{name}"
_RESULTS = {
    "SUCCESS": WaveformResult,
    "DUPLICATE": DuplicateResult,
    "FAILURE": FailureResult,
}
# Carried through from the messages of `waveflow ops backfill`.
_BACKFILL: Schema = {
    "description": "Whether a back-fill drew the stem: tell no user about the end.",
    "type": "boolean",
}
# Fields that are null only in the webhook of a failed mix.
_OF_A_MIX = (
    "mixed_file_path",
    "waveform_data_path",
    "stem_count",
    "stem_paths",
    "duration",
    "sample_rate",
    "channels",
)


def schemas() -> dict[str, Schema]:
    """Return the JSON Schema of each message, webhook and document, by its name."""
    return {
        **{task: _message(task, model) for task, model in MESSAGES.items()},
        "hash-check": _object(HashCheck),
        "completion": _completion(),
        "mixing-complete": _mixing_complete(),
        "comparison-complete": _comparison_complete(),
        "comparison": _object(Comparison),
    }


def write(folder: Path = FOLDER) -> None:
    """Write the JSON Schema of each message and webhook to a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / f"{name}.json").write_text(text_of(schema), "utf-8")


def text_of(schema: Schema) -> str:
    """Return the text of one JSON Schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _message(task: str, model: type) -> Schema:
    return _object(model, task={"enum": [task, f"{TASK_PREFIX}{task}"]})


def _completion() -> Schema:
    schema = _object(Completion, *_RESULTS.values(), backfill=_BACKFILL)
    schema["allOf"] = [
        _when(status, {"result": {"$ref": _TEMPLATE.format(name=model.__name__)}})
        for status, model in _RESULTS.items()
    ]
    return schema


def _mixing_complete() -> Schema:
    schema = _object(MixingComplete)
    present = {name: {"not": {"type": "null"}} for name in _OF_A_MIX}
    schema["allOf"] = [
        _when("SUCCESS", present),
        _when("FAILURE", {"result": {}}),
    ]
    return schema


def _comparison_complete() -> Schema:
    schema = _object(ComparisonComplete)
    schema["allOf"] = [
        _when("SUCCESS", {"comparison_path": {"not": {"type": "null"}}}),
        _when("FAILURE", {"result": {}}),
    ]
    return schema


def _when(status: str, properties: Mapping[str, object]) -> Schema:
    return {
        "if": {"properties": {"status": {"const": status}}},
        "then": {"properties": properties, "required": list(properties)},
    }


def _object(model: type, *others: type, **properties: Schema) -> Schema:
    """Return a model's JSON Schema with its own properties at the top.

    `others` are defined beside the model; `properties` replace properties of its own.
    """
    _, parts = msgspec.json.schema_components([model, *others], ref_template=_TEMPLATE)
    own = parts.pop(model.__name__)
    own["properties"] |= properties
    return {"$schema": DIALECT, **own, **({"$defs": parts} if parts else {})}


if __name__ == "__main__":
    write()
