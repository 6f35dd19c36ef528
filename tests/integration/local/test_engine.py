"""Check the engine on every feature of Step Functions that the machine uses."""

import itertools
import json
import threading
import time
from typing import Any

import pytest
from support.engine_tasks import WAIT, task


class WebhookUnavailableError(Exception):
    """A stage's own error, matched by its name."""


def test_expressions_are_evaluated(start, finish):
    """Patch: moto parses JSONata but has no evaluator, so no state would run."""
    states = {
        "Sum": {"Type": "Pass", "Output": "{% $sum($states.input.n) %}", "End": True}
    }

    ended = finish(start(states, {"n": [1, 2, 3]}))

    assert ended["output"] == "6"


@pytest.mark.parametrize(
    "name",
    ['a "quoted" name', "back\\slash", "드럼.wav", "drums 🥁", "line\nbreak", "$x"],
)
def test_strings_survive_variables(start, finish, name):
    """Patch: moto pastes strings unescaped; a quote in a file name ends the run."""
    states = {
        "Keep": {
            "Type": "Pass",
            "Assign": {"name": "{% $states.input.name %}"},
            "Next": "Say",
        },
        "Say": {"Type": "Pass", "Output": {"name": "{% $name %}"}, "End": True},
    }

    ended = finish(start(states, {"name": name}))

    assert json.loads(ended["output"]) == {"name": name}


def test_the_cause_of_a_failed_task_arrives(engine, start, finish):
    """Patch: moto drops the cause of SendTaskFailure, which the server is told."""

    def refuse(event: Any, _context: Any) -> None:
        engine.clients.sfn.send_task_failure(
            taskToken=event["token"], error="NoIdea", cause="The table is locked."
        )

    ended = finish(start({"Ask": task(WAIT, TimeoutSeconds=5)}, handler=refuse))

    assert (ended["error"], ended["cause"]) == ("NoIdea", "The table is locked.")


def test_executions_need_no_name(engine, finish):
    """Patch: a pipe names no execution, and moto refuses the second without a name."""
    arn = engine.deployment.machine_arn
    engine.handlers.replace("EchoFunction", lambda event, _context: event)

    ended = [
        finish(engine.clients.sfn.start_execution(stateMachineArn=arn, input=str(n)))
        for n in range(3)
    ]

    assert [e["output"] for e in ended] == ["0", "1", "2"]
    assert len({e["executionArn"] for e in ended}) == 3


def test_a_handlers_error_keeps_its_name(start, finish):
    """Retry and Catch match the class name; Cause holds Lambda's payload."""

    def fail(_event: Any, _context: Any) -> None:
        raise WebhookUnavailableError("The server is away.")

    ended = finish(start({"Tell": task()}, handler=fail))

    cause = json.loads(ended["cause"])
    assert ended["error"] == "WebhookUnavailableError"
    assert cause["errorType"] == "WebhookUnavailableError"
    assert cause["errorMessage"] == "The server is away."


def test_retries_stop_at_their_number_and_are_shortened(start, finish):
    """Five-minute waits must pass in moments, and no attempt may be left out."""
    attempts: list[float] = []
    retries: list[int] = []

    def fail(event: Any, _context: Any) -> None:
        attempts.append(time.monotonic())
        retries.append(event["data"])
        raise WebhookUnavailableError("The server is away.")

    retry = [
        {
            "ErrorEquals": ["WebhookUnavailableError"],
            "IntervalSeconds": 5,
            "BackoffRate": 3,
            "MaxDelaySeconds": 20,
            "MaxAttempts": 3,
        }
    ]
    tell = task(Retry=retry)
    tell["Arguments"]["Payload"]["data"] = "{% $states.context.State.RetryCount %}"

    ended = finish(start({"Tell": tell}, handler=fail))

    waits = [after - before for before, after in itertools.pairwise(attempts)]
    assert ended["status"] == "FAILED"
    assert retries == [0, 1, 2, 3]
    for waited, scaled in zip(waits, (0.05, 0.15, 0.2), strict=True):
        assert waited >= scaled
    assert sum(waits) < 10, "40 s were asked for"


def test_a_catch_gets_error_and_cause(start, finish):
    """Stage failures are caught by name and told to the server."""

    def fail(_event: Any, _context: Any) -> None:
        raise WebhookUnavailableError("away")

    catch = [
        {
            "ErrorEquals": ["WebhookUnavailableError"],
            "Assign": {"cause": "{% $parse($states.errorOutput.Cause).errorMessage %}"},
            "Output": {},
            "Next": "Told",
        }
    ]
    states = {
        "Tell": task(Catch=catch, Next="Told"),
        "Told": {"Type": "Fail", "Error": "CODE", "Cause": "{% $cause %}"},
    }

    ended = finish(start(states, handler=fail))

    assert (ended["error"], ended["cause"]) == ("CODE", "away")


