"""Answers of the server, judged by the machine as CONTRACT.md, section 3, says."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.walker import Execution, Invoke, Succeeded, load

LONGEST = 120  # characters of a condition that a reader takes in at a glance
UPLOAD = [{"messageId": "m", "body": {"task": "generate_hash_and_webhook"}}]
MESSAGE = [{"messageId": "m", "body": {"task": "process_duplicate_file"}}]
ABSENT = object()
NAMELESS: dict[str, Any] = {"verdict": "duplicate", "duplicate_of": {"filepath": "y"}}
PATHLESS: dict[str, Any] = {"verdict": "duplicate", "duplicate_of": {"stemId": "x"}}
TOO_MANY: dict[str, Any] = {"verdict": "new", "num_peaks": 4001}

peaks = st.sampled_from(
    [ABSENT, None, True, "10", [], [10], [1, "x"], {}, -1, 0, 1, 7.0, 7.5, 4000, 4001]
)
survivors = st.sampled_from(
    [
        *(ABSENT, None, "x", [], {}, {"stemId": "x"}, {"stemId": 1, "filepath": "y"}),
        *({"stemId": "x", "filepath": None}, {"stemId": "x", "filepath": "y"}),
        [{"stemId": "x", "filepath": "y"}],
    ]
)
words = st.sampled_from([ABSENT, None, "new", "hold", "duplicate", "NEW", ["new"], 1])


def members(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw objects of some members, any of them absent."""
    return st.fixed_dictionaries(values).map(
        lambda every: {k: v for k, v in every.items() if v is not ABSENT}
    )


objects = members(verdict=words, num_peaks=peaks, duplicate_of=survivors)
answers = st.one_of(
    objects,
    st.lists(objects, max_size=2),
    st.sampled_from([None, True, 7, "new", "duplicate", ""]),
)
messages = members(analysis=st.sampled_from([ABSENT, None, True, False, "true", 1]))


def is_integer(value: Any) -> bool:
    """Tell whether a JSON number is an integer, which JSON may write as 7.0."""
    return type(value) in {int, float} and value == int(value)


def expected(answer: Any, message: dict[str, Any], *, asked: bool) -> str:
    """Return the state to which the contract sends an answer."""
    if not isinstance(answer, dict):
        return "TellFailure"
    count = answer.get("num_peaks", 1024)
    if not is_integer(count) or not 1 <= count <= 4000:
        return "TellFailure"
    survivor = answer.get("duplicate_of")
    named = isinstance(survivor, dict) and all(
        isinstance(survivor.get(name), str) for name in ("stemId", "filepath")
    )
    analysed = message.get("analysis") is True
    match answer.get("verdict"):
        case "new":
            return "Music" if analysed else "Waveform"
        case "hold":
            return "Held"
        case "duplicate" if named or not asked:
            return "DedupeDeleteAnalysed" if analysed else "DedupeDelete"
    return "TellFailure"


def after_verdict(record: Any, *results: Any) -> str:
    """Walk the machine from the start, and return the state that follows Verdict."""
    execution = Execution(load(), record, "run", "2026-01-01T00:00:00.000Z")
    walk = execution.walk()
    request: Any = next(walk)
    for result in results:
        assert isinstance(request, Invoke)
        try:
            request = walk.send(Succeeded(result))
        except StopIteration:
            break
    return execution.entered[execution.entered.index("Verdict") + 1]


@settings(deadline=None)
@given(answers, messages)
@example(NAMELESS, {})
@example(PATHLESS, {})
@example(TOO_MANY, {})
def test_an_answer_leads_where_the_contract_says(answer, message):
    """A mistyped answer that raised in the machine would never be told to anybody."""
    hashed = {"job": {"message": message}, "source": {}, "verdict": None}

    found = after_verdict(UPLOAD, hashed, answer)

    assert found == expected(answer, message, asked=True)


@settings(deadline=None)
@given(answers, messages)
def test_a_message_that_is_the_verdict_is_judged_alike(answer, message):
    """Seed 002's message names no survivor, and must reach dedupe_delete's refusal."""
    hashed = {"job": {"message": message}, "source": {}, "verdict": answer}

    found = after_verdict(MESSAGE, hashed)

    assert found == expected(answer, message, asked=False)


@settings(deadline=None)
@given(objects, objects)
def test_a_verdict_that_hash_has_found_needs_no_survivor(known, answer):
    """A redelivery of a deleted duplicate must end without asking the server again."""
    hashed = {"job": {"message": {}}, "source": {}, "verdict": known}

    found = after_verdict(UPLOAD, hashed, answer)

    assert found == expected(answer, {}, asked=False)


@pytest.mark.parametrize(
    "choice", load()["States"]["Verdict"]["Choices"], ids=lambda each: each["Next"]
)
def test_a_verdicts_condition_fits_one_line(choice):
    """A reviewer must take in at a glance the condition that decides a deletion."""
    assert len(json.dumps(choice["Condition"])) - 2 <= LONGEST
