"""Errors of the stages are contract: one code, one class, one name."""

import ast
from pathlib import Path

import pytest
from waveflow import errors

KINDS = errors.WaveflowError.__subclasses__()


@pytest.mark.parametrize("kind", KINDS)
def test_the_class_is_named_like_its_code(kind):
    """A developer finds FILE_TOO_LARGE as FileTooLargeError without a search."""
    words = kind.code.removesuffix("_ERROR").split("_")

    assert kind.__name__ == "".join(map(str.capitalize, words)) + "Error"


def test_no_code_is_used_twice():
    """Step Functions and the server could not tell apart two failures of one code."""
    assert len({kind.code for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tree_in_the_docstring_is_complete(kind):
    """A class missing from the drawn tree would be unknown to readers of errors.py."""
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.code in (errors.__doc__ or "") or kind is errors.DedupeRefusedError


ROOT = Path(__file__).parents[2]


APPS = sorted(ROOT.glob("functions/*/app.py"))


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.parent.name)
def test_a_handler_is_a_seam(app):
    """A handler of more than 15 lines would hide logic where no stage test looks."""
    text = app.read_text()
    written = [line for line in text.splitlines() if line.strip()]

    assert len(written) <= 15
    assert not [
        n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Try | ast.Dict)
    ]
