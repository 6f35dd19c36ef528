"""The table of message fields in the documents is what the models say."""

import json
import re
from typing import get_args

import pytest
from msgspec.structs import fields as fields_of
from support.records import START, record
from support.stack import ROOT
from waveflow.events.messages import MESSAGES, CompareMessage
from waveflow.events.normalise import Entry, read_job
from waveflow.events.options import (
    MAX_LEVELS,
    MAX_PIXEL,
    MIN_PIXEL,
    OPTIONS,
    PreviewFormat,
    WaveformOptions,
)

PAGE = (ROOT / "docs/messages.md").read_text("utf-8")
TASKS = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE))
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if "|" in line]
COLUMNS = next(row for row in ROWS if row[0] == "field")


@pytest.mark.parametrize("task", MESSAGES)
def test_the_table_names_every_field_of_a_message(task: str):
    """A developer reads the table, and not the models."""
    column = COLUMNS.index(TASKS[task])
    table = [row for row in ROWS if len(row) == len(COLUMNS) and row != COLUMNS]
    told = {
        name: row[column] for row in table for name in re.findall(r"`(\w+)`", row[0])
    }

    fields = fields_of(MESSAGES[task])
    known = {f.encode_name: "required" if f.required else "optional" for f in fields}
    assert {name: need for name, need in told.items() if need != "-"} == known


def test_the_table_of_options_names_every_member_and_its_bounds():
    """A developer who asks for a level out of range learns of it only by a FAILURE."""
    rows = {row[0].strip("`"): row[1] for row in ROWS if row[0].startswith("`")}
    members = {f"waveform.{f.encode_name}" for f in fields_of(WaveformOptions)}
    models = {f.encode_name for model in MESSAGES.values() for f in fields_of(model)}

    assert members <= {*rows}
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[0])}
    assert {*OPTIONS} <= models & named
    bounds = f"0 to {MAX_LEVELS} integers from {MIN_PIXEL} to {MAX_PIXEL}"
    assert bounds in rows["waveform.zoom_levels"]
    formats = [f"`{json.dumps(each)}`" for each in get_args(PreviewFormat)]
    assert " and ".join(formats) in next(
        row[1] for row in ROWS if row[0] == "`previews`" and len(row) != len(COLUMNS)
    )


@pytest.mark.parametrize("text", re.findall(r"```json \w+\n(.*?)```", PAGE, re.DOTALL))
def test_an_example_of_a_message_is_read(text: str):
    """A developer copies the example, so WaveFlow must take it."""
    entry = Entry(record=record(json.loads(text)), start=START, name="execution")

    message = read_job(entry).message
    if isinstance(message, CompareMessage):
        assert message.pairs[-1].keys == ("audio/choir.wav",)
    else:
        assert message.filepath == "audio/sample.wav"