def test_an_expression_that_fails_is_an_evaluation_error(start, finish):
    """A Catch names States.QueryEvaluationError on AWS, and must catch here too."""
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught"}]
    states = {
        "Tell": task(Catch=catch, Next="Caught"),
        "Caught": {"Type": "Succeed"},
    }
    states["Tell"]["Arguments"]["Payload"] = "{% $number('x') %}"

    ended = finish(start(states, handler=lambda event, _context: event))

    assert ended["status"] == "SUCCEEDED"


def test_an_undefined_value_is_an_evaluation_error(start, finish):
    """JSONata's "nothing" never becomes a value in a state's output."""
    states = {"Say": {"Type": "Pass", "Output": "{% $states.input.no %}", "End": True}}

    ended = finish(start(states, {}))

    assert ended["status"] == "FAILED"
    assert ended["error"] == "States.QueryEvaluationError"


def test_the_context_names_the_execution(start, finish):
    """Job ids and keys are made of these values: a different shape changes keys."""
    output = {
        "id": "{% $states.context.Execution.Id %}",
        "name": "{% $states.context.Execution.Name %}",
        "start": "{% $states.context.Execution.StartTime %}",
        "redrives": "{% $states.context.Execution.RedriveCount %}",
        "state": "{% $states.context.State.Name %}",
    }
    started = start({"Say": {"Type": "Pass", "Output": output, "End": True}})

    said = json.loads(finish(started)["output"])

    assert said["id"] == started["executionArn"]
    assert said["name"] == started["executionArn"].rsplit(":", 1)[1]
    assert said["start"].endswith("Z")
    assert len(said["start"]) == len("2026-11-21T01:02:03.456Z")
    assert said["redrives"] == 0
    assert said["state"] == "Say"


def test_a_number_in_an_expression_limits_a_task(start, finish):
    """VerdictTimeoutSeconds reaches the machine as text and is made a number."""
    released = threading.Event()
    states = {"Slow": task(TimeoutSeconds="{% $number('1') %}")}

    ended = finish(start(states, handler=lambda _e, _c: released.wait(5)))
    released.set()

    assert ended["error"] == "States.Timeout"


def test_functions_answer_lambdas_own_api(engine):
    """A developer's `aws lambda invoke` must reach the functions of the engine."""
    import boto3

    engine.handlers.replace("EchoFunction", lambda event, _context: event)
    client = boto3.client("lambda", endpoint_url=engine.endpoint)

    answer = client.invoke(FunctionName="EchoFunction", Payload=b'{"a": 1}')

    assert json.load(answer["Payload"]) == {"a": 1}
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="Nobody", Payload=b"{}")


def test_nulls_and_absent_values_are_told_apart(start, finish):
    """The machine asks $exists and $type of values that may be null or missing."""
    states = {
        "Keep": {
            "Type": "Pass",
            "Assign": {"kept": "{% $states.input %}", "nothing": None},
            "Next": "Say",
        },
        "Say": {
            "Type": "Pass",
            "Output": {
                "nested": "{% $type($kept.empty) %}",
                "absent": "{% $exists($kept.absent) %}",
                "there": "{% $exists($kept.empty) %}",
                "variable": "{% $type($nothing) %}",
                "whole": "{% $kept %}",
                "in list": "{% $kept.list[0].empty %}",
            },
            "End": True,
        },
    }
    data = {"empty": None, "list": [{"empty": None, "one": [1]}]}

    ended = finish(start(states, data))

    assert json.loads(ended["output"]) == {
        "nested": "null",
        "absent": False,
        "there": True,
        "variable": "null",
        "whole": data,
        "in list": None,
    }


def test_a_variable_of_another_execution_is_unknown(start, finish):
    """A cached expression must not see the variables of another user's execution."""
    say = {"Type": "Pass", "Output": "{% $exists($once) %}", "End": True}
    keep = {"Type": "Pass", "Assign": {"once": 1}, "Next": "Say"}

    ended = [
        finish(start(states))["output"]
        for states in ({"Keep": keep, "Say": say}, {"Say": say}) * 4
    ]

    assert ended == ["true", "false"] * 4
