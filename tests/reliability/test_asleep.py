"""Functions that nobody called for weeks: they reject calls, and no job is lost."""

import pytest
from support.lambda_errors import NOT_READY, invoke_errors
from support.simulation.chosen import ChosenFaults
from support.simulation.gate import FUNCTIONS, SLEEPS_S
from support.simulation.runs import Modes
from support.simulation.system import System
from support.simulation.traffic import tiny_wav
from support.walker import Execution, Failed, Invoke, Sleep, load
from waveflow.events.deliveries import code_of

PENDING = "Lambda.CodeArtifactUserPendingException"
START = "2026-01-01T00:00:00.000Z"
TASKS = [name for name, s in load()["States"].items() if s["Type"] == "Task"]
UNCAUGHT = {"AskUndelivered", "Tell", "TellFailure"}  # a redrive goes on there
VARIABLES = {
    "record": {"body": {"stemId": "s"}},
    "job": {"job_id": "j", "message": {}},
    "source": {"key": "k"},
    "verdict": {"verdict": "new"},
    "outcome": {"status": "SUCCESS"},
    "error": {"Error": "InternalError"},
    "stage": "hash",
    "redrives": 0,
    "dedupe": None,
    "music": None,
}


def asleep_at(state, *, sleeps_s, error=PENDING):
    """Walk one state whose function rejects every call for some seconds.

    Return the execution, its walk, and the request after the sleep or None.
    """
    machine = {**load(), "StartAt": state}
    execution = Execution(machine, [], "run", START, variables=dict(VARIABLES))
    walk, waited, request = execution.walk(), 0.0, None
    try:
        request = next(walk)
        while isinstance(request, Invoke) and request.state == state:
            if waited >= sleeps_s:
                break
            request = walk.send(Failed(error, "Lambda is initializing your function."))
            if isinstance(request, Sleep):
                waited += 0 if request.jitter else request.seconds
                request = walk.send(None)
    except StopIteration:
        request = None
    return execution, walk, request


@pytest.mark.parametrize("error", NOT_READY)
@pytest.mark.parametrize("state", TASKS)
def test_every_state_waits_until_its_function_is_awake(state, error):
    """A state that gives up within two minutes would end the first job of a month."""
    _, _, request = asleep_at(state, sleeps_s=max(SLEEPS_S), error=error)

    assert request is not None
    assert request.state == state


@pytest.mark.parametrize("state", sorted(set(TASKS) - UNCAUGHT))
def test_a_function_that_stays_asleep_is_told_as_a_limit(state):
    """A server must not read that its verdict was wrong, where notify never asked."""
    execution, _, request = asleep_at(state, sleeps_s=float("inf"))

    if state == "Music":
        assert request.state == "Waveform"
        assert request.payload["music"] == {"error": PENDING}
    else:
        assert request.state == "TellFailure"
        assert request.payload["error"]["Error"] == PENDING
    assert code_of(PENDING) == "RESOURCE_LIMIT"
    assert execution.ended is None


@pytest.mark.parametrize("state", sorted(UNCAUGHT))
def test_what_nobody_was_told_is_told_by_a_redrive(state):
    """A webhook that could not be sent must be sent when notify is awake again."""
    execution, _, request = asleep_at(state, sleeps_s=float("inf"))

    assert request is None
    assert (execution.ended.state, execution.ended.error) == (state, PENDING)
    assert next(execution.redrive()).state == state


@pytest.mark.parametrize("error", invoke_errors())
def test_no_error_of_lambda_is_taken_for_a_verdict(error):
    """A server that was never asked would look for a fault in its own answers."""
    _, _, request = asleep_at("Ask", sleeps_s=float("inf"), error=f"Lambda.{error}")

    assert request.state == "TellFailure"
    assert request.payload["error"]["Error"] == f"Lambda.{error}"


@pytest.mark.parametrize("failure", [None, "", "NoIdeaError", "LambdaError", "X.Y"])
def test_a_failure_that_the_server_sends_is_an_invalid_verdict(failure):
    """A server that answers by a failure must read that the answer was wrong."""
    walk = Execution(
        {**load(), "StartAt": "Ask"}, [], "run", START, variables=dict(VARIABLES)
    ).walk()
    next(walk)

    request = walk.send(Failed(failure, "said the server"))

    assert request.payload["error"]["Error"] == "InvalidVerdictError"


def quiet_month():
    """Return a calm system with two uploads of the same bytes, and their mix."""
    system = System(ChosenFaults(), load(), Modes())
    for number, stem in enumerate(("a", "b")):
        key = f"audio/{stem}.wav"
        system.now += 1
        system.bucket.put(key, tiny_wav(1))
        fields = {"userId": "ann", "trackId": "t", "stemId": stem, "filepath": key}
        fields |= {"timestamp": START, "original_filename": "x.wav", "num_peaks": 4}
        task = {"task": "generate_hash_and_webhook", **fields}
        system.send(task, late_s=2_000.0 * number)
    mix = {"stageId": "m", "timestamp": START, "stem_paths": ["audio/a.wav"]}
    system.send({"task": "mix_stems_and_upload", **mix}, late_s=1_000.0)
    return system


def told_after(system):
    """Run a system to its end, and return the statuses that the server was told."""
    system.drain()
    system.telling.settled(system.runs)
    assert {run.ended.status for run in system.runs} == {"SUCCEEDED"}
    return [run.told for run in system.runs]


@pytest.mark.parametrize("asleep", [*([name] for name in FUNCTIONS), FUNCTIONS])
def test_a_quiet_month_changes_no_outcome(asleep):
    """A first upload must end as any other, whichever function is asleep."""
    awake, system = quiet_month(), quiet_month()

    system.gate.sleep(asleep)

    assert told_after(system) == told_after(awake)
    assert told_after(system) == [["SUCCESS"], ["SUCCESS"], ["DUPLICATE"]]


@pytest.mark.parametrize("kind", ["every function asleep", "new version not ready"])
@pytest.mark.parametrize("calls", range(6))
def test_no_moment_is_a_bad_one_to_fall_asleep(kind, calls):
    """A new version between two states must not end the jobs that are on their way."""
    system = quiet_month()
    while sum(system.stages.values()) < calls:
        system.step()

    system.faults.want(kind)

    assert told_after(system) == [["SUCCESS"], ["SUCCESS"], ["DUPLICATE"]]
    assert system.faults.counts[kind] == 1


def test_functions_that_never_wake_leave_an_upload_to_redrive():
    """An operator must find every job that nobody was told of, and tell each one."""
    system = quiet_month()
    system.gate.sleep(FUNCTIONS, for_s=100_000.0)
    system.drain()

    left = system.undelivered()
    system.gate.wake()
    for run in left:
        system.redrive(run)
    system.drain()

    assert len(left) == len(system.runs) == 3
    assert [run.told for run in system.runs] == [["FAILURE"]] * 3
    assert {run.ended.error for run in system.runs} == {"RESOURCE_LIMIT"}


def test_the_simulation_wakes_no_function_before_its_time():
    """A simulated sleep that ends at once would test no retry at all."""
    system = quiet_month()
    system.gate.sleep(["Hash"])
    first = system.gate.rejects("Hash")
    soon, late = SLEEPS_S

    system.now += soon - 1
    still = system.gate.rejects("Hash")
    system.now += late

    assert isinstance(first, Failed)
    assert first.error in NOT_READY
    assert isinstance(still, Failed)
    assert system.gate.rejects("Hash") is None
