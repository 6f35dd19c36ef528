"""The machine's Route and the normaliser read the same task word."""

import json
from itertools import product
from pathlib import Path

import jsonata
from hypothesis import given
from hypothesis import strategies as st
from waveflow.events.normalise import task_of

MACHINE = Path(__file__).parents[2] / "statemachine/waveflow.asl.json"
ROUTE = json.loads(MACHINE.read_text())["States"]["Route"]

bodies = st.one_of(
    st.none() | st.text(max_size=3) | st.integers() | st.lists(st.integers()),
    st.dictionaries(
        st.sampled_from(
            ["task", "stem_paths", "audio_hash", "num_peaks", "stemId", "pairs"]
        ),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(max_size=2),
            st.sampled_from(
                [
                    prefix + word
                    for prefix, word in product(
                        ("", "app.tasks.", "app_tasks."),
                        (
                            "generate_hash_and_webhook",
                            "process_duplicate_file",
                            "process_audio_analysis",
                            "mix_stems_and_upload",
                            "compare_mixes",
                        ),
                    )
                ]
            ),
        ),
    ),
)
ENTRIES = {
    "mix_stems_and_upload": "Mix",
    "compare_mixes": "Compare",
    "process_duplicate_file": "HashAgain",
    "process_audio_analysis": "HashAgain",
}


@given(bodies)
def test_the_machine_reads_the_task_word_as_the_normaliser_does(body):
    """A message whose task word is read in two ways would go to the wrong stage."""
    word = task_of(body) if isinstance(body, dict) else ""

    taken = ROUTE["Default"]
    for choice in reversed(ROUTE["Choices"]):
        condition = choice["Condition"].removeprefix("{%").removesuffix("%}")
        compiled = jsonata.Jsonata(condition)
        compiled.assign("states", {"input": [{"body": body}]})
        if compiled.evaluate(None):
            taken = choice["Next"]

    assert taken == ENTRIES.get(word, "Hash")
