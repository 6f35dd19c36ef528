"""Find a stem on AWS through Logs Insights, and say what its operator has to do."""

import json
import re

import pytest
from click.testing import CliRunner
from support.insights import FailedExecution, Insights
from support.stack import ROOT
from waveflow import runtime
from waveflow.events.normalise import Entry
from waveflow_local.ops import commands, status
from waveflow_local.ops.stack import Parts, Stack
from waveflow_local.paths import LocalError

MACHINE = "arn:aws:states:us-east-1:1:stateMachine:Machine-1a2b"
EXECUTION = "arn:aws:states:us-east-1:1:execution:Machine-1a2b:"


class Session:
    """Session whose clients are fakes."""

    def __init__(self, **clients):
        self._clients = clients

    def client(self, service, **_options):
        """Return the fake of a service, which paginates as its only page."""
        return Paged(self._clients[service])


class Paged:
    """Client whose paginator yields the one page of the call."""

    def __init__(self, fake):
        self._fake = fake

    def __getattr__(self, name):
        """Return the fake's own call."""
        return getattr(self._fake, name)

    def get_paginator(self, name):
        """Return a paginator of one page."""
        call = getattr(self._fake, name)
        return type("Pages", (), {"paginate": lambda _, **asked: [call(**asked)]})()


@pytest.fixture
def ask(monkeypatch):
    """Return a function that runs `ops status` and returns its exit code and text."""
    monkeypatch.setattr(status, "_LOOK_S", 0)

    def run(machine, logs):
        parts = Parts(
            *("bucket", "queue", "dead", MACHINE, "secret", "https://x"), name="flow"
        )
        stack = Stack(parts, Session(stepfunctions=machine, logs=logs))
        monkeypatch.setattr(
            "waveflow_local.ops.stack.open_stack", lambda name: {"flow": stack}[name]
        )
        said = CliRunner().invoke(commands.ops, ["status", "stem-1", "--stack", "flow"])
        return said.exit_code, said.output

    return run


CASES = [
    ("RUNNING", "Waveform", "", 0, "wait"),
    ("SUCCEEDED", "Tell", "", 0, "nothing"),
    ("FAILED", "Failed", "CORRUPT_AUDIO", 0, "nothing; the server was told"),
    ("FAILED", "Failed", "STORAGE_UNAVAILABLE", 1, "--error STORAGE_UNAVAILABLE"),
    ("FAILED", "Tell", "WebhookRejectedError", 1, "ops replay"),
    ("FAILED", "AskUndelivered", "WebhookUnavailableError", 1, "ops replay"),
    ("FAILED", "Waveform", "States.Runtime", 1, "ops redrive --error States.Runtime"),
    ("TIMED_OUT", "Ask", "", 1, "ops redrive --error TIMED_OUT"),
    ("ABORTED", "Ask", "", 1, "ops redrive --error ABORTED"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(map(str, case)))
def test_the_exit_code_and_the_advice_follow_the_state(ask, case):
    """An operator at night reads what to do, and a script reads the exit code."""
    ended, state, error, code, advice = case
    machine = FailedExecution(ended, state=state, error=error)

    exited, said = ask(machine, Insights(["piped-1"]))

    assert exited == code, said
    assert f"{ended} in {state}" in said
    assert f"{EXECUTION}piped-1" in said
    assert advice in said.splitlines()[-1]


def test_only_the_named_executions_are_read(ask):
    """Reading each execution of a busy day would eat the quotas of the stages."""
    machine, logs = FailedExecution("SUCCEEDED"), Insights(["newer", "older"])

    exited, said = ask(machine, logs)

    assert exited == 0
    assert machine.seen == [f"{EXECUTION}newer", f"{EXECUTION}older"]
    assert said.index("newer") < said.index("older")
    assert '"stem-1"' in logs.asked["queryString"]
    assert logs.asked["logGroupNames"] == [
        f"/waveflow/flow/{s}" for s in ("hash", "mix", "compare", "notify")
    ]
    assert logs.asked["endTime"] - logs.asked["startTime"] == 7 * 86_400


def test_an_unknown_stem_has_an_exit_code_of_its_own(ask):
    """A stem whose message never came is another fault than a failed execution."""
    exited, said = ask(FailedExecution(), Insights([]))

    assert (exited, said) == (3, "No execution of the last 7 days knows stem-1.\n")


@pytest.mark.parametrize("ends", ["Failed", "Timeout", "Cancelled"])
def test_a_query_that_fails_is_not_read_as_an_empty_answer(ends):
    """`Nothing known` for a query that failed would send the operator the wrong way."""
    stack = Stack(
        Parts("b", "q", "d", MACHINE, "s", "https://x", name="flow"),
        Session(logs=Insights([], ends=ends)),
    )

    with pytest.raises(LocalError, match=ends):
        status.standings(stack, "stem-1", days=1)


@pytest.mark.parametrize("subject", ['a" or 1=1', "a\\", "a b", ""])
def test_an_id_cannot_change_the_query(subject):
    """An id with a quote would ask the logs for something else."""
    with pytest.raises(LocalError, match="An id has no quotes"):
        status.standings(Stack(Parts(*"bqdmsw"), Session()), subject, days=1)


@pytest.fixture
def logged(capsys):
    """Return a function that returns the lines logged to this test's own stdout."""
    runtime._logger.cache_clear()  # an earlier test's logger writes to that test's
    yield lambda: [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    runtime._logger.cache_clear()


def test_the_query_asks_for_what_the_first_stage_logs(logged):
    """A renamed field of the log would leave every stem unknown."""
    record = {"messageId": "m", "body": {"stemId": "stem-1", "task": "x"}}
    entry = {"record": record, "start": "2026-11-21T09:00:00Z", "name": "piped-1"}

    runtime.lambda_stage("hash", Entry)(lambda _request, _services: None)(entry, None)

    started = logged()[0]
    asked = re.findall(r"(\w+) = \"([\w-]+)\"", status.query_of("stem-1"))
    assert asked == [
        ("message", started["message"]),
        ("subject", started["subject"]),
        ("job_id", "stem-1"),
    ]
    assert started["execution"] == "piped-1"


def test_every_stage_that_takes_a_message_is_asked():
    """An execution whose first stage is not asked would be unknown."""
    machine = json.loads((ROOT / "statemachine/waveflow.asl.json").read_text("utf-8"))
    takes = {
        state["Arguments"]["FunctionName"]
        for state in machine["States"].values()
        if "record" in state.get("Arguments", {}).get("Payload", {})
    }

    named = {"".join(w.title() for w in s.split("_")) for s in status.FIRST_STAGES}
    assert takes == {f"${{{name}FunctionArn}}" for name in named}
