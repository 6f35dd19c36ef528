"""Check pipe and Lambda endpoint against AWS between its services."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from support.processes import eventually
from waveflow_local.engine.handlers import Function, Handlers
from waveflow_local.engine.lambdas import LambdaEndpoint
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.paths import LocalError


def started_arns(engine, *, count: int) -> list[str]:
    """Wait until the pipe has started `count` executions."""

    def arns() -> list[str]:
        listed = engine.clients.sfn.list_executions(
            stateMachineArn=engine.deployment.machine_arn
        )["executions"]
        started = [item["executionArn"] for item in listed]
        return started if len(started) >= count else []

    return eventually(arns)


def test_a_message_starts_one_execution_with_an_array_of_one(engine, finish):
    """The machine reads `$states.input[0]`: a bare object would break every message."""
    engine.handlers.replace("EchoFunction", lambda event, _context: event)

    message_id = engine.send('{"stemId": "드럼 \\"1\\""}')

    (arn,) = started_arns(engine, count=1)
    (record,) = json.loads(finish({"executionArn": arn})["output"])
    assert record["messageId"] == message_id
    assert record["sentTimestamp"].isdigit()
    assert record["body"] == {"stemId": '드럼 "1"'}


def test_a_message_that_cannot_start_goes_to_the_dead_letters(engine):
    """A message whose execution cannot start must not be lost."""
    engine.pipe.machine_arn += "-gone"
    try:
        message_id = engine.send("{}")
        dead = eventually(
            lambda: engine.clients.sqs.receive_message(
                QueueUrl=engine.deployment.dead_letter_queue_url
            ).get("Messages")
        )
    finally:
        engine.pipe.machine_arn = engine.deployment.machine_arn

    assert [message["MessageId"] for message in dead] == [message_id]


def test_functions_see_the_templates_environment(engine):
    """A setting that the functions do not see would work on AWS only."""
    import os

    seen = {
        name: os.environ[name]
        for name in ("BUCKET_NAME", "WAVEFLOW_LOCAL", "AWS_ENDPOINT_URL")
    }

    assert seen == {
        "BUCKET_NAME": "waveflow-local",
        "WAVEFLOW_LOCAL": "1",
        "AWS_ENDPOINT_URL": engine.endpoint,
    }
    secret = engine.clients.secrets.get_secret_value(
        SecretId=os.environ["WEBHOOK_SECRET_ARN"]
    )
    assert json.loads(secret["SecretString"])["current"].startswith("whsec_")


def test_deleted_objects_keep_their_versions(engine):
    """A deleted upload must stay as a version, or an undo finds nothing."""
    s3, bucket = engine.clients.s3, engine.deployment.bucket
    s3.put_object(Bucket=bucket, Key="audio/x", Body=b"x")

    s3.delete_object(Bucket=bucket, Key="audio/x")

    versions = s3.list_object_versions(Bucket=bucket, Prefix="audio/x")
    assert len(versions["Versions"]) == 1
    assert len(versions["DeleteMarkers"]) == 1


def test_a_port_in_use_is_one_sentence(engine, small_project):
    """A developer who starts `up` twice gets one sentence, no traceback."""
    port = int(engine.endpoint.rpartition(":")[2])
    settings = Settings(webhook_url="http://x", project=small_project, port=port)

    with pytest.raises(LocalError, match=f"Port {port} .* is in use"):
        Pipeline(settings)


class _Emulator(BaseHTTPRequestHandler):
    """Answer as `sam local start-lambda` does: errors are 200 without a header."""

    answers = {  # noqa: RUF012 - read only
        "GoodFunction": {"ok": True},
        "BadFunction": {"errorType": "EmptyAudioError", "errorMessage": "No bytes."},
    }

    def do_POST(self):
        """Answer one invocation by the function's name."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(self.answers[self.path.split("/")[3]]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        """Say nothing."""


@pytest.fixture(name="elsewhere")
def _elsewhere(tmp_path):
    """Run functions behind another Lambda endpoint."""
    server = HTTPServer(("127.0.0.1", 0), _Emulator)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    names = ("GoodFunction", "BadFunction")
    handlers = Handlers({n: Function(n, "arn", tmp_path / n) for n in names})
    yield LambdaEndpoint(f"http://127.0.0.1:{server.server_port}", handlers)
    server.shutdown()
    server.server_close()


def test_functions_run_behind_another_endpoint(elsewhere):
    """Images behind AWS_ENDPOINT_URL_LAMBDA must run as the handlers here do."""
    answer = elsewhere.invoke("GoodFunction", b"{}")

    assert json.loads(answer.payload) == {"ok": True}
    assert not answer.failed


def test_an_emulators_error_is_an_error(elsewhere):
    """SAM's emulator answers 200 for an error; taken as success, a failure is lost."""
    assert elsewhere.invoke("BadFunction", b"{}").failed


def test_an_endpoint_that_is_away_is_an_error(tmp_path):
    """An endpoint that is away must be retried by the machine, not end the run."""
    handlers = Handlers({"F": Function("F", "arn", tmp_path)})

    answer = LambdaEndpoint("http://127.0.0.1:9", handlers).invoke("F", b"{}")

    assert answer.failed
    assert json.loads(answer.payload)["errorType"] == "Lambda.SdkClientException"
