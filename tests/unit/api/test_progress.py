"""Moments of a job, made from the history of its execution."""

from waveflow.api.interfaces import Execution, HistoryEvent
from waveflow.api.jobs.progress import beginning, ending, moments

UPLOAD = ["Route", "Hash", "Ask", "Verdict", "Waveform", "Tell"]


def history(states):
    """Return a history that entered some states."""
    entered = [
        HistoryEvent(number=2 * i + 2, kind="TaskStateEntered", at=f"t{i}", state=state)
        for i, state in enumerate(states)
    ]
    return [HistoryEvent(number=1, kind="ExecutionStarted", at="t"), *entered]


def execution(status, **fields):
    """Return an execution with an end."""
    return Execution(name="job", status=status, record={}, **fields)


def end(states, told, report=None):
    """Return the final moment of a job that went through some states."""
    entry = HistoryEvent(number=99, kind="ExecutionSucceeded", at="t9")
    return ending(told, report=report, history=[*history(states), entry])


def test_progress_follows_the_states_and_never_falls():
    """Clients of seed 004 draw a bar from 40, 70 and 90, which must not fall."""
    seen = moments("job", history(UPLOAD))

    assert [m.progress for m in seen] == [40, 40, 70, 70, 90, 95]
    assert [m.state for m in seen] == ["", "Hash", "Ask", "Verdict", "Waveform", "Tell"]
    assert [m.number for m in seen] == sorted({m.number for m in seen})


def test_a_job_without_a_history_has_begun():
    """A client that asks at once must see a job, not an error."""
    now = beginning("job")

    assert (now.status, now.progress, now.number) == ("processing", 40, 0)
    assert now.message == moments("job", history([]))[0].message


def test_a_success_ends_at_a_hundred_with_its_result():
    """A client that follows the stream needs no further request for the result."""
    output = {"status": "SUCCESS", "result": {"duration": 1.5}}

    final = end(UPLOAD, execution("SUCCEEDED", output=output))

    assert (final.status, final.progress) == ("completed", 100)
    assert final.result == {"duration": 1.5}
    assert (final.number, final.state, final.at) == (99, "Tell", "t9")


def test_a_held_stem_is_completed_without_a_result():
    """A verdict `hold` is no failure, so a client must not show an error."""
    final = end(UPLOAD[:4], execution("SUCCEEDED", output={}))

    assert (final.outcome, final.result) == ("HELD", None)


def test_a_failure_carries_the_contracts_code_whoever_names_it():
    """The machine fails with a code or a class; clients know codes only."""
    typed = execution("FAILED", error="CORRUPT_AUDIO", cause="No frame.")
    uncaught = execution("FAILED", error="WebhookUnavailableError", cause="down")
    slow = execution("TIMED_OUT")

    codes = [end(UPLOAD, told).error.code for told in (typed, uncaught, slow)]

    assert codes == ["CORRUPT_AUDIO", "WEBHOOK_UNAVAILABLE", "RESOURCE_LIMIT"]
    assert end(UPLOAD, typed).error.message == "No frame."
    assert end(UPLOAD, typed).progress < 100


def test_an_external_server_has_the_last_word():
    """A client must see the external server's failure, or its result."""
    done = execution("SUCCEEDED", output={"status": "SUCCESS", "result": {"a": 1}})

    good = end(UPLOAD, done, {"status": "success", "result": {"tempo": 120}})
    bad = end(UPLOAD, done, {"status": "failed", "message": "No."})

    assert good.result == {"a": 1, "outside": {"tempo": 120}}
    assert (bad.status, bad.error.code) == ("failed", "ANALYSIS_FAILED")
    assert good.number == bad.number == end(UPLOAD, done).number + 1


def test_no_report_ends_a_job_or_saves_one():
    """A report must neither end a running job nor hide the machine's own failure."""
    failed = execution("FAILED", error="CORRUPT_AUDIO", cause="No frame.")
    report = {"status": "success", "result": {"tempo": 120}}

    assert end(UPLOAD, execution("RUNNING"), report) is None
    assert end(UPLOAD, failed, report) == end(UPLOAD, failed)


def test_a_result_needs_no_history():
    """A history for each result would use up a quota that streams need."""
    failed = execution("FAILED", error="CORRUPT_AUDIO", cause="No frame.")
    done = execution("SUCCEEDED", output={"status": "SUCCESS", "result": {"a": 1}})

    for told in (failed, done):
        alone, streamed = ending(told, report=None), end(UPLOAD, told)

        assert alone == streamed.model_copy(update={"number": 0, "state": "", "at": ""})
    assert ending(failed, report=None).progress == 95
