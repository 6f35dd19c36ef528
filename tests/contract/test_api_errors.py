"""Errors of the API: one code and one status for each class, as docs/api.md says."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest
from waveflow.api import errors
from waveflow.api.errors import CONTRACT_STATUS, RefusalError, headers_of, status_of
from waveflow.errors import InternalError, ObjectNotFoundError, WaveflowError

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text("utf-8")
REFUSALS = RefusalError.__subclasses__()
CONTRACT = WaveflowError.__subclasses__()
ANSWERED = {kind.code: kind.status for kind in REFUSALS} | {
    kind.code: status for kind, status in CONTRACT_STATUS.items()
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_has_a_status_and_a_name_like_its_code(kind):
    """A client that looks up an error code must find its class and HTTP status."""
    words = kind.code.split("_")

    assert HTTPStatus(kind.status) >= 400
    assert kind.__name__ == "".join(map(str.capitalize, words)) + "Error"
    assert re.search(rf"{kind.__name__} +{kind.status} {kind.code}\n", errors.__doc__)


def test_every_status_of_the_table_belongs_to_an_error_of_the_contract():
    """A status for a class that is gone would promise clients an answer nobody gets."""
    assert set(CONTRACT_STATUS) <= set(CONTRACT)
    assert all(HTTPStatus(status) >= 400 for status in CONTRACT_STATUS.values())


@pytest.mark.parametrize("kind", CONTRACT)
def test_every_error_of_the_contract_is_answered(kind):
    """A stage's error without a status of its own is a defect of the API: 500."""
    made = kind("words")

    assert status_of(made) == CONTRACT_STATUS.get(kind, 500)


def test_no_code_means_two_things():
    """A client would read a refusal with a stage's code as a failed job."""
    codes = [kind.code for kind in (*REFUSALS, *CONTRACT)]

    assert len(set(codes)) == len(codes)


def test_the_page_lists_every_code_with_its_status():
    """Developers write clients from the page's table, so every code must be in it."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", PAGE, re.MULTILINE)

    assert {code: int(status) for code, status in rows} == ANSWERED


def test_what_may_pass_says_when_to_come_back():
    """A client without Retry-After asks again at once, and makes the overload worse."""
    for code, status in ANSWERED.items():
        kind = next(k for k in (*REFUSALS, *CONTRACT) if k.code == code)
        made = kind(7) if code == "RATE_LIMITED" else kind("words")
        assert ("Retry-After" in headers_of(made)) == (status in {429, 503}), code
    assert status_of(ObjectNotFoundError("x")) == status_of(InternalError("x")) == 500
