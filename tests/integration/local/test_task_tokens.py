"""Check that a task token answers one question, once, while that is open."""

from collections.abc import Callable
from typing import Any

import pytest
from support.engine_tasks import WAIT, task


class WebhookUnavailableError(Exception):
    """A stage's own error, matched by its name."""


def test_an_answer_before_the_lambda_returned_counts_with_heartbeats(
    engine, start, finish
):
    """Patch: moto loses an early answer when HeartbeatSeconds is set; the job hangs."""

    def answer_at_once(event: Any, _context: Any) -> None:
        engine.clients.sfn.send_task_success(
            taskToken=event["token"], output='["early"]'
        )

    states = {"Ask": task(WAIT, TimeoutSeconds=5, HeartbeatSeconds=2)}

    ended = finish(start(states, handler=answer_at_once))

    assert ended["output"] == '["early"]'


def test_every_question_has_a_token_of_its_own(engine, start, finish):
    """Patch: AWS makes a new token for each retry; an old answer must not count."""
    tokens: list[str] = []

    def answer_the_second(event: Any, _context: Any) -> None:
        tokens.append(event["token"])
        if len(tokens) == 2:
            engine.clients.sfn.send_task_success(taskToken=tokens[1], output='["yes"]')

    retry = [
        {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 2}
    ]
    states = {"Ask": task(WAIT, TimeoutSeconds=1, Retry=retry)}

    ended = finish(start(states, handler=answer_the_second))

    assert ended["output"] == '["yes"]'
    assert len(set(tokens)) == 2


def test_a_token_is_as_long_as_on_aws(answered):
    """A server with a token column of 255 characters must fail here, before AWS."""
    token = answered()

    assert token.startswith("AQC")
    assert 600 < len(token) <= 1024


@pytest.fixture(name="answered")
def _answered(engine, start, finish) -> Callable[[], str]:
    """Return the token of a task that has been answered, its execution ended."""
    tokens: list[str] = []

    def answer(event: Any, _context: Any) -> None:
        tokens.append(event["token"])
        engine.clients.sfn.send_task_success(taskToken=event["token"], output="1")

    finish(start({"Ask": task(WAIT, TimeoutSeconds=5)}, handler=answer))
    return lambda: tokens[0]


def test_a_late_answer_is_refused(engine, answered):
    """A server that answers late gets TaskTimedOut on AWS, and must get that here."""
    sfn = engine.clients.sfn

    with pytest.raises(sfn.exceptions.TaskTimedOut):
        sfn.send_task_success(taskToken=answered(), output="2")
    with pytest.raises(sfn.exceptions.TaskTimedOut):
        sfn.send_task_failure(taskToken=answered(), error="E")


def test_a_second_answer_is_refused_and_changes_nothing(engine, start, finish):
    """The first answer counts, however quickly another follows."""
    sfn = engine.clients.sfn
    refused: list[str] = []

    def answer_twice(event: Any, _context: Any) -> None:
        sfn.send_task_success(taskToken=event["token"], output='["first"]')
        try:
            sfn.send_task_success(taskToken=event["token"], output='["second"]')
        except sfn.exceptions.TaskTimedOut:
            refused.append("second")

    ended = finish(start({"Ask": task(WAIT, TimeoutSeconds=5)}, handler=answer_twice))

    assert ended["output"] == '["first"]'
    assert refused == ["second"]


def test_the_token_of_a_retried_question_is_closed(engine, start, finish):
    """An answer to the first question must not count for the second."""
    tokens: list[str] = []
    sfn = engine.clients.sfn
    outcome: list[str] = []

    def answer_the_first_late(event: Any, _context: Any) -> None:
        tokens.append(event["token"])
        if len(tokens) == 2:
            try:
                sfn.send_task_success(taskToken=tokens[0], output='["late"]')
            except sfn.exceptions.TaskTimedOut:
                outcome.append("refused")

    retry = [
        {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}
    ]
    states = {"Ask": task(WAIT, TimeoutSeconds=1, Retry=retry)}

    ended = finish(start(states, handler=answer_the_first_late))

    assert ended["status"] == "FAILED"
    assert outcome == ["refused"]


def test_an_unknown_token_is_refused(engine):
    """An invented token must not answer any question."""
    sfn = engine.clients.sfn

    with pytest.raises(sfn.exceptions.InvalidToken):
        sfn.send_task_success(taskToken="never", output="1")
