"""Ask the streams of an HTTP API by `waveflow ops smoke`."""

import dataclasses
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
import requests
from support.processes import HANGS_S
from support.smoke_stack import left_over, pipeline_of, refusing_server
from waveflow_local.ops.smoke_stream import ask_stream
from waveflow_local.ops.smoke_trial import CannotAskError, NoError, Trial
from waveflow_local.ops.stack import local_stack


@pytest.fixture(scope="module", name="engine")
def _engine():
    """Run a pipeline whose server refuses every webhook."""
    with refusing_server() as server, pipeline_of(server) as pipeline:
        yield pipeline


@pytest.fixture(name="stack")
def _stack(engine):
    """Return the pipeline as a stack."""
    return local_stack(engine.clients.endpoint)


class _Api(BaseHTTPRequestHandler):
    """An HTTP API whose stream waits between two events, or does not."""

    protocol_version = "HTTP/1.1"
    seen: threading.Event  # set once the client has read the first event
    pause_s = 0.0
    job_id = ""
    too_early = 0  # streams that are asked before Step Functions shows the job
    token = "token"

    def do_POST(self):
        """Take the upload, and answer with the job's id."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {self.token}":
            return self._reply(b'{"code": "UNAUTHORIZED"}', status=401)
        return self._reply(b'{"job_id": "%s"}' % self.job_id.encode())

    def do_GET(self):
        """Stream two events of the job, once the job is shown."""
        if self.too_early:
            type(self).too_early -= 1
            self._reply(b'{"code": "JOB_NOT_VISIBLE"}', status=503)
            return
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

    def _reply(self, body, *, status=200):
        self.send_response(status)
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


def test_a_job_that_is_not_shown_yet_is_waited_for(stack, api):
    """A read that lags behind must not be told as a fault of the adapter."""
    api.too_early = 2
    api.seen.set()
    api.pause_s = 0.3

    with Trial(stack, token="token") as trial:
        ask_stream(trial)

    assert api.too_early == 0
    assert left_over(stack) == []


def test_a_token_that_the_api_refuses_is_no_fault_of_the_stream(stack, api):
    """An operator must read that the token is wrong, and not change the adapter."""
    assert api
    with (
        Trial(stack, token="another") as trial,
        pytest.raises(CannotAskError, match="UNAUTHORIZED"),
    ):
        ask_stream(trial)


def test_the_stream_of_an_api_is_not_asked_without_a_token(stack, api):
    """An operator without a token must read that one question is open."""
    assert api
    with (
        Trial(stack, token=None) as trial,
        pytest.raises(CannotAskError, match="token"),
    ):
        ask_stream(trial)
