"""Run `waveflow ops smoke` against the local engine, and against faults of a stack."""

import dataclasses
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from click.testing import CliRunner
from support.processes import HANGS_S
from support.receiver import Receiver
from support.smoke_account import SmokeAccount
from waveflow_local.cli.app import app
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.ops import smoke_questions, smoke_trial
from waveflow_local.ops.smoke import smoke
from waveflow_local.ops.smoke_stream import ask_stream
from waveflow_local.ops.smoke_trial import CannotAskError, NoError, Trial
from waveflow_local.ops.stack import Stack, local_stack

SAID = ("yes", "no", "not asked")


@pytest.fixture(scope="module", name="server")
def _server():
    """Return a test address that answers 404 to every webhook."""
    with Receiver() as receiver:
        receiver.answer = lambda request: request.reply(404, b"")
        yield receiver


@pytest.fixture(scope="module", name="engine")
def _engine(server):
    """Run a pipeline that tells the test address, with retries that hardly wait."""
    settings = Settings(webhook_url=server.url, retry_scale=0.002)
    with Pipeline(settings) as pipeline:
        yield pipeline


@pytest.fixture(name="stack")
def _stack(engine, server):
    """Return the pipeline as a stack."""
    stack = local_stack(engine.clients.endpoint)
    parts = dataclasses.replace(stack.parts, webhook_url=server.url)
    stack.parts = parts
    return stack


def left_over(stack):
    """Return every version and delete marker in the stack's bucket."""
    listed = stack.s3.list_object_versions(Bucket=stack.parts.bucket)
    return [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]


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
        (("pipes", lambda _body: None), "alias", "No execution came."),
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


class _Api(BaseHTTPRequestHandler):
    """An HTTP API whose stream waits between two events, or does not."""

    protocol_version = "HTTP/1.1"
    seen: threading.Event  # set once the client has read the first event
    pause_s = 0.0
    job_id = ""

    def do_POST(self):
        """Take the upload, and answer with the job's id."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._reply(b'{"job_id": "%s"}' % self.job_id.encode())

    def do_GET(self):
        """Stream two events of the job."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in (1, 2):
            self.wfile.write(b"7\r\ndata: %d\r\n" % number)
            self.wfile.flush()
            if number == 1 and self.pause_s:
                assert self.seen.wait(HANGS_S)
                time.sleep(self.pause_s)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_args):
        """Print no line for each request."""

    def _reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(name="api")
def _api(stack):
    """Serve an HTTP API whose pauses a test chooses; its upload lies in the bucket."""
    handler = type(
        "Handler", (_Api,), {"job_id": str(uuid4()), "seen": threading.Event()}
    )
    with Trial(stack, token=None) as trial:
        record = trial.record("audio/smoke-api.wav")
    stack.s3.put_object(Bucket=stack.parts.bucket, Key="audio/smoke-api.wav", Body=b"x")
    stack.sfn.start_execution(
        stateMachineArn=stack.parts.machine_arn,
        name=handler.job_id,
        input=json.dumps([record]),
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as api:
        threading.Thread(target=api.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{api.server_port}/"
        stack.parts = dataclasses.replace(stack.parts, api_url=url)
        yield handler
        api.shutdown()


def test_events_are_seen_to_come_one_by_one_or_at_once(stack, api, monkeypatch):
    """A page of a buffered API would see each job jump from nothing to its end."""
    parts_of = requests.Response.iter_content

    def told(response, *size, **options):
        for part in parts_of(response, *size, **options):
            yield part
            api.seen.set()

    monkeypatch.setattr(requests.Response, "iter_content", told)
    with Trial(stack, token="token") as trial:
        with pytest.raises(NoError, match="at once"):
            ask_stream(trial)
        api.pause_s = 0.3
        ask_stream(trial)

    assert left_over(stack) == []


def test_the_stream_of_an_api_is_not_asked_without_a_token(stack, api):
    """An operator without a token must read that one question is open."""
    assert api
    with (
        Trial(stack, token=None) as trial,
        pytest.raises(CannotAskError, match="token"),
    ):
        ask_stream(trial)
