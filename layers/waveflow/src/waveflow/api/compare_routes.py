"""Define the HTTP routes of comparisons."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from waveflow.api import schemas
from waveflow.api.auth import Owner
from waveflow.api.compare_schemas import CompareBody
from waveflow.api.dependencies import Services, new_context
from waveflow.api.documents import document_response
from waveflow.api.jobs.context import JobContext
from waveflow.api.openapi import COMPARISON, problem_responses
from waveflow.api.queries import KnownQuery

compare_routes = APIRouter(prefix="/tokens", tags=["jobs"], dependencies=[KnownQuery])


@compare_routes.post(
    "/{token_id}/compare", responses=problem_responses(400, 401, 404, 410, 422)
)
def compare(
    wanted: CompareBody,
    services: Services,
    context: Annotated[JobContext, Depends(new_context)],
    idempotency_key: schemas.IdempotencyKey = None,
) -> schemas.AcceptedBody:
    """Start a job that compares the files of some jobs, pair by pair."""
    return services.jobs.compare(context, wanted, idempotency_key=idempotency_key)


@compare_routes.get(
    "/analysis-comparison/{job_id}",
    response_class=Response,
    responses=problem_responses(401, 404, 410, 422) | COMPARISON,
)
def job_comparison(
    request: Request, job_id: schemas.JobId, services: Services, owner: Owner
) -> Response:
    """Return a comparison's document as it was written, one report for each pair."""
    body = services.jobs.files.comparison(job_id, owner=owner)
    return document_response(request, body, media_type="application/json")
