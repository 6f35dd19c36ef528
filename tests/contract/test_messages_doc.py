"""The table of message fields in the documents is what the models say."""

import json
import re

import msgspec
import pytest
from support.records import START, record
from support.stack import ROOT
from waveflow.events.messages import MESSAGES
from waveflow.events.normalise import Entry, read_job

PAGE = (ROOT / "docs/messages.md").read_text("utf-8")
TASKS = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE))
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if "|" in line]
COLUMNS = next(row for row in ROWS if row[0] == "field")


@pytest.mark.parametrize("task", MESSAGES)
def test_the_table_names_every_field_of_a_message(task: str):
    """A developer reads the table, and not the models."""
    column = COLUMNS.index(TASKS[task])
    table = ROWS[ROWS.index(COLUMNS) + 2 :]
    told = {
        name: row[column] for row in table for name in re.findall(r"`(\w+)`", row[0])
    }

    fields = msgspec.structs.fields(MESSAGES[task])
    known = {f.encode_name: "required" if f.required else "optional" for f in fields}
    assert {name: need for name, need in told.items() if need != "-"} == known


@pytest.mark.parametrize("text", re.findall(r"```json \w+\n(.*?)```", PAGE, re.DOTALL))
def test_an_example_of_a_message_is_read(text: str):
    """A developer copies the example, so WaveFlow must take it."""
    entry = Entry(record=record(json.loads(text)), start=START, name="execution")

    assert read_job(entry).stem.filepath == "audio/sample.wav"
