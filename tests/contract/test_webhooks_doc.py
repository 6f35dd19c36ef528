"""Examples in docs/webhooks.md hold exactly the fields of the models."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET
from waveflow import errors
from waveflow.events import webhooks
from waveflow.events.messages import Survivor

DOCS = Path(__file__).parents[2] / "docs"
WEBHOOKS = (DOCS / "webhooks.md").read_text()
MODELS = {
    "hash-check": webhooks.HashCheck,
    "completion": webhooks.Completion,
    "duplicate": webhooks.DuplicateResult,
    "failure": webhooks.FailureResult,
    "mixing-complete": webhooks.MixingComplete,
    "comparison-complete": webhooks.ComparisonComplete,
}
EXAMPLES = dict(re.findall(r"```json ([a-z-]+)\n(.*?)```", WEBHOOKS, re.DOTALL))


@pytest.mark.parametrize("name", MODELS)
def test_an_example_has_the_fields_of_its_model(name):
    """A developer copies the example, so WaveFlow must send exactly its fields."""
    example = json.loads(EXAMPLES[name])
    model = MODELS[name]

    event = msgspec.convert(example, model)

    fields = msgspec.structs.fields(model)
    named = {field.encode_name for field in fields if field.default is not UNSET}
    assert set(example) == named
    assert msgspec.to_builtins(event) == example


def test_the_example_of_a_result_has_the_fields_of_its_model():
    """A server stores `result`, so the example must show exactly its fields."""
    result = json.loads(EXAMPLES["completion"])["result"]

    assert (
        msgspec.to_builtins(msgspec.convert(result, webhooks.WaveformResult)) == result
    )


def test_the_example_of_a_verdict_names_a_survivor():
    """A duplicate verdict alone can delete, so its example must name a survivor."""
    verdict = json.loads(EXAMPLES["verdict"])

    assert msgspec.convert(verdict["duplicate_of"], Survivor)


def test_every_code_is_documented():
    """A developer who meets an error code must find the code in the document."""
    told = {kind.code for kind in errors.WaveflowError.__subclasses__()}

    assert {code for code in told if code not in WEBHOOKS} == {"DEDUPE_REFUSED"}
