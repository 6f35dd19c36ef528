"""Secrets stay out of logs and errors, and messages forge no log line."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

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
    """A token or secret in a log lets readers of the log delete files."""
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
    for secret in (TOKEN, SECRET, SECRET.removeprefix("whsec_")):
        assert secret not in said


@pytest.mark.usefixtures("function_environment")
def test_a_newline_in_a_message_forges_no_log_line(aws, capfd):
    """An attacker's newline must not write a log line that an operator believes."""
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


# Tests that each print a secret in another way, and pass without the plugin.
TALKATIVE = """
import logging, os, subprocess, sys

import pytest

TOKEN = "AQC" + "k" * 40
SECRET = "whsec_" + "c2VjcmV0" * 4
SIGNED = "https://bucket.example/key?X-Amz-Signature=" + "0" * 64

def test_printed_token(): print(TOKEN)
def test_printed_secret(): print(SECRET)
def test_printed_signature(): sys.stderr.write(SIGNED)
def test_logged(): logging.getLogger("x").warning(SIGNED)
def test_child(): subprocess.run(["echo", TOKEN], check=True)
def test_unread(capsys): print(TOKEN)
def test_read(capsys): print(TOKEN), capsys.readouterr()
def test_read_from_descriptors(capfd): os.write(2, SECRET.encode()), capfd.readouterr()
def test_read_bytes(capfdbinary): print(SIGNED), capfdbinary.readouterr()
@pytest.fixture
def leaving():
    yield
    print(TOKEN)
def test_left(leaving): pass
def test_discreet(capsys): print("a token, a secret"), capsys.readouterr()
"""


def test_a_test_that_says_a_secret_fails(tmp_path):
    """A test that prints a secret in any way must fail, so that logs hold none."""
    tests = Path(__file__).parents[1]
    shutil.copy(tests / "conftest.py", tmp_path)
    (tmp_path / "test_talk.py").write_text(TALKATIVE)

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(tests),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # loading takes seconds
        },
        capture_output=True,
        text=True,
        check=False,
    )

    failed = re.findall(r"^ERROR test_talk.py::test_(\w+)", ended.stdout, re.MULTILINE)
    assert {*failed, "discreet"} == set(re.findall(r"def test_(\w+)", TALKATIVE))
    assert "discreet" not in failed
