"""Ask a new stack the questions that only AWS can answer, and clean up after."""

from collections.abc import Iterator
from dataclasses import dataclass

import requests
from botocore.exceptions import BotoCoreError, ClientError

from waveflow_local.ops.smoke_questions import QUESTIONS, Question
from waveflow_local.ops.smoke_trial import CannotAskError, NoError, Trial
from waveflow_local.ops.stack import Stack
from waveflow_local.paths import LocalError

ANSWER_S = 10.0
REFUSES = 404  # what a test address answers to every webhook


@dataclass(frozen=True)
class Answer:
    """Hold what a stack has answered to one question."""

    question: str
    said: str  # "yes", "no" or "not asked"
    remark: str = ""

    @property
    def is_no(self) -> bool:
        """Tell whether the stack answered no."""
        return self.said == "no"

    def __str__(self) -> str:
        """Return the answer as a line, and the remark as a second line."""
        rest = f"\n          {self.remark}" if self.remark else ""
        return f"{self.said:9} {self.question}{rest}"


def smoke(stack: Stack, *, token: str | None) -> Iterator[Answer]:
    """Yield the stack's answer to each question, and leave no object behind.

    Raises `LocalError` where the stack's WebhookUrl is a server that takes webhooks.

    Parameters
    ----------
    token
        A bearer token of the stack's HTTP API; without a token the streams of the API
        are not asked.
    """
    _refuse_a_real_server(stack)
    with Trial(stack, token=token) as trial:
        for question in QUESTIONS:
            yield _answer(trial, question)


def _answer(trial: Trial, question: Question) -> Answer:
    try:
        question.ask(trial)
    except CannotAskError as exc:
        return Answer(question.text, "not asked", str(exc))
    except ClientError as exc:
        if exc.response["Error"]["Code"].startswith("AccessDenied"):
            return Answer(question.text, "not asked", f"You lack a right: {exc}")
        return Answer(question.text, "no", f"{exc} {question.on_no}")
    except (NoError, BotoCoreError, requests.RequestException) as exc:
        return Answer(question.text, "no", f"{exc} {question.on_no}")
    return Answer(question.text, "yes")


def _refuse_a_real_server(stack: Stack) -> None:
    url = f"{stack.parts.webhook_url.rstrip('/')}/hash-check"
    try:
        answer = requests.post(url, json={}, timeout=ANSWER_S, allow_redirects=False)
    except requests.RequestException as exc:
        raise LocalError(
            f"{url} cannot be reached, and must answer 404: {exc}"
        ) from exc
    if answer.status_code != REFUSES:
        raise LocalError(
            f"{url} answers {answer.status_code}. The smoke test runs only on a stack "
            "whose WebhookUrl answers 404, so that no server is told of its jobs."
        )
