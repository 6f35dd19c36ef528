"""Failed executions, resumed or started anew once, when an operator asks."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from support.machine import ARN, NOW
from waveflow_local.ops.rerun import Choice, run_again
from waveflow_local.paths import LocalError

LONG_AGO = NOW - timedelta(days=30)


def test_failed_executions_are_resumed_or_started_anew(stack, machine):
    """A job whose webhook failed must be resumed, so that nothing is computed twice."""
    done = run_again(stack, Choice(since=LONG_AGO), dry_run=False)

    assert machine.redriven == ["asking", "telling", "killed"]
    assert machine.started == ["told", "old", "late"]
    assert {e.arn: e.way for e in done}[ARN + "old"] == "start anew"
    assert all(e.done == "did" for e in done)


def test_a_second_redrive_starts_nothing_that_the_first_has_started(stack, machine):
    """An operator who redrives twice must not run a job twice."""
    first = run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=False)
    listed = run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=True)
    again = run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=False)

    assert [e.arn for e in first] == [ARN + "told"]
    assert (listed, again) == ([], [])
    assert machine.started == ["told"]


def test_two_operators_at_once_start_one_execution(stack, machine):
    """Two operators who redrive at once must not run a job twice."""
    machine.blind = True
    for _ in range(2):
        [done] = run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=False)

    assert machine.started == ["told"]
    assert done.done == "did"


def test_a_refusal_of_one_execution_is_said_and_the_others_run(stack, machine):
    """An operator must not read `did` of what Step Functions refused, nor nothing."""
    redrive = stack.sfn.redrive_execution

    def refuses(*, executionArn):  # noqa: N803 - boto3's name
        if executionArn == f"{ARN}asking":
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "RedriveExecution")
        return redrive(executionArn=executionArn)

    stack.sfn.redrive_execution = refuses
    done = run_again(stack, Choice(since=LONG_AGO), dry_run=False)

    [refused] = [each for each in done if each.failed]
    assert refused.arn == f"{ARN}asking"
    assert "AccessDenied" in str(refused)
    assert machine.redriven == ["telling", "killed"]


def test_a_second_operator_starts_nothing_beside_a_redrive(stack, machine):
    """A list of a moment ago must not run a job twice, with two ends for the server."""
    run_again(stack, Choice(undelivered=True), dry_run=False)
    machine.started.clear()

    again = run_again(stack, Choice(undelivered=True), dry_run=False)

    assert {e.arn for e in again if e.failed} == {
        ARN + name for name in ("asking", "telling", "killed")
    }
    assert machine.started == []


def test_an_execution_that_runs_again_is_left_alone(stack, machine):
    """A late list still names a failure that was redriven, and the job runs already."""
    describe = stack.sfn.describe_execution

    def is_newer(*, executionArn):  # noqa: N803 - boto3's name
        return describe(executionArn=executionArn) | {"status": "RUNNING"}

    stack.sfn.describe_execution = is_newer
    done = run_again(stack, Choice(since=LONG_AGO), dry_run=False)

    assert (done, machine.started, machine.redriven) == ([], [], [])


@pytest.mark.parametrize("events", [[], [{"id": 6, "type": "TaskStateEntered"}]])
def test_a_history_that_is_late_decides_nothing(stack, machine, events):
    """A job that told nobody must be resumed, not computed again from its start."""
    stack.sfn.get_execution_history = lambda **_names: {"events": events}
    early = run_again(stack, Choice(code="Lambda.Unknown"), dry_run=False)
    del stack.sfn.get_execution_history
    late = run_again(stack, Choice(code="Lambda.Unknown"), dry_run=False)

    assert early == []
    assert [e.way for e in late] == ["resume"]
    assert (machine.redriven, machine.started) == (["killed"], [])


def test_an_execution_that_cannot_be_described_yet_is_left_for_later(stack, machine):
    """A list may name an execution of a moment ago before anything else shows it."""
    machine.describe_execution = unknown

    assert run_again(stack, Choice(since=LONG_AGO), dry_run=False) == []


def unknown(**_names):
    """Raise what Step Functions answers about an execution that it does not show."""
    raise ClientError({"Error": {"Code": "ExecutionDoesNotExist"}}, "DescribeExecution")


def test_a_throttled_list_is_one_sentence(stack, machine):
    """An operator must read that nothing was done, and no traceback."""

    def throttled(**_names):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "ListExecutions")

    machine.paginate = throttled

    with pytest.raises(LocalError, match=r"cannot be read: .*ThrottlingException"):
        run_again(stack, Choice(since=LONG_AGO), dry_run=False)


def test_the_local_engine_says_that_it_has_no_redrive(stack, machine, monkeypatch):
    """An operator who practises locally read `failed` alone, and why nowhere."""
    monkeypatch.setattr(type(stack), "is_local", True)

    done = run_again(stack, Choice(undelivered=True), dry_run=False)

    refused = [each for each in done if each.way == "resume"]
    assert refused
    assert all("has no redrive" in str(each) for each in refused)
    assert machine.redriven == []


def test_what_was_started_anew_and_failed_is_started_anew(stack, machine):
    """An execution that fails again must be startable again, by a name of its own."""
    for _ in range(3):
        run_again(stack, Choice(code="STORAGE_UNAVAILABLE"), dry_run=False)
        machine.fail_the_started("STORAGE_UNAVAILABLE")

    assert machine.started == ["told"] * 3
    assert max(len(arn.rpartition(":")[2]) for arn in machine.executions) <= 80


@pytest.mark.parametrize("options", [{}, {"until": NOW}])
def test_a_redrive_of_everything_must_be_asked_for(options):
    """An operator's slip without a choice would start weeks of executions."""
    with pytest.raises(LocalError, match="--error or --since"):
        Choice(**options)


@pytest.mark.parametrize(
    ("choice", "arns"),
    [
        (Choice(code="ABORTED"), ["stopped"]),
        (Choice(code="STORAGE_UNAVAILABLE"), ["told"]),
        (Choice(code="WEBHOOK_REJECTED"), ["telling", "old"]),
        (Choice(code="WEBHOOK_REJECTED", since=NOW - timedelta(days=1)), ["telling"]),
        (Choice(since=LONG_AGO, until=NOW - timedelta(days=1)), ["old", "late"]),
        (Choice(code="TIMED_OUT"), ["late"]),
        (Choice(undelivered=True), ["asking", "telling", "killed", "old"]),
        (Choice(code="INTERNAL_ERROR"), []),
    ],
)
def test_a_choice_is_by_code_and_time(stack, machine, choice, arns):
    """An operator must see the chosen executions in a dry run, which starts none."""
    listed = run_again(stack, choice, dry_run=True)

    assert [execution.arn for execution in listed] == [ARN + name for name in arns]
    assert (machine.redriven, machine.started) == ([], [])
