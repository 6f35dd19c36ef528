"""Build the webhooks about a job, each with a repeatable `webhook-id`."""

import hashlib
from typing import Literal

import msgspec
from msgspec import UNSET, Struct

from waveflow import errors
from waveflow.events.failures import ERRORS, sentence_of
from waveflow.events.fields import JsonObject
from waveflow.events.flow import AskRequest, Outcome, TellFailureRequest
from waveflow.events.messages import MESSAGES, CompareMessage, Job, StemMessage
from waveflow.events.normalise import (
    find_fields,
    find_ids,
    find_job_id,
    find_refusal_id,
    find_task,
)
from waveflow.events.options import OPTIONS
from waveflow.events.stage_reports import (
    StageReport,
    Unreadable,
    report_of,
    report_of_refused_comparison,
    report_of_refused_mix,
)
from waveflow.events.webhooks import (
    ComparisonComplete,
    Completion,
    FailureResult,
    HashCheck,
    MixingComplete,
    Status,
)

WebhookPath = Literal[
    "hash-check", "completion", "mixing-complete", "comparison-complete"
]
Ended = Completion | StageReport
_PATHS: dict[type[Ended], WebhookPath] = {
    Completion: "completion",
    MixingComplete: "mixing-complete",
    ComparisonComplete: "comparison-complete",
}
# Fields of a comparison's message; none is sent back by a webhook.
_OF_COMPARISONS = {each.encode_name for each in msgspec.structs.fields(CompareMessage)}


class Delivery(Struct, frozen=True, kw_only=True):
    """Hold one webhook that is ready to be signed and sent."""

    path: WebhookPath
    webhook_id: str
    payload: JsonObject


def delivery_of_question(request: AskRequest) -> Delivery:
    """Return the webhook /hash-check; every task token gives it an id of its own."""
    job, source, stem = request.job, request.source, request.job.stem
    event = HashCheck(
        stem_id=stem.stem_id,
        user_id=stem.user_id,
        track_id=stem.track_id,
        filepath=source.key,
        audio_hash=source.audio_hash,
        timestamp=job.timestamp,
        original_filename=stem.original_filename or None,
        status="hash_generated",
        task_token=request.task_token,
        task_id=job.job_id,
        execution_arn=request.execution_arn,
        file_size=source.size,
    )
    return Delivery(
        path="hash-check",
        webhook_id=_webhook_id(job.job_id, "hash-check", request.task_token),
        payload=_payload(event, _carried_fields(job)),
    )


def delivery_of_outcome(job: Job, outcome: Outcome[JsonObject]) -> Delivery:
    """Return the webhook that reports how a job ended well."""
    event: Ended
    if isinstance(job.message, StemMessage):
        event = _completion(
            job,
            status=outcome.status,
            result=outcome.result,
            processing_time=outcome.processing_time,
        )
    else:
        report = report_of(
            job,
            job.message,
            status="SUCCESS",
            processing_time=outcome.processing_time,
        )
        event = msgspec.convert({**_json(report), **outcome.result}, type(report))
    code = outcome.result.get("error_code", "")
    return _delivery_of(event, _carried_fields(job), error_code=code)


def delivery_of_failure(
    request: TellFailureRequest, job: Job | None, *, code: str
) -> Delivery | None:
    """Return the FAILURE webhook of a job; None where the message has no valid id."""
    failure = _failure(request, code=code)
    if job is None:
        return _delivery_of_unreadable(request, failure)
    event: Ended
    message = job.message
    if isinstance(message, StemMessage):
        event = _completion(job, status="FAILURE", result=_json(failure))
    else:
        if code == errors.InvalidMessageError.code:
            # The message is readable: another request has this stage and time.
            job = msgspec.structs.replace(job, job_id=find_refusal_id(request))
        event = report_of(job, message, status="FAILURE", result=failure)
    return _delivery_of(event, _carried_fields(job), error_code=code)


def _completion(
    job: Job,
    *,
    status: Status,
    result: JsonObject,
    processing_time: float | None = None,
) -> Completion:
    stem = job.stem
    return Completion(
        stem_id=stem.stem_id,
        status=status,
        task_id=job.job_id,
        result=result,
        timestamp=job.timestamp,
        user_id=stem.user_id,
        track_id=stem.track_id,
        upstream_id=stem.upstream_id or None,
        original_filename=stem.original_filename or None,
        processing_time=processing_time,
        audio_wave_path=result.get("waveform_data_path"),
    )


def _delivery_of_unreadable(
    request: TellFailureRequest, failure: FailureResult
) -> Delivery | None:
    """Return the FAILURE webhook of an invalid message, with the message's fields."""
    message = Unreadable(
        ids=find_ids(request.record),
        job_id=find_job_id(request),
        fields=find_fields(request.record),
    )
    event: Ended
    carried = message.fields
    if "stageId" in message.ids and _is_comparison(request.record):
        event = report_of_refused_comparison(message, failure)
        carried = {k: v for k, v in carried.items() if k not in _OF_COMPARISONS}
    elif "stemId" in message.ids:
        event = _refused_completion(message, failure)
    elif "stageId" in message.ids:
        event = report_of_refused_mix(message, failure)
    else:
        return None
    return _delivery_of(event, carried, error_code=failure.error_code)


def _is_comparison(record: object) -> bool:
    return MESSAGES.get(find_task(record)) is CompareMessage


def _refused_completion(message: Unreadable, failure: FailureResult) -> Completion:
    return Completion(
        stem_id=message.ids["stemId"],
        status="FAILURE",
        task_id=message.job_id,
        result=_json(failure),
        timestamp=message.text("timestamp"),
        user_id=message.ids.get("userId"),
        track_id=message.ids.get("trackId"),
        upstream_id=message.ids.get("upstreamId"),
        original_filename=message.text("original_filename"),
    )


def _delivery_of(event: Ended, carried: JsonObject, *, error_code: str) -> Delivery:
    path = _PATHS[type(event)]
    return Delivery(
        path=path,
        webhook_id=_webhook_id(event.task_id, path, event.status, error_code),
        payload=_payload(event, carried),
    )


def _payload(event: Struct, carried: JsonObject) -> JsonObject:
    """Merge a webhook's fields with the carried fields; its own fields win.

    Options of an unreadable message are not sent back.
    """
    own = {field.encode_name for field in msgspec.structs.fields(type(event))}
    own.update(OPTIONS)
    return {k: v for k, v in carried.items() if k not in own} | _json(event)


def _carried_fields(job: Job) -> JsonObject:
    """Return the message's extra fields, which every webhook sends back."""
    known = {"stageId": getattr(job.message, "stage_id", UNSET)}
    upstream = {"upstreamId": job.message.upstream_id}
    named = {**known, **upstream}
    return {**job.extra, **{k: v for k, v in named.items() if v is not UNSET}}


def _failure(request: TellFailureRequest, *, code: str) -> FailureResult:
    kinds = {kind.code: kind for kind in ERRORS.values()}
    return FailureResult(
        error=code.replace("_", " ").capitalize(),
        error_code=code,
        error_message=sentence_of(request.error),
        stage=request.stage,
        retryable=kinds[code].retryable,
    )


def _json(event: Struct) -> JsonObject:
    plain: JsonObject = msgspec.to_builtins(event)
    return plain


def _webhook_id(*parts: str) -> str:
    digest = hashlib.sha256("\n".join(parts).encode(errors="surrogatepass"))
    return f"msg_{digest.hexdigest()[:32]}"
