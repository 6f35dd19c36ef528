"""Progress of a job in every state of the machine."""

import json
import re
from pathlib import Path

from waveflow.api.jobs.progress import STEPS

ROOT = Path(__file__).parents[2]
# No job stays in these states: the first begins a job, the others end it.
UNSHOWN = {"Route", "Held", "Failed"}


def test_progress_is_told_of_every_state():
    """A job in a state without progress would look stuck to a client."""
    machine = json.loads((ROOT / "statemachine/waveflow.asl.json").read_text("utf-8"))

    assert set(STEPS) == set(machine["States"]) - UNSHOWN


def test_the_page_draws_and_names_every_state():
    """A state without a place or a name would vanish from the page."""
    drawn = (ROOT / "local/page/src/machine.js").read_text("utf-8")
    words = (ROOT / "local/page/src/words.js").read_text("utf-8")

    for state in STEPS:
        assert f"{state}:" in drawn, state
        assert len(re.findall(rf'(?<![A-Za-z]){state}: "', words)) == 2, state
