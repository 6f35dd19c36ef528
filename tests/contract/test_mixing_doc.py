"""The tables of mix options in the documents are what the models say."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec.json import schema
from msgspec.structs import fields as fields_of
from support.records import START, record
from support.stack import ROOT
from waveflow.events.messages import MixMessage
from waveflow.events.mix_options import (
    LoudnessOptions,
    MixFormat,
    MixOptions,
    MixRate,
    StemOptions,
)
from waveflow.events.normalise import Entry, read_job
from waveflow.events.webhooks import SumResults
from waveflow_local.files.mix_plan import read_plan, read_stems

PAGE = (ROOT / "docs/mixing.md").read_text("utf-8")
ROWS = {
    row[0].strip("`"): row[1:]
    for line in PAGE.splitlines()
    if line.startswith("| `")
    for row in [line.strip("| ").split(" | ")]
}
MODELS = [("", MixOptions), ("loudness.", LoudnessOptions), ("", StemOptions)]


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
    for model in (MixOptions, StemOptions, LoudnessOptions):
        for field in fields_of(model):
            if isinstance(field.default, int | float | str):
                name = next(n for n in ROWS if n.split(".")[-1] == field.encode_name)
                told = ROWS[name][1].strip("`")
                assert told == json.dumps(field.default).removesuffix(".0")


def example(kind: str) -> str:
    """Return the page's first block of a kind."""
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def message() -> MixMessage:
    """Return the page's message as WaveFlow reads the message."""
    entry = Entry(record=record(json.loads(example("json"))), start=START, name="run-1")
    job = read_job(entry)
    assert isinstance(job.message, MixMessage)
    return job.message


def test_the_example_of_a_mix_is_read():
    """A developer copies the example, so WaveFlow must take it."""
    assert not message().is_classic


def test_the_example_of_a_result_has_the_fields_of_its_model():
    """A server stores what a sum adds, so the example must show exactly its fields."""
    result = json.loads(example("json result"))

    told = msgspec.convert(result, SumResults)

    assert msgspec.to_builtins(told) == result


def test_the_command_asks_for_what_the_message_asks_for():
    """A musician tries on files what the page's message does in the pipeline."""
    _, _, *words = example("sh").splitlines()[0].split()
    out = words.index("-o")
    _, name, _, loudness = words[out:]
    settings = dict.fromkeys(("channels", "bits", "rate", "true_peak"))

    stems = read_stems(words[:out])
    plan = read_plan(stems, Path(name), {**settings, "loudness": loudness})

    asked = message()
    of = {Path(stem.path).name: stem for stem in asked.stems or ()}
    assert plan.options == asked.mix
    assert [stem.path.name for stem in stems] == [
        Path(path).name for path in asked.stem_paths
    ]
    for stem in stems:
        wanted = of.get(stem.path.name, StemOptions(path="audio"))
        assert msgspec.structs.replace(stem.options, path=wanted.path) == wanted
