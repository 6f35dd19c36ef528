"""Rules of the state machine's file, and its agreement with the code."""

import json
import re
from itertools import pairwise
from pathlib import Path

import jsonata
import pytest
from waveflow import errors

ROOT = Path(__file__).parents[2]
MACHINE = json.loads((ROOT / "statemachine/waveflow.asl.json").read_text())
STATES = MACHINE["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
STAGES = {name: s for name, s in TASKS.items() if "Notify" not in str(s["Arguments"])}
ON_FAILURE = {"Music": "Waveform"}  # a failing analysis never fails the waveform
TELLING = ("Tell", "TellFailure")
SERVICE_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    *("Lambda.TooManyRequestsException", "Lambda.Unknown", "Sandbox.Timedout"),
    "ResourceLimitError",
}
OWN_ERRORS = {kind.__name__ for kind in errors.WaveflowError.__subclasses__()}


def expressions(node):
    """Yield every JSONata expression below a node."""
    if isinstance(node, dict):
        for value in node.values():
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)
    elif isinstance(node, str) and node.startswith("{%"):
        yield node.removeprefix("{%").removesuffix("%}").strip()


def targets(state):
    """Yield the names of the states that can follow a state."""
    branches = [state, *state.get("Choices", []), *state.get("Catch", [])]
    for branch in branches:
        yield from (branch[key] for key in ("Next", "Default") if key in branch)


def rules(state, field):
    """Return the error names of a state's retriers or catchers, flat."""
    return [each for rule in state.get(field, []) for each in rule["ErrorEquals"]]


def test_every_transition_leads_somewhere_and_every_state_is_reached():
    """A misspelt state passes the validators, and fails when a job gets there."""
    reached = {MACHINE["StartAt"], *(n for s in STATES.values() for n in targets(s))}

    assert reached == set(STATES)


def test_every_expression_compiles():
    """A syntax error in JSONata would fail a job at the state that holds the text."""
    found = list(expressions(MACHINE))

    assert len(found) > 50
    for expression in found:
        jsonata.Jsonata(expression)


def variables_read(node):
    """Return the variables that a node's expressions read."""
    text = " ".join(expressions(node))
    read = set(re.findall(r"\$([a-z_]+)\b(?!\()", text)) - {"states"}
    return read - set(re.findall(r"\$([a-z_]+) :=", text))


def ways_out(state):
    """Yield each state that can follow, and what is assigned on the way there."""
    for branch in (state, *state.get("Choices", []), *state.get("Catch", [])):
        for key in ("Next", "Default"):
            if key in branch:
                yield branch[key], set(branch.get("Assign", {}))


def assigned_before():
    """Return for each state the variables that every way to it assigns."""
    known, todo = {MACHINE["StartAt"]: set()}, [MACHINE["StartAt"]]
    while todo:
        name = todo.pop()
        for following, assigned in ways_out(STATES[name]):
            always = known.get(following, {*known[name], *assigned})
            always &= known[name] | assigned
            if known.get(following) != always:
                known[following] = always
                todo.append(following)
    return known


@pytest.mark.parametrize("name", STATES)
def test_every_variable_is_assigned_before_it_is_read(name):
    """An undefined variable fails a running job, and no validator sees the mistake."""
    assert variables_read(STATES[name]) <= assigned_before()[name]


def test_every_assigned_variable_is_read():
    """A variable that no state reads makes the history of every job longer."""
    ways = [way for state in STATES.values() for way in ways_out(state)]

    assert {name for _, assigned in ways for name in assigned} <= variables_read(
        MACHINE
    )


def careless_tasks(machine):
    """Return the tasks that hang for ever, or give up where another task retries."""
    tasks = {n: s for n, s in machine["States"].items() if s["Type"] == "Task"}
    retried = {name: sorted(rules(task, "Retry")) for name, task in tasks.items()}
    known = {each for every in retried.values() for each in every}
    lambdas = {each for each in known if re.match("Lambda|Sandbox|Runtime", each)}
    timed = {"the machine": machine, **tasks}
    hanging = {name for name, each in timed.items() if not each.get("TimeoutSeconds")}
    twice = {name for name, every in retried.items() if every != sorted({*every})}
    return hanging | twice | {n for n, every in retried.items() if lambdas - {*every}}


