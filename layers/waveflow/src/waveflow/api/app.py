"""HTTP entry point of the analysis API: the routes of seed 004, and large uploads."""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse

from waveflow.api import schemas
from waveflow.api.auth import Guard, Here, Owner
from waveflow.api.bootstrap import ApiServices, api_services
from waveflow.api.docs_page import serve_reading
from waveflow.api.events import event_stream, number_of, several_stream
from waveflow.api.forms import FileForm
from waveflow.api.jobs.presigned import Direct
from waveflow.api.jobs.subject import Accepted, Subject, Wish
from waveflow.api.openapi import FORM_SCHEMA, WEBHOOK_SCHEMA, describe
from waveflow.api.problems import Problem, answer_problems, documented

MAX_FOLLOWED = 200
CORS_HEADERS = ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"]
ACCEPTED = "업로드 완료, 백그라운드에서 처리됩니다."
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events", "content": {"text/event-stream": {}}},
    204: {"description": "Everything was received before."},
}
routes = APIRouter(prefix="/tokens")


def create() -> FastAPI:
    """Return the application of this process's environment."""
    return create_app(api_services())


def create_app(services: ApiServices) -> FastAPI:
    """Return the application on these services."""
    app = FastAPI(
        title="WaveFlow analysis",
        version="1",
        description="Upload audio, follow its analysis, fetch the result.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.guard = Guard(services)
    answer_problems(app)
    if services.http.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=services.http.origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=CORS_HEADERS,
            expose_headers=["Retry-After"],
        )
    app.include_router(routes)
    describe(app, Problem)
    serve_reading(app)
    return app


@routes.post(
    "/{token_id}/upload-audio",
    tags=["seed 004"],
    openapi_extra=FORM_SCHEMA,
    responses=documented(400, 401, 413, 422),
)
async def upload_audio(  # noqa: PLR0913 - one parameter per choice
    token_id: schemas.TokenId,
    request: Request,
    here: Here,
    owner: Owner,
    *,
    num_peaks: schemas.NumPeaks = 1024,
    verdict: schemas.Verdict = "none",
    analysis: schemas.Analysis = False,
    repeat_key: schemas.RepeatKey = None,
) -> schemas.AcceptedBody:
    """Take a file while it arrives, and start its job."""
    kind = request.headers.get("Content-Type", "")
    form = await FileForm(kind, here.body(request)).open()
    subject = Subject(owner=owner, token_id=token_id, filename=form.filename)
    wish = Wish(
        num_peaks=num_peaks, verdict=verdict, analysis=analysis, repeat_key=repeat_key
    )
    return _accepted(
        await here.services.jobs.receive(subject, form.chunks(), wish=wish)
    )


@routes.get(
    "/analysis-result/{job_id}",
    tags=["seed 004"],
    responses=documented(401, 404, 410, 422),
)
def analysis_result(
    job_id: schemas.JobId, here: Here, owner: Owner
) -> schemas.ResultBody:
    """Return a job as it is now."""
    subject, now = here.services.jobs.now(job_id, owner=owner)
    fields = msgspec.to_builtins(now)
    known = schemas.ResultBody.model_fields
    return schemas.ResultBody(
        **{name: value for name, value in fields.items() if name in known},
        token_id=subject.token_id,
        s3_url=here.services.uploads.url_of(subject.key) if subject.key else None,
        filename=subject.filename,
    )


@routes.get(
    "/analysis-progress/{job_id}",
    tags=["seed 004"],
    response_class=Response,
    responses=documented(401, 404, 410, 422) | EVENTS,
)
async def analysis_progress(
    job_id: schemas.JobId,
    here: Here,
    owner: Owner,
    last_event_id: schemas.LastEventId = None,
) -> Response:
    """Stream a job's moments until the final one; 204 ends a reconnection."""
    after = number_of(last_event_id)
    _, now = await asyncio.to_thread(here.services.jobs.now, job_id, owner=owner)
    if after and now.final and now.number <= after:
        return Response(status_code=204)
    return event_stream(here.feeds.follow(job_id, after=after))


@routes.get(
    "/analysis-progress",
    tags=["jobs"],
    response_class=Response,
    responses=documented(401, 404, 410, 422) | EVENTS,
)
async def several_progress(
    here: Here,
    owner: Owner,
    job_id: Annotated[list[str], Query(min_length=1, max_length=MAX_FOLLOWED)],
    last_event_id: schemas.LastEventId = None,
) -> Response:
    """Stream the moments of several jobs at once, each from its beginning."""
    wanted = sorted(set(job_id))
    for each in wanted:
        await asyncio.to_thread(here.services.jobs.subject, each, owner=owner)
    if number_of(last_event_id) >= len(wanted):
        return Response(status_code=204)
    return several_stream(here.feeds.follow_all(wanted))


