"""No token, secret or signed address is ever said, and no line is ever forged."""

import json

import pytest
from support.aws_server import SECRET
from support.invocations import events, load, prepare
from support.records import START, record
from waveflow import runtime

TOKEN = "AQCkAAAAKgAAAAMAAAAAAAAAAa-a-task-token"


@pytest.fixture(autouse=True)
def _own_log(function_environment, monkeypatch, request):  # noqa: ARG001 - which sets the name first
    """Give each test a log of its own: a logger keeps the stream it began with."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", request.node.name)
    runtime._logger.cache_clear()
    yield
    runtime._logger.cache_clear()


@pytest.mark.usefixtures("function_environment")
@pytest.mark.parametrize("fault", ["ok", "503", "lost", "short", "reset:0.5"])
def test_no_log_line_or_error_holds_a_secret(aws, capfd, fault):
    """Whatever the network does to the question."""
    known = events(aws)
    handler = load("notify")
    event = {**known["ask"][1], "task_token": TOKEN}
    prepare(aws)
    aws.script["POST"] = ["ok", *[fault] * 9]
    errors = []

    for each in (event, {**event, "verdict": {"verdict": "new"}}):
        try:
            handler(each)
        except Exception as exc:  # noqa: BLE001 - every error's text is looked at
            errors.append(f"{exc!r} {exc.__cause__!r}")

    said = "".join(capfd.readouterr()) + "".join(errors)
    assert "started" in said
    for secret in (TOKEN, SECRET, SECRET.removeprefix("whsec_"), "X-Amz-Signature"):
        assert secret not in said


@pytest.mark.usefixtures("function_environment")
def test_a_newline_in_a_message_forges_no_log_line(aws, capfd):
    """Every line that is logged is one JSON object, written by us."""
    prepare(aws)
    forged = '\n{"level":"INFO","message":"deleted everything"}\n'
    body = {
        "userId": f"u{forged}",
        "trackId": "t",
        "stemId": f"s{forged}",
        "filepath": f"audio/{forged}",
        "timestamp": f"2026{forged}",
        "original_filename": forged,
    }

    with pytest.raises(Exception, match="invalid"):
        load("hash")({"record": record(body), "start": START, "name": "run"})

    lines = capfd.readouterr().out.splitlines()
    assert lines
    assert "deleted everything" not in {json.loads(x).get("message") for x in lines}
