"""`waveflow ops --stack local` and the engine mean the same things."""

import pytest
from waveflow_local.ops.stack import open_stack
from waveflow_local.paths import LocalError


def test_the_stack_called_local_is_the_engines(engine, monkeypatch):
    """An operator practises on the engine with the names that it really has."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine.endpoint)

    parts = open_stack("local").parts

    made = engine.deployment
    assert parts.bucket == made.bucket
    assert parts.queue_url.endswith("/" + made.queue_url.rsplit("/", 1)[1])
    assert parts.machine_arn == made.machine_arn
    dead = made.dead_letter_queue_url.rsplit("/", 1)[1]
    assert parts.dead_letter_queue_url.endswith("/" + dead)


def test_an_engine_that_is_not_there_is_one_sentence(monkeypatch):
    """An operator who forgot `waveflow up` must not read four WRONG and no reason."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    with pytest.raises(LocalError, match="start `waveflow up`"):
        open_stack("local")


def test_a_stack_that_cannot_be_read_is_one_sentence(monkeypatch):
    """A wrong name or no rights: the operator needs the reason, not a traceback."""
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(LocalError, match="The stack absent cannot be read"):
        open_stack("absent")