@routes.post(
    "/webhook/analysis-complete",
    tags=["seed 004"],
    openapi_extra=WEBHOOK_SCHEMA,
    responses=documented(401, 404, 410, 413, 422),
)
async def analysis_complete(
    job_id: Annotated[str, Query(max_length=64)], request: Request, here: Here
) -> schemas.NotedBody:
    """Take what an outside analysis server found; a repeat changes nothing."""
    body = b"".join([chunk async for chunk in here.webhook_body(request)])
    told = await asyncio.to_thread(
        here.services.outside.note, job_id, body=body, headers=request.headers
    )
    return schemas.NotedBody(
        message="웹훅을 받았습니다.",
        job_id=job_id,
        status="completed" if told.success else "failed",
        changed=told.changed,
    )


@routes.post(
    "/{token_id}/mix", tags=["jobs"], responses=documented(400, 401, 404, 410, 422)
)
def mix(
    token_id: schemas.TokenId,
    wanted: schemas.MixBody,
    here: Here,
    owner: Owner,
    repeat_key: schemas.RepeatKey = None,
) -> schemas.AcceptedBody:
    """Mix the files of some jobs, in that order."""
    subject = Subject(owner=owner, token_id=token_id)
    return _accepted(
        here.services.jobs.mix(subject, wanted.job_ids, repeat_key=repeat_key)
    )


@routes.get(
    "/analysis-waveform/{job_id}",
    tags=["jobs"],
    response_class=Response,
    responses=documented(401, 404, 410, 422)
    | {200: {"description": "The document", "content": {"application/json": {}}}},
)
def analysis_waveform(job_id: schemas.JobId, here: Here, owner: Owner) -> Response:
    """Return the waveform document as it was written."""
    body = here.services.jobs.document(job_id, owner=owner)
    return Response(body, media_type="application/json")


@routes.get(
    "/analysis-audio/{job_id}",
    tags=["jobs"],
    response_class=RedirectResponse,
    status_code=307,
    responses=documented(401, 404, 410, 422),
)
def analysis_audio(
    job_id: schemas.JobId, here: Here, owner: Owner, *, download: bool = False
) -> RedirectResponse:
    """Lead to the job's audio: the uploaded file, or the mix."""
    url = here.services.jobs.audio_url(job_id, owner=owner, download=download)
    return RedirectResponse(url, status_code=307)


@routes.post(
    "/{token_id}/uploads",
    tags=["large files"],
    status_code=201,
    responses=documented(400, 401, 413, 422),
)
def begin_upload(
    token_id: schemas.TokenId, wanted: schemas.WishBody, here: Here, owner: Owner
) -> schemas.UploadBody:
    """Open a way to S3 for a large file: one form, or parts that can resume."""
    subject = Subject(owner=owner, token_id=token_id, filename=wanted.filename)
    wish = Wish(
        num_peaks=wanted.num_peaks, verdict=wanted.verdict, analysis=wanted.analysis
    )
    begun = here.services.direct.begin(
        subject, size=wanted.size, wish=wish, multipart=wanted.multipart
    )
    return _way(begun)


@routes.get(
    "/uploads/{upload_id}", tags=["large files"], responses=documented(401, 404, 422)
)
def resume_upload(
    upload_id: schemas.UploadId, here: Here, owner: Owner
) -> schemas.UploadBody:
    """Say which parts are missing, with URLs that are valid again."""
    return _way(here.services.direct.resume(upload_id, owner=owner))


@routes.post(
    "/uploads/{upload_id}/complete",
    tags=["large files"],
    responses=documented(401, 404, 409, 422),
)
def complete_upload(
    upload_id: schemas.UploadId, here: Here, owner: Owner
) -> schemas.AcceptedBody:
    """Start the job of an upload that is whole; a repeat is the same job."""
    return _accepted(here.services.direct.complete(upload_id, owner=owner))


@routes.delete(
    "/uploads/{upload_id}",
    tags=["large files"],
    status_code=204,
    responses=documented(401, 404, 422),
)
def abort_upload(upload_id: schemas.UploadId, here: Here, owner: Owner) -> None:
    """Give an upload up; its parts are removed."""
    here.services.direct.abort(upload_id, owner=owner)


def _accepted(accepted: Accepted) -> schemas.AcceptedBody:
    return schemas.AcceptedBody(
        message=ACCEPTED, job_id=accepted.job_id, cached=accepted.cached
    )


def _way(direct: Direct) -> schemas.UploadBody:
    return schemas.UploadBody(**msgspec.to_builtins(direct))
