"""The API knows every state that a job may be in."""

import json
import re
from pathlib import Path

from waveflow.api.jobs.progress import STEPS

ROOT = Path(__file__).parents[2]
# A job does not stay in these: the first is its beginning, the others its ends.
UNSHOWN = {"Route", "Held", "Failed"}


def test_progress_is_told_of_every_state():
    """A state that nobody added here would look like standing still."""
    machine = json.loads((ROOT / "statemachine/waveflow.asl.json").read_text("utf-8"))

    assert set(STEPS) == set(machine["States"]) - UNSHOWN


def test_the_page_draws_and_names_every_state():
    """In both languages; a state without a place is one that does the same."""
    drawn = (ROOT / "local/page/src/machine.js").read_text("utf-8")
    words = (ROOT / "local/page/src/words.js").read_text("utf-8")

    for state in STEPS:
        assert f"{state}:" in drawn, state
        assert len(re.findall(rf'(?<![A-Za-z]){state}: "', words)) == 2, state
