"""Define what several routes are given: the services, and the context of a job."""

from typing import Annotated

from fastapi import Depends, Request

from waveflow.api import schemas
from waveflow.api.auth import Owner
from waveflow.api.bootstrap import ApiServices
from waveflow.api.jobs.context import JobContext


def _services(request: Request) -> ApiServices:
    services: ApiServices = request.app.state.services
    return services


def new_context(token_id: schemas.TokenId, owner: Owner) -> JobContext:
    """Return the context of a new job of the owner's, for one platform token."""
    return JobContext(owner=owner, token_id=token_id)


Services = Annotated[ApiServices, Depends(_services)]