def test_every_task_has_a_time_out_and_retries_what_passes():
    """A missing time-out hangs a job; a missing retry ends jobs for passing errors."""
    assert careless_tasks(MACHINE) == set()
    assert all(set(rules(task, "Retry")) >= SERVICE_ERRORS for task in TASKS.values())


@pytest.mark.parametrize("name", TASKS)
def test_a_task_that_hangs_or_gives_up_is_noticed(name):
    """A check of time-outs and retries that cannot fail would guard nothing."""
    fewer = {"TimeoutSeconds": None, "Retry": TASKS[name]["Retry"][1:]}

    for field, value in fewer.items():
        states = {**STATES, name: {**STATES[name], field: value}}
        assert careless_tasks({**MACHINE, "States": states}) == {name}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_tells_how_often_it_was_retried(name):
    """Only the stage's metrics add retries up, so each task must pass its count."""
    payload = TASKS[name]["Arguments"]["Payload"]

    assert payload["retries"] == "{% $states.context.State.RetryCount %}"


def test_every_told_failure_passes_the_one_fail_state():
    """UntoldFailuresAlarm would ring for failures that the server has been told."""
    fails = [name for name, state in STATES.items() if state["Type"] == "Fail"]
    leading = [name for name, state in STATES.items() if "Failed" in targets(state)]

    assert fails == ["Failed"]
    assert leading == ["TellFailure"]
    assert STATES["TellFailure"]["Arguments"]["Payload"]["event"] == "failure"


