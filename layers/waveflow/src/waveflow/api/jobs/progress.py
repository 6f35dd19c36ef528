"""Translate an execution's history into a job's progress, in per cent and words."""

from collections.abc import Iterator, Sequence

from waveflow import errors
from waveflow.api.interfaces import Execution, HistoryEvent
from waveflow.api.schemas import FailureBody, JsonObject, Outcome, Progress
from waveflow.events.failures import ERRORS, code_of, message_of

ACCEPTED = "업로드 완료, 백그라운드에서 처리됩니다."
UPLOADED, ASKED, WORKING, TELLING, ENDED = 40, 70, 90, 95, 100
STEPS: dict[str, tuple[int, str]] = {
    "Hash": (UPLOADED, "S3 업로드 완료, 해시 계산 중..."),
    "HashAgain": (UPLOADED, "S3 업로드 완료, 해시 계산 중..."),
    "Ask": (ASKED, "서버에 판정 요청 중..."),
    "AskUndelivered": (ASKED, "서버에 판정 요청 중..."),
    "Verdict": (ASKED, "분석 요청 중..."),
    "DedupeDelete": (WORKING, "중복 파일 확인 중..."),
    "DedupeDeleteAnalysed": (WORKING, "중복 파일 확인 중..."),
    "Music": (WORKING, "음악 분석 중..."),
    "Waveform": (WORKING, "분석 중... 결과 대기"),
    "Mix": (WORKING, "믹스 중... 결과 대기"),
    "Compare": (WORKING, "버전 비교 중... 결과 대기"),
    "Tell": (TELLING, "결과 전송 중..."),
    "TellFailure": (TELLING, "오류 전송 중..."),
}
_BEGINNING = (UPLOADED, ACCEPTED)
_ENDINGS = {
    "ExecutionSucceeded",
    "ExecutionFailed",
    "ExecutionTimedOut",
    "ExecutionAborted",
}
_DONE: dict[Outcome, str] = {
    "SUCCESS": "분석 완료",
    "DUPLICATE": "중복 파일입니다.",
    "HELD": "서버가 보류했습니다.",
}
_CODES = {kind.code for kind in ERRORS.values()}


def beginning(job_id: str) -> Progress:
    """Return the progress of a job whose execution has no history yet."""
    reached, message = _BEGINNING
    return Progress(
        number=0, job_id=job_id, status="processing", progress=reached, message=message
    )


def moments(job_id: str, history: Sequence[HistoryEvent]) -> list[Progress]:
    """Return one progress event for each state that the execution entered."""
    return list(_moments(job_id, history))


def _moments(job_id: str, history: Sequence[HistoryEvent]) -> Iterator[Progress]:
    reached = 0
    for event in history:
        if event.kind == "ExecutionStarted":
            step = _BEGINNING
        elif event.kind.endswith("StateEntered") and event.state in STEPS:
            step = STEPS[event.state]
        else:
            continue
        reached = max(reached, step[0])
        yield Progress(
            number=event.number,
            job_id=job_id,
            status="processing",
            progress=reached,
            message=step[1],
            state=event.state,
            at=event.at,
        )


def has_ended(history: Sequence[HistoryEvent]) -> bool:
    """Tell whether the history's last event ends the execution."""
    return bool(history) and history[-1].kind in _ENDINGS


def ending(
    execution: Execution,
    *,
    report: JsonObject | None,
    history: Sequence[HistoryEvent] = (),
) -> Progress | None:
    """Return a job's final progress event, or None while the job goes on.

    An external server's report is the last word about what the machine has done well.
    Without a history the event has no number, state and time, as a result shows none.
    """
    if execution.status == "RUNNING":
        return None
    outcome, result, failure = _machine_end(execution)
    number = history[-1].number if history else 0
    if report is not None and failure is None:
        number += 1  # a report that comes after the end is an event of its own
        outcome, result, failure = _with_report(report, outcome, result)
    return Progress(
        number=number,
        job_id=execution.name,
        status="failed" if failure else "completed",
        progress=TELLING if failure else ENDED,
        message=failure.message if failure else _DONE[outcome],
        state=next((e.state for e in reversed(history) if e.state in STEPS), ""),
        at=history[-1].at if history else "",
        outcome=outcome,
        result=result,
        error=failure,
    )


_End = tuple[Outcome, JsonObject | None, FailureBody | None]


def _machine_end(execution: Execution) -> _End:
    if execution.status == "SUCCEEDED":
        told = execution.output if isinstance(execution.output, dict) else {}
        if told.get("status") not in {"SUCCESS", "DUPLICATE"}:
            return "HELD", None, None
        return told["status"], told["result"], None
    known = execution.error in _CODES
    code = execution.error if known else code_of(execution.error)
    if execution.status == "TIMED_OUT":
        code = errors.ResourceLimitError.code
    message = message_of(execution.cause) or code.replace("_", " ").capitalize()
    return "FAILURE", None, FailureBody(code=code, message=message)


def _with_report(
    report: JsonObject, outcome: Outcome, result: JsonObject | None
) -> _End:
    if report["status"] != "success":
        reason = str(report.get("message") or "The analysis server failed.")
        return "FAILURE", result, FailureBody(code="ANALYSIS_FAILED", message=reason)
    return outcome, {**(result or {}), "outside": report.get("result")}, None
