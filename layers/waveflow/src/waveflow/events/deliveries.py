"""Build the webhooks about a job, each with a repeatable `webhook-id`."""

import hashlib
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from waveflow import errors
from waveflow.events.failures import ERRORS, sentence_of
from waveflow.events.fields import JsonObject, iso_time
from waveflow.events.flow import AskRequest, Outcome, TellFailureRequest
from waveflow.events.messages import Job, MixMessage
from waveflow.events.normalise import (
    find_fields,
    find_ids,
    find_job_id,
    find_refusal_id,
)
from waveflow.events.options import OPTIONS
from waveflow.events.webhooks import (
    Completion,
    FailureResult,
    HashCheck,
    MixingComplete,
    Status,
)


class Delivery(Struct, frozen=True, kw_only=True):
    """Hold one webhook that is ready to be signed and sent."""

    path: Literal["hash-check", "completion", "mixing-complete"]
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
        timestamp=_timestamp(job),
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
    """Return the /completion or /mixing-complete webhook of a job that ended well."""
    event: Completion | MixingComplete
    if isinstance(job.message, MixMessage):
        mixing = _mixing(
            job,
            job.message,
            status="SUCCESS",
            processing_time=outcome.processing_time,
        )
        event = msgspec.convert({**_json(mixing), **outcome.result}, MixingComplete)
    else:
        event = _completion(
            job,
            status=outcome.status,
            result=outcome.result,
            processing_time=outcome.processing_time,
        )
    code = outcome.result.get("error_code", "")
    return _delivery_of(event, _carried_fields(job), error_code=code)


def delivery_of_failure(
    request: TellFailureRequest, job: Job | None, *, code: str
) -> Delivery | None:
    """Return the FAILURE webhook of a job; None where the message has no valid id."""
    failure = _failure(request, code=code)
    if job is None:
        return _delivery_of_unreadable(request, failure)
    event: Completion | MixingComplete
    message = job.message
    if isinstance(message, MixMessage):
        if code == errors.InvalidMessageError.code:
            # The message is readable: another request has this stage and time.
            job = msgspec.structs.replace(job, job_id=find_refusal_id(request))
        event = _mixing(job, message, status="FAILURE", result=failure)
    else:
        event = _completion(job, status="FAILURE", result=_json(failure))
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
        timestamp=_timestamp(job),
        user_id=stem.user_id,
        track_id=stem.track_id,
        upstream_id=stem.upstream_id or None,
        original_filename=stem.original_filename or None,
        processing_time=processing_time,
        audio_wave_path=result.get("waveform_data_path"),
    )


def _mixing(
    job: Job,
    message: MixMessage,
    *,
    status: Literal["SUCCESS", "FAILURE"],
    processing_time: float | None = None,
    result: FailureResult | UnsetType = UNSET,
) -> MixingComplete:
    return MixingComplete(
        stage_id=message.stage_id,
        status=status,
        task_id=job.job_id,
        upstream_id=message.upstream_id or None,
        stem_count=len(message.stem_paths),
        stem_paths=message.stem_paths,
        timestamp=_timestamp(job),
        processing_time=processing_time,
        result=result,
    )


def _delivery_of_unreadable(
    request: TellFailureRequest, failure: FailureResult
) -> Delivery | None:
    """Return the FAILURE webhook of an invalid message, with the message's fields."""
    ids, fields = find_ids(request.record), find_fields(request.record)
    job_id = find_job_id(request)
    event: Completion | MixingComplete
    if "stemId" in ids:
        event = Completion(
            stem_id=ids["stemId"],
            status="FAILURE",
            task_id=job_id,
            result=_json(failure),
            timestamp=_text(fields, "timestamp"),
            user_id=ids.get("userId"),
            track_id=ids.get("trackId"),
            upstream_id=ids.get("upstreamId"),
            original_filename=_text(fields, "original_filename"),
        )
    elif "stageId" in ids:
        event = _refused_mixing(ids, fields, job_id=job_id, failure=failure)
    else:
        return None
    return _delivery_of(event, fields, error_code=failure.error_code)


def _refused_mixing(
    ids: dict[str, str], fields: JsonObject, *, job_id: str, failure: FailureResult
) -> MixingComplete:
    paths = _stem_paths(fields)
    return MixingComplete(
        stage_id=ids["stageId"],
        status="FAILURE",
        task_id=job_id,
        upstream_id=ids.get("upstreamId"),
        stem_count=None if paths is None else len(paths),
        stem_paths=paths,
        timestamp=_text(fields, "timestamp"),
        result=failure,
    )


def _text(fields: JsonObject, name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _stem_paths(fields: JsonObject) -> list[str] | None:
    paths = fields.get("stem_paths")
    if isinstance(paths, list) and all(isinstance(path, str) for path in paths):
        return paths
    return None


def _delivery_of(
    event: Completion | MixingComplete, carried: JsonObject, *, error_code: str
) -> Delivery:
    path: Literal["completion", "mixing-complete"] = (
        "completion" if isinstance(event, Completion) else "mixing-complete"
    )
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


def _timestamp(job: Job) -> str:
    return job.message.timestamp or iso_time(job.ts)


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