@pytest.mark.parametrize("name", TASKS)
def test_back_pressure_is_waited_out_for_an_hour(name):
    """Busy functions may need an hour; full jitter halves the intervals on average."""
    [busy] = [
        rule
        for rule in TASKS[name]["Retry"]
        if "Lambda.TooManyRequestsException" in rule["ErrorEquals"]
    ]
    waits = [
        min(busy["IntervalSeconds"] * busy["BackoffRate"] ** n, busy["MaxDelaySeconds"])
        for n in range(busy["MaxAttempts"])
    ]

    assert sum(waits) / 2 >= 3600


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_retries_storage_by_the_seeds_rule_and_tells_every_failure(name):
    """A user's job must survive S3 trouble of minutes: 60·2ⁿ s, cap 300, 3 times."""
    stage = STAGES[name]
    [storage] = [
        r for r in stage["Retry"] if r["ErrorEquals"] == ["StorageUnavailableError"]
    ]

    assert storage == {
        "ErrorEquals": ["StorageUnavailableError"],
        "IntervalSeconds": 60,
        "BackoffRate": 2,
        "MaxAttempts": 3,
        "MaxDelaySeconds": 300,
        "JitterStrategy": "FULL",
    }
    assert stage["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert stage["Catch"][-1]["Next"] == ON_FAILURE.get(name, "TellFailure")


@pytest.mark.parametrize("name", ["Ask", *TELLING])
def test_an_unreachable_server_is_tried_for_twenty_minutes_on_average(name):
    """A server's restart must end no job: 12 tries, 5·3ⁿ s, cap 300, half by jitter."""
    [web] = [
        rule
        for rule in TASKS[name]["Retry"]
        if "WebhookUnavailableError" in rule["ErrorEquals"]
    ]
    ceilings = [
        min(web["IntervalSeconds"] * web["BackoffRate"] ** n, web["MaxDelaySeconds"])
        for n in range(web["MaxAttempts"])
    ]

    assert web["JitterStrategy"] == "FULL"
    assert ceilings == [5, 15, 45, 135, *[300] * 8]
    assert 20 * 60 < sum(ceilings) / 2 < 25 * 60


def test_an_undelivered_webhook_fails_where_a_redrive_sends_it_again():
    """A state that caught WEBHOOK_* errors would leave a redrive nothing to send."""
    undelivered = {"WebhookUnavailableError", "WebhookRejectedError"}

    assert all("Catch" not in STATES[name] for name in TELLING)
    assert not undelivered & set(rules(STATES["AskUndelivered"], "Catch"))
    assert "States.ALL" not in rules(STATES["AskUndelivered"], "Catch")
    caught = [c for c in STATES["Ask"]["Catch"] if undelivered & set(c["ErrorEquals"])]
    assert [catcher["Next"] for catcher in caught] == ["AskUndelivered"]


def test_the_server_is_asked_three_times():
    """A silent server must neither delete an upload nor keep a job waiting for ever."""
    [again] = [
        rule
        for rule in STATES["Ask"]["Retry"]
        if rule["ErrorEquals"] == ["States.Timeout"]
    ]

    assert again["MaxAttempts"] == 2
    assert STATES["Ask"]["Resource"].endswith(".waitForTaskToken")
    assert STATES["Ask"]["Catch"][0]["ErrorEquals"] == ["States.Timeout"]


def test_every_error_name_is_spelt_as_its_class():
    """Step Functions matches exact names: a misspelt error would never be retried."""
    named = {
        name
        for state in TASKS.values()
        for field in ("Retry", "Catch")
        for name in rules(state, field)
    }
    assigned = set(re.findall(r"(?<![.\w])[A-Z]\w+Error\b", json.dumps(MACHINE)))
    foreign = ("Lambda.", "Sandbox.", "States.", "Runtime.")

    assert {n for n in named | assigned if not n.startswith(foreign)} <= OWN_ERRORS


def test_jitter_is_spelt_as_step_functions_knows_it():
    """A misspelt JitterStrategy passes all validators, and all retries come at once."""
    retriers = [rule for state in TASKS.values() for rule in state["Retry"]]

    assert {rule.get("JitterStrategy", "NONE") for rule in retriers} <= {"FULL", "NONE"}


def test_the_verdict_keeps_the_object_unless_it_is_told_to_delete():
    """A second branch to the deletion would delete uploads without a named survivor."""
    deletes = {n for n, s in STAGES.items() if "DedupeDelete" in str(s["Arguments"])}
    deleting = [n for n, s in STATES.items() if deletes & set(targets(s))]

    assert deletes == {"DedupeDelete", "DedupeDeleteAnalysed"}
    assert deleting == ["Verdict"]
    assert STATES["Verdict"]["Default"] == "TellFailure"


def test_a_fast_path_enters_at_most_six_states():
    """Every entered state costs money: a seventh would make each upload dearer."""
    upload = ["Route", "Hash", "Ask", "Verdict", "Waveform", "Tell"]
    duplicate = [*upload[:4], "DedupeDelete", "Tell"]

    for path in (upload, duplicate):
        for state, following in pairwise(path):
            assert following in targets(STATES[state])


def test_a_refused_deletion_is_analysed_where_that_was_asked_for():
    """A kept duplicate must reach the state Music if its message asks for that."""
    plain, analysed = (
        json.dumps({**STATES[name], "Comment": ""}, sort_keys=True)
        for name in ("DedupeDelete", "DedupeDeleteAnalysed")
    )

    assert analysed.replace('"Next": "Music"', '"Next": "Waveform"') == plain
    assert plain.count('"Next": "Waveform"') == 1


def test_what_music_finds_or_misses_reaches_the_waveform():
    """A waveform must be drawn with the music's findings or the error's name."""
    music = STATES["Music"]

    assert set(targets(music)) == {"Waveform"}
    assert music["Catch"][0]["Assign"] == {
        "music": {"error": "{% $states.errorOutput.Error %}"}
    }
    assert STATES["Waveform"]["Arguments"]["Payload"]["music"] == "{% $music %}"
