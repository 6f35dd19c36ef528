"""Run `waveflow ops smoke` against the local engine, and against faults of a stack."""

import dataclasses
import json

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from support.smoke_account import SmokeAccount
from support.smoke_stack import left_over, pipeline_of, refusing_server
from waveflow_local.cli.app import app
from waveflow_local.ops import smoke_questions, smoke_trial
from waveflow_local.ops.smoke import smoke
from waveflow_local.ops.smoke_trial import Trial
from waveflow_local.ops.stack import Stack, local_stack

SAID = ("yes", "no", "not asked")


@pytest.fixture(scope="module", name="server")
def _server():
    """Return a test address that answers 404 to every webhook."""
    with refusing_server() as server:
        yield server


@pytest.fixture(scope="module", name="engine")
def _engine(server):
    """Run a pipeline that tells the test address."""
    with pipeline_of(server) as pipeline:
        yield pipeline


@pytest.fixture(name="stack")
def _stack(engine, server):
    """Return the pipeline as a stack."""
    stack = local_stack(engine.clients.endpoint)
    stack.parts = dataclasses.replace(stack.parts, webhook_url=server.url)
    return stack


def run(stack, *options):
    """Run the command as an operator does."""
    environment = {"AWS_ENDPOINT_URL": stack.s3.meta.endpoint_url}
    command = ["ops", "smoke", "--stack", "local", *options]
    return CliRunner(env=environment).invoke(app, command)


def test_the_command_answers_each_question_and_leaves_nothing(stack):
    """An operator reads yes, no or why not; nobody cleans up after the test."""
    ended = run(stack)

    assert ended.exit_code == 0, ended.output
    # The engine runs in this process and prints its log between the answers.
    lines = ended.output.splitlines()
    said = {line[10:]: line[:9].strip() for line in lines if line[:9].strip() in SAID}
    assert said == {
        "Does the pipe start executions of the machine's alias?": "not asked",
        "Does a body that is no JSON, with quotes, reach the machine as sent?": "yes",
        "Does a redriven question ask the server again?": "not asked",
        "Does FILL turn a metric without points into zeros?": "not asked",
        "Is a missing key 404 for the role of each function?": "yes",
        "Does the HTTP API stream events as they happen?": "not asked",
    }
    assert left_over(stack) == []


def test_a_dry_run_asks_nothing(stack, server):
    """An operator reads the questions first, and the stack is not touched."""
    before = len(server.received)

    ended = run(stack, "--dry-run")

    assert ended.output.count("would ask: ") == len(smoke_questions.QUESTIONS)
    assert len(server.received) == before


def test_a_server_that_takes_webhooks_is_not_told_of_test_jobs(
    stack, server, monkeypatch
):
    """The platform's server would show jobs that no musician started.

    The engine's own address counts: a stale WEBHOOK_URL of the shell once did, and
    without a WEBHOOK_URL a path that the stand-in does not know.
    """
    monkeypatch.setenv("WEBHOOK_URL", "http://127.0.0.1:9/webhook")
    monkeypatch.setattr(server, "answer", lambda request: request.reply(201, b"{}"))
    before = len(server.received)

    ended = run(stack)

    assert ended.exit_code == 1
    assert f"{server.url}/hash-check answers 201" in str(ended.exception)
    assert len(server.received) == before + 1
    assert left_over(stack) == []


def test_a_role_that_may_not_look_is_a_no_that_names_the_function(stack, monkeypatch):
    """An operator must read which role lacks the right, and which right that is."""
    invoke = Trial.invoke

    def denied(trial, function, event):
        answer = invoke(trial, function, event)
        denies = "Music" in function and answer.get("errorType")
        return {"errorType": "InternalError"} if denies else answer

    monkeypatch.setattr(Trial, "invoke", denied)

    answers = {answer.question: answer for answer in smoke(stack, token=None)}

    missing = answers["Is a missing key 404 for the role of each function?"]
    assert missing.is_no
    assert "Music answers InternalError, not ObjectNotFoundError" in missing.remark
    assert "s3:ListBucket" in missing.remark


@pytest.fixture(name="account")
def _account():
    """Return an AWS account that answers as AWS should."""
    return SmokeAccount()


@pytest.fixture(name="on_aws")
def _on_aws(stack, account, monkeypatch):
    """Return a stack of that account, which never waits."""
    monkeypatch.setattr(smoke_trial, "POLL_S", 0.0)
    monkeypatch.setattr(smoke_trial, "LONGEST_S", 0.2)
    parts = dataclasses.replace(stack.parts, alias_arn="machine:live")
    deployed = Stack(parts, boto3.session.Session())
    deployed.s3 = stack.s3
    deployed.sqs = deployed.sfn = deployed.functions = deployed.cloudwatch = account
    return deployed


def test_a_good_account_answers_yes_to_all_that_a_stack_has(on_aws):
    """An operator must be able to trust that nothing is open."""
    said = [answer.said for answer in smoke(on_aws, token=None)]

    assert said == ["yes", "yes", "yes", "yes", "yes", "not asked"]
    assert left_over(on_aws) == []


def lose(body):
    """Drop a message that is no JSON, and keep the others."""
    return json.loads(body) if body.startswith("{") else None


@pytest.mark.parametrize(
    ("change", "question", "remark"),
    [
        (("pipes", lambda _body: None), "alias", "The message started no execution."),
        (("pipes", lose), "quotes", "dead-letter queue"),
        (("asks_again", False), "redriven", "The states were Route, Hash, Ask, "),
        (("filled", []), "FILL", "FILL(none, 0) gave []."),
        (("filled", [1.0]), "FILL", "watch ExecutionsFailed"),
    ],
)
def test_an_account_that_answers_no_is_told_of(
    on_aws, account, change, question, remark
):
    """An operator must read what AWS does instead, and what to do."""
    setattr(account, *change)

    answers = [each for each in smoke(on_aws, token=None) if question in each.question]

    assert [each.said for each in answers] == ["no"]
    assert remark in answers[0].remark
    assert left_over(on_aws) == []


def test_a_wait_in_vain_leaves_time_for_the_other_questions(
    on_aws, account, monkeypatch
):
    """A pipe that starts nothing must not read as a redrive that does not work."""
    monkeypatch.setattr(account, "pipes", lambda _body: None)
    describe, seen = account.describe_execution, set()

    def lagging(*, executionArn):  # noqa: N803 - boto3's name
        told = describe(executionArn=executionArn)
        at_once = (executionArn, told["redriveCount"]) in seen
        seen.add((executionArn, told["redriveCount"]))
        return told if at_once else told | {"status": "RUNNING"}

    monkeypatch.setattr(account, "describe_execution", lagging)

    said = {answer.question: answer.said for answer in smoke(on_aws, token=None)}

    assert said["Does the pipe start executions of the machine's alias?"] == "no"
    assert said["Does a redriven question ask the server again?"] == "yes"


def test_an_operator_without_a_right_reads_which_right(stack, monkeypatch):
    """A lacking right of the operator must not read as a fault of the stack."""

    def denied(*_args):
        error = {"Code": "AccessDeniedException", "Message": "not authorized to invoke"}
        raise ClientError({"Error": error}, "Invoke")

    monkeypatch.setattr(Trial, "invoke", denied)

    answers = {answer.question: answer for answer in smoke(stack, token=None)}

    missing = answers["Is a missing key 404 for the role of each function?"]
    assert missing.said == "not asked"
    assert "not authorized to invoke" in missing.remark
