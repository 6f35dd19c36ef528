"""The tables of mix options in the documents are what the models say."""

import json
import re
from typing import Any, get_args

import pytest
from msgspec.json import schema
from msgspec.structs import fields as fields_of
from support.records import START, record
from support.stack import ROOT
from waveflow.events.mix_options import (
    LoudnessTarget,
    MixFormat,
    MixOptions,
    MixRate,
    StemOptions,
)
from waveflow.events.normalise import Entry, read_job

PAGE = (ROOT / "docs/mixing.md").read_text("utf-8")
ROWS = {
    row[0].strip("`"): row[1:]
    for line in PAGE.splitlines()
    if line.startswith("| `")
    for row in [line.strip("| ").split(" | ")]
}
MODELS = [("", MixOptions), ("loudness.", LoudnessTarget), ("", StemOptions)]


def members() -> dict[str, Any]:
    """Return the schema of each member of `mix` and `stems`, named as in the page."""
    return {
        f"{prefix}{name}": member
        for prefix, model in MODELS
        for name, member in schema(model)["$defs"][model.__name__]["properties"].items()
    }


def test_the_tables_name_every_member():
    """A front-end developer builds faders from the tables, and not from the models."""
    assert set(members()) - set(ROWS) == {"loudness"}  # its members have the rows


@pytest.mark.parametrize("name", [n for n, m in members().items() if "minimum" in m])
def test_the_tables_tell_every_range(name: str):
    """A fader that goes further than the range makes messages that are refused."""
    member = members()[name]

    told = ROWS[name][0].replace(",", "")

    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", told)]
    assert numbers[:2] == [member["minimum"], member["maximum"]]


@pytest.mark.parametrize(
    ("name", "values"),
    [("format", get_args(MixFormat)), ("sample_rate", get_args(MixRate))],
)
def test_the_tables_tell_every_choice(name: str, values: tuple[object, ...]):
    """A value that the table forgets is never asked for."""
    assert ROWS[name][0] == ", ".join(
        f"`{json.dumps(value)}`" if isinstance(value, str) else str(value)
        for value in values
    )


def test_the_tables_tell_the_defaults():
    """A developer leaves out what the default says."""
    for model in (MixOptions, StemOptions, LoudnessTarget):
        for field in fields_of(model):
            if isinstance(field.default, int | float | str):
                name = next(n for n in ROWS if n.split(".")[-1] == field.encode_name)
                told = ROWS[name][1].strip("`")
                assert told == json.dumps(field.default).removesuffix(".0")


def test_the_example_of_a_mix_is_read():
    """A developer copies the example, so WaveFlow must take it."""
    text = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert text
    entry = Entry(record=record(json.loads(text[1])), start=START, name="execution")

    assert not read_job(entry).message.is_classic
