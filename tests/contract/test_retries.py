"""Retries of the state machine, held against what AWS says of Lambda's errors."""

import json
from pathlib import Path

import pytest
from support.lambda_errors import (
    EXCLUDED,
    FEATURES,
    LASTING,
    NOT_READY,
    may_pass,
    passing,
)
from support.stack import load
from waveflow.errors import ResourceLimitError
from waveflow.events.failures import code_of

ROOT = Path(__file__).parents[2]
MACHINE = json.loads((ROOT / "statemachine/waveflow.asl.json").read_text("utf-8"))
TASKS = {n: s for n, s in MACHINE["States"].items() if s["Type"] == "Task"}
FIVE_MINUTES_S = 300
LONGEST_SLEEP_S = 110  # of those that others have measured
MOST_BYTES = 1_048_576  # of a definition
SERVICE_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
}


def waits(rule):
    """Return the seconds before each attempt, halved where jitter draws them."""
    ceilings = [
        min(rule["IntervalSeconds"] * rule["BackoffRate"] ** n, rule["MaxDelaySeconds"])
        for n in range(rule["MaxAttempts"])
    ]
    jitter = rule.get("JitterStrategy", "NONE") == "FULL"
    return [wait / 2 if jitter else wait for wait in ceilings]


def rules_of(state):
    """Return the rule of each error that a state retries; the first rule counts."""
    rules = {}
    for rule in reversed(state["Retry"]):
        rules |= dict.fromkeys(rule["ErrorEquals"], rule)
    return rules


def test_every_exclusion_is_an_error_that_might_pass():
    """An exclusion that AWS no longer has would hide the next error of that name."""
    assert may_pass() >= EXCLUDED
    assert len(EXCLUDED) == sum(
        len(names) for group in (LASTING, FEATURES) for names in group.values()
    )


def test_no_function_has_what_the_exclusions_say_no_function_has():
    """A function with a file system or SnapStart meets errors that nobody retries."""
    resources = load()["Resources"].values()
    functions = [r for r in resources if r["Type"] == "AWS::Serverless::Function"]

    assert len(functions) >= 6
    for function in functions:
        assert function["Properties"]["PackageType"] == "Image"
        assert not FEATURES.keys() & function["Properties"].keys()


@pytest.mark.parametrize("name", TASKS)
def test_every_lambda_error_that_passes_is_retried_for_five_minutes(name):
    """An upload after a quiet month must wait for the functions, and not be lost."""
    rules = rules_of(TASKS[name])

    assert passing() | SERVICE_ERRORS <= rules.keys()
    for error in passing() | SERVICE_ERRORS:
        assert sum(waits(rules[error])) >= FIVE_MINUTES_S, error


@pytest.mark.parametrize("name", TASKS)
def test_a_function_that_is_asleep_is_waited_for_by_the_first_rule(name):
    """A wait that chance can shorten would give up while the function wakes."""
    first = TASKS[name]["Retry"][0]
    lead = waits(first)

    assert sorted(first["ErrorEquals"]) == NOT_READY
    assert first["JitterStrategy"] == "NONE"
    # A job goes on soon after the function is awake, and one sleep leaves attempts.
    assert max(lead) <= 30
    assert sum(lead[: len(lead) // 2]) >= LONGEST_SLEEP_S


@pytest.mark.parametrize("error", NOT_READY)
def test_a_function_that_never_wakes_is_a_limit_of_resources(error):
    """A server must read that the same job may be sent again."""
    assert code_of(error) == ResourceLimitError.code
    assert ResourceLimitError.retryable


def test_the_definition_is_far_below_its_limit():
    """A definition above 1 MiB is refused at deployment, when all else is changed."""
    size = (ROOT / "statemachine/waveflow.asl.json").stat().st_size

    assert size < MOST_BYTES / 10
