"""Decide who asks, how often and with how large a body."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from waveflow.api.bootstrap import ApiServices
from waveflow.api.errors import UnauthorizedError
from waveflow.api.jobs.feed import Feeds
from waveflow.api.rate import RateLimit
from waveflow.errors import FileTooLargeError

_bearer = HTTPBearer(auto_error=False, description="A JWT of the configured issuer.")
FORM_BYTES = 64 << 10  # what a form may add to its file
MAX_WEBHOOK_BYTES = 200 << 10
_BODY = "A body may have {most} bytes here."
_OTHER_WAY = " Larger files go to S3 directly: POST /tokens/{{token_id}}/uploads."


class Guard:
    """The door of one application, and what lies behind it."""

    def __init__(self, services: ApiServices) -> None:
        self.services = services
        self.feeds = Feeds(services.jobs.look)
        self._policy = services.http
        self._rate = RateLimit(self._policy.per_second, burst=self._policy.burst)

    def owner(self, request: Request) -> str:
        """Return who asks; raise for no token, a bad one, or too many requests."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            owner = self.services.bearer.owner(token.strip())
        elif scheme or self._policy.anonymous is None:
            raise UnauthorizedError("Send a bearer token.")
        else:
            owner = self._policy.anonymous
        self._rate.take(owner)
        return owner

    def body(self, request: Request) -> AsyncIterator[bytes]:
        """Yield an upload's body as it arrives, within what this place can take."""
        limit = self._policy.max_body_bytes
        if limit is not None:
            return _bounded(request, limit, f"{_BODY}{_OTHER_WAY}")
        most = self.services.policy.max_file_bytes + FORM_BYTES
        return _bounded(request, most, _BODY)

    def webhook_body(self, request: Request) -> AsyncIterator[bytes]:
        """Yield a webhook's body, which is small."""
        return _bounded(request, MAX_WEBHOOK_BYTES, _BODY)


def _guard(request: Request) -> Guard:
    guard: Guard = request.app.state.guard
    return guard


def _owner(
    request: Request,
    _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    return _guard(request).owner(request)


Here = Annotated[Guard, Depends(_guard)]
Owner = Annotated[str, Depends(_owner)]


async def _bounded(request: Request, most: int, sentence: str) -> AsyncIterator[bytes]:
    declared = request.headers.get("Content-Length", "0")
    if declared.isdigit() and int(declared) > most:
        raise FileTooLargeError(sentence.format(most=most))
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > most:
            raise FileTooLargeError(sentence.format(most=most))
        yield chunk
