"""Define the HTTP routes of jobs, mixes, webhooks and large uploads."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from waveflow.api import schemas
from waveflow.api.auth import Owner, StreamSeat
from waveflow.api.bootstrap import ApiServices
from waveflow.api.dependencies import Services, new_context
from waveflow.api.documents import document_response
from waveflow.api.events import job_stream, number_of, several_jobs_stream
from waveflow.api.forms import FORM_BYTES, FileForm, limited_body
from waveflow.api.jobs.context import JobContext
from waveflow.api.mix_schemas import MixBody
from waveflow.api.openapi import (
    DOCUMENT,
    EVENTS,
    FORM_SCHEMA,
    LINK,
    WEBHOOK_SCHEMA,
    problem_responses,
)
from waveflow.api.queries import KnownQuery
from waveflow.events.options import PreviewFormat

MAX_FOLLOWED = 20  # a new one takes one DescribeExecution before the stream begins
MAX_WEBHOOK_BYTES = 200 << 10
_ADVICE = " Larger files go to S3 directly: POST /tokens/{token_id}/uploads."
routes = APIRouter(prefix="/tokens", dependencies=[KnownQuery])


AsJson = Annotated[
    bool,
    Query(alias="json", description="Whether to answer the URL as JSON, not by 307."),
]


@routes.post(
    "/{token_id}/upload-audio",
    tags=["seed 004"],
    openapi_extra=FORM_SCHEMA,
    responses=problem_responses(400, 401, 413, 422),
)
async def upload_audio(
    request: Request,
    services: Services,
    context: Annotated[JobContext, Depends(new_context)],
    *,
    options: Annotated[schemas.JobOptions, Query()],
    idempotency_key: schemas.IdempotencyKey = None,
) -> schemas.AcceptedBody:
    """Upload an audio file, and start the job that draws its waveform."""
    kind = request.headers.get("Content-Type", "")
    form = await FileForm(kind, _form_body(request, services)).open()
    return await services.jobs.receive(
        context.with_file(form.filename),
        form.chunks(),
        options=options,
        idempotency_key=idempotency_key,
    )


@routes.get(
    "/analysis-result/{job_id}",
    tags=["seed 004"],
    responses=problem_responses(401, 404, 410, 422),
)
def job_result(
    job_id: schemas.JobId, services: Services, owner: Owner
) -> schemas.ResultBody:
    """Return a job's current status, progress and result."""
    context, now = services.jobs.now(job_id, owner=owner)
    return schemas.ResultBody(
        status=now.status,
        token_id=context.token_id,
        job_id=now.job_id,
        progress=now.progress,
        message=now.message,
        outcome=now.outcome,
        result=now.result,
        error=now.error,
        s3_url=services.uploads.url_of(context.key) if context.key else None,
        filename=context.filename,
    )


@routes.get(
    "/analysis-progress/{job_id}",
    tags=["seed 004"],
    response_class=Response,
    dependencies=[StreamSeat],
    responses=problem_responses(401, 404, 410, 422) | EVENTS,
)
async def job_events(
    job_id: schemas.JobId,
    services: Services,
    owner: Owner,
    last_event_id: schemas.LastEventId = None,
) -> Response:
    """Stream a job's progress until its end; 204 ends a finished reconnection."""
    after = number_of(last_event_id)
    runs = await asyncio.to_thread(services.jobs.is_running, job_id, owner=owner)
    if after and not runs:
        newest = (await asyncio.to_thread(services.jobs.look, job_id))[-1:]
        if newest and newest[0].final and newest[0].number <= after:
            return Response(status_code=204)
    return job_stream(services.feeds.follow(job_id, after=after, running=runs))


@routes.get(
    "/analysis-progress",
    tags=["jobs"],
    response_class=Response,
    dependencies=[StreamSeat],
    responses=problem_responses(401, 404, 410, 422) | EVENTS,
)
async def several_jobs_events(
    services: Services,
    owner: Owner,
    job_id: Annotated[list[str], Query(min_length=1, max_length=MAX_FOLLOWED)],
    last_event_id: schemas.LastEventId = None,
) -> Response:
    """Stream the progress of several jobs at once, each from its beginning."""
    ask = partial(services.jobs.is_running, owner=owner)
    running = await services.feeds.running_of(job_id, ask, owner=owner)
    if number_of(last_event_id) >= len(running):
        return Response(status_code=204)
    return several_jobs_stream(services.feeds.follow_all(running, owner=owner))


@routes.post(
    "/webhook/analysis-complete",
    tags=["seed 004"],
    openapi_extra=WEBHOOK_SCHEMA,
    responses=problem_responses(401, 404, 410, 413, 422),
)
async def external_report(
    job_id: Annotated[str, Query(max_length=64)], request: Request, services: Services
) -> schemas.NotedBody:
    """Accept the webhook of an external analysis server; a repeat changes nothing."""
    chunks = limited_body(request, MAX_WEBHOOK_BYTES)
    body = b"".join([chunk async for chunk in chunks])
    return await asyncio.to_thread(
        services.external.note, job_id, body=body, headers=request.headers
    )


