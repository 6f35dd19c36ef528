"""Errors that are our own fault: told in one word, and explained in the log alone."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from waveflow.api.problems import answer_problems
from waveflow.errors import InternalError

DETAIL = "The role arn:aws:iam::1:role/x may not read."


@pytest.mark.parametrize("fault", [InternalError(DETAIL), KeyError(DETAIL)])
def test_a_stranger_learns_nothing_of_our_own_fault(fault):
    """Names of roles and buckets would tell a stranger how the stack is built."""
    app = FastAPI()
    answer_problems(app)

    @app.get("/")
    def fail():
        raise fault

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/")

    assert (answer.status_code, answer.json()["detail"]) == (500, "It was logged.")
    assert "arn:" not in answer.text
