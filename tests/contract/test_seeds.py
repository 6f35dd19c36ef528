"""Messages and webhooks of the original documents are still understood.

The files in tests/events are the JSON blocks of those documents, with their
placeholders ("string", "abc123...") replaced by values.
"""

import json
from pathlib import Path

import pytest
from support.records import START, record
from waveflow.events.messages import (
    AnalysisMessage,
    DuplicateMessage,
    MixMessage,
    UploadMessage,
)
from waveflow.events.normalise import Entry, read_job
from waveflow.events.webhooks import Completion, HashCheck, WaveformResult

EVENTS = Path(__file__).parents[1] / "events"
KINDS = {
    "hash": UploadMessage,
    "duplicate": DuplicateMessage,
    "analysis": AnalysisMessage,
    "mix": MixMessage,
}
MESSAGES = [
    path for path in sorted(EVENTS.glob("seed*.json")) if path.stem[8:] in KINDS
]


def fields(model):
    """Return the names of a webhook's fields."""
    return set(model.__struct_encode_fields__)


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_a_message_of_the_seeds_is_accepted(path):
    """An existing server sends these messages, and will not be rewritten."""
    body = json.loads(path.read_text())

    job = read_job(Entry(record=record(body), start=START, name="run-1"))

    assert isinstance(job.message, KINDS[path.stem[8:]])
    assert job.extra == {}


def test_every_document_of_the_seeds_is_here():
    """A missing file would leave a documented message untested: 11 messages in all."""
    assert len(MESSAGES) == 11


@pytest.mark.parametrize(
    ("name", "model"),
    [("seed000_hash_check", HashCheck), ("seed000_completion", Completion)],
)
def test_a_webhook_still_has_the_fields_of_the_seeds(name, model):
    """The original server reads webhooks by these field names, so none may vanish."""
    printed = json.loads((EVENTS / f"{name}.json").read_text())

    assert set(printed) <= fields(model)
    assert set(printed.get("result", {})) <= fields(WaveformResult)
