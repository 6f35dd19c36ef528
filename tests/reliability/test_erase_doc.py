"""The page about erasing shows what the command prints."""

import re

import pytest
from click.testing import CliRunner
from support.erasing import Place
from support.stack import ROOT
from waveflow.stages._used import used_metadata
from waveflow_local.cli.app import app

PAGE = (ROOT / "docs/erasing.md").read_text("utf-8")
VOICE, COPY, OTHER = (f"users/ann/{n}.wav" for n in ("voice", "voice-copy", "old"))
# The times differ at each run, and the stem's object sizes follow from the test.
VARIES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return the bucket of the page's example, and work in a folder of its own."""
    made = Place(tmp_path)
    marks = used_metadata([VOICE, "users/bob/bass.wav"])
    made.put(OTHER, COPY, VOICE, VOICE, "waveforms/stem-7_waveform_1793523600000.json")
    made.put("waveforms/stem-7_zoom_1793523600000/256.dat")
    made.put("previews/stem-7_1793523600000.opus", "waveforms/stem-70_waveform_5.json")
    made.bucket.put("mixed/stage-3_mixed_5.wav", b"audio", metadata=marks)
    made.bucket.put(
        "waveforms/stage-3_mixed_waveform_5.json", b"document", metadata=marks
    )
    made.bucket.put("mixed/stage-1_mixed_4.wav", b"of an older release")
    made.delete_duplicate("stem-8", COPY, survivor=("stem-2", OTHER))
    [table] = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "gone.csv").write_text(table, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("waveflow_local.ops.stack.open_stack", lambda _name: made.stack)
    return made


def test_the_page_shows_what_the_command_prints(place):
    """An operator compares the first erasure of his life with the page."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    shown = [step for block in blocks for step in re.split(r"(?m)^\$ ", block)[1:]]

    printed = []
    for step in shown:
        words = step.partition("\n")[0].split()[1:]
        said = CliRunner().invoke(app, words, catch_exceptions=False).output
        printed.append(f"waveflow {' '.join(words)}\n{said}")

    assert [VARIES.sub("…", each) for each in printed] == [
        VARIES.sub("…", each) for each in shown
    ]
    assert {*place.left()} == {
        *(OTHER, "mixed/stage-1_mixed_4.wav", "waveforms/stem-70_waveform_5.json")
    }