@routes.post(
    "/{token_id}/mix",
    tags=["jobs"],
    responses=problem_responses(400, 401, 404, 410, 422),
)
def mix(
    wanted: MixBody,
    services: Services,
    context: Annotated[JobContext, Depends(new_context)],
    idempotency_key: schemas.IdempotencyKey = None,
) -> schemas.AcceptedBody:
    """Start a job that mixes the files of some jobs, in the order given."""
    return services.jobs.mix(context, wanted, idempotency_key=idempotency_key)


@routes.get(
    "/analysis-waveform/{job_id}",
    tags=["jobs"],
    response_class=Response,
    responses=problem_responses(401, 404, 410, 422) | DOCUMENT,
)
def job_waveform(
    request: Request, job_id: schemas.JobId, services: Services, owner: Owner
) -> Response:
    """Return a job's waveform document as it was written."""
    body = services.jobs.files.document(job_id, owner=owner)
    return document_response(request, body, media_type="application/json")


@routes.get("/analysis-audio/{job_id}", **LINK)
def job_audio(
    job_id: schemas.JobId,
    services: Services,
    owner: Owner,
    *,
    download: bool = False,
    as_json: AsJson = False,
) -> Response:
    """Redirect to the job's audio in S3: the uploaded file, or the mix."""
    url = services.jobs.files.audio_url(job_id, owner=owner, download=download)
    return _link(url, as_json=as_json)


@routes.get("/analysis-zoom/{job_id}/{samples_per_pixel}", **LINK)
def job_zoom_level(
    job_id: schemas.JobId,
    samples_per_pixel: int,
    services: Services,
    owner: Owner,
    *,
    as_json: AsJson = False,
) -> Response:
    """Redirect to one zoom level of the job's waveform in S3."""
    url = services.jobs.files.zoom_url(
        job_id, owner=owner, samples_per_pixel=samples_per_pixel
    )
    return _link(url, as_json=as_json)


@routes.get("/analysis-preview/{job_id}/{form}", **LINK)
def job_preview(
    job_id: schemas.JobId,
    form: PreviewFormat,
    services: Services,
    owner: Owner,
    *,
    as_json: AsJson = False,
) -> Response:
    """Redirect to the job's preview in S3, in one format."""
    url = services.jobs.files.preview_url(job_id, owner=owner, form=form)
    return _link(url, as_json=as_json)


@routes.post(
    "/{token_id}/uploads",
    tags=["large files"],
    status_code=201,
    responses=problem_responses(400, 401, 413, 422),
)
def begin_upload(
    wanted: schemas.BeginUploadBody,
    services: Services,
    context: Annotated[JobContext, Depends(new_context)],
) -> schemas.UploadBody:
    """Begin a large upload straight to S3: one form, or parts that can resume."""
    return services.presigned.begin(context, wanted)


@routes.get(
    "/uploads/{upload_id}",
    tags=["large files"],
    responses=problem_responses(401, 404, 422),
)
def resume_upload(
    upload_id: schemas.UploadId, services: Services, owner: Owner
) -> schemas.UploadBody:
    """Return the missing parts of a large upload, with freshly signed URLs."""
    return services.presigned.resume(upload_id, owner=owner)


@routes.post(
    "/uploads/{upload_id}/complete",
    tags=["large files"],
    responses=problem_responses(401, 404, 409, 422),
)
def complete_upload(
    upload_id: schemas.UploadId, services: Services, owner: Owner
) -> schemas.AcceptedBody:
    """Start the job of a finished large upload; a repeat returns the same job."""
    return services.presigned.complete(upload_id, owner=owner)


@routes.delete(
    "/uploads/{upload_id}",
    tags=["large files"],
    status_code=204,
    responses=problem_responses(401, 404, 422),
)
def abort_upload(upload_id: schemas.UploadId, services: Services, owner: Owner) -> None:
    """Abort a large upload, and remove its parts."""
    services.presigned.abort(upload_id, owner=owner)


def _link(url: str, *, as_json: bool) -> Response:
    """Answer a presigned URL; pages of other origins need the URL as JSON.

    A redirect from one origin to another arrives at S3 with `Origin: null`.
    """
    if as_json:
        return JSONResponse(schemas.LinkBody(url=url).model_dump())
    return RedirectResponse(url, status_code=307)


def _form_body(request: Request, services: ApiServices) -> AsyncIterator[bytes]:
    """Return an upload form's body, read within the host's or the file's size limit."""
    limit = services.http.max_body_bytes
    if limit is not None:
        return limited_body(request, limit, advice=_ADVICE)
    return limited_body(request, services.policy.max_file_bytes + FORM_BYTES)
