"""Answer every failure as problem+json (RFC 9457) with a code to rely on."""

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from waveflow.api.errors import RateLimitedError, RefusalError, UnauthorizedError
from waveflow.errors import (
    InternalError,
    StorageUnavailableError,
    WaveflowError,
    WebhookUnavailableError,
)

MEDIA_TYPE = "application/problem+json"
UNPROCESSABLE = 422
INTERNAL = 500
UNAVAILABLE = 503
RETRY_AFTER_S = 5
STATUS = {
    "INVALID_MESSAGE": 422,
    "EMPTY_AUDIO": 422,
    "FILE_TOO_LARGE": 413,
    "STORAGE_UNAVAILABLE": 503,
    "ISSUER_UNAVAILABLE": 503,
    "UNAUTHORIZED": 401,
    "BAD_SIGNATURE": 401,
    "JOB_NOT_FOUND": 404,
    "JOB_EXPIRED": 410,
    "NO_RESULT": 404,
    "UPLOAD_NOT_FOUND": 404,
    "UPLOAD_INCOMPLETE": 409,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "RATE_LIMITED": 429,
}
_log = logging.getLogger("waveflow.api")


class Problem(BaseModel):
    """What every answer from 400 on holds."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI shall say of these statuses and those of every route."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status in sorted({*statuses, 429, 503})
    }


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return one problem."""
    content = Problem(
        title=HTTPStatus(status).phrase, status=status, code=code, detail=detail
    )
    return JSONResponse(
        content.model_dump(), status, headers=headers, media_type=MEDIA_TYPE
    )


def answer_problems(app: FastAPI) -> None:
    """Answer whatever a route raises as a problem."""
    app.add_exception_handler(WaveflowError, _known)
    app.add_exception_handler(RefusalError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


async def _known(request: Request, exc: Exception) -> JSONResponse:
    """Return the problem of one of our own errors."""
    if isinstance(exc, WebhookUnavailableError):
        # Who asks has no webhook: it is the secret that could not be read.
        told: Exception = StorageUnavailableError("The API's secret cannot be read.")
    else:
        told = exc
    if not isinstance(told, WaveflowError | RefusalError):
        raise exc
    status = STATUS.get(told.code, INTERNAL)
    detail = str(told) if told.code in STATUS else "It was logged."
    if status >= INTERNAL:
        _note(request, exc, status=status, code=told.code)
    return problem(status, told.code, detail, headers=_headers(status, told))


def _headers(status: int, exc: Exception) -> dict[str, str]:
    if isinstance(exc, RateLimitedError):
        return {"Retry-After": str(exc.retry_after_s)}
    if isinstance(exc, UnauthorizedError):
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": str(RETRY_AFTER_S)} if status == UNAVAILABLE else {}


def _note(request: Request, exc: Exception, *, status: int, code: str) -> None:
    """Log one line: nothing of the request but its route, no message."""
    route = getattr(request.scope.get("route"), "path", "-")
    line = {
        "level": "ERROR",
        "service": "waveflow",
        "route": f"{request.method} {route}",
        "status": status,
        "code": code,
        "type": type(exc).__name__,
    }
    _log.error(json.dumps(line))


async def _invalid(_request: Request, exc: Exception) -> JSONResponse:
    """Name the fields at fault, never their values."""
    faults: list[Any] = getattr(exc, "errors", list)()
    fields = [".".join(str(part) for part in fault["loc"][1:]) for fault in faults]
    code = "INVALID_MESSAGE"
    if any("num_peaks" in field for field in fields):
        code = "INVALID_NUM_PEAKS"
    elif any(field in {"token_id", "job_id"} for field in fields):
        code = "INVALID_ID"
    named = ", ".join(sorted({field for field in fields if field})) or "body"
    return problem(UNPROCESSABLE, code, f"The request has an invalid {named}.")


async def _plain(_request: Request, exc: Exception) -> JSONResponse:
    status = getattr(exc, "status_code", INTERNAL)
    code = HTTPStatus(status).phrase.upper().replace(" ", "_").replace("-", "_")
    if status == HTTPStatus.BAD_REQUEST:
        code = "INVALID_MESSAGE"  # FastAPI says so of a body that is not UTF-8
    detail = str(getattr(exc, "detail", ""))
    return problem(status, code, detail, headers=getattr(exc, "headers", None))


async def _gone(_request: Request, _exc: Exception) -> Response:
    """Answer nobody: the client has hung up in the middle of its body."""
    return Response(status_code=400)


async def _unexpected(request: Request, exc: Exception) -> JSONResponse:
    _note(request, exc, status=INTERNAL, code=InternalError.code)
    return problem(INTERNAL, InternalError.code, "It was logged.")
