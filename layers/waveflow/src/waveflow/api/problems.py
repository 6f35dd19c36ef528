"""Answer every error as problem+json (RFC 9457) with a stable error code."""

import json
import logging
from collections.abc import Iterable
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from waveflow.api.errors import INTERNAL, RefusalError, headers_of, status_of
from waveflow.api.schemas import JsonObject, Problem
from waveflow.errors import (
    InternalError,
    InvalidIdError,
    InvalidMessageError,
    InvalidNumPeaksError,
    WaveflowError,
)

MEDIA_TYPE = "application/problem+json"
UNKNOWN = "extra_forbidden"  # pydantic's word for a field that nobody knows
REPEATED = "repeated"  # a query field that is given twice and takes one value
MAX_NAMES, MAX_NAME = 10, 64  # a client chooses unknown names, and their length
_LOGGED = "It was logged."
_log = logging.getLogger("waveflow.api")


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return one problem+json response."""
    content = Problem(
        title=HTTPStatus(status).phrase, status=status, code=code, detail=detail
    )
    return JSONResponse(
        content.model_dump(), status, headers=headers, media_type=MEDIA_TYPE
    )


def answer_problems(app: FastAPI) -> None:
    """Register the handlers that turn exceptions into problem+json responses."""
    app.add_exception_handler(WaveflowError, _answer_known)
    app.add_exception_handler(RefusalError, _answer_known)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_unexpected)


async def _answer_known(request: Request, exc: Exception) -> JSONResponse:
    """Answer an error that has its own error code and HTTP status."""
    if not isinstance(exc, WaveflowError | RefusalError):
        raise exc
    status = status_of(exc)
    if status >= INTERNAL:
        _log_failure(request, exc, status=status, code=exc.code)
    detail = _LOGGED if status == INTERNAL else str(exc)
    return problem(status, exc.code, detail, headers=headers_of(exc))


async def _answer_invalid(_request: Request, exc: Exception) -> JSONResponse:
    """Answer an invalid request with the names of its fields, never their values."""
    faults = exc.errors() if isinstance(exc, RequestValidationError) else ()
    unknown = _names(fault for fault in faults if fault["type"] == UNKNOWN)
    repeated = _names(fault for fault in faults if fault["type"] == REPEATED)
    fields = _names(
        fault for fault in faults if fault["type"] not in {UNKNOWN, REPEATED}
    )
    kind: type[WaveflowError] = InvalidMessageError
    if any(field == "num_peaks" for field in fields):
        kind = InvalidNumPeaksError
    elif any(field in {"token_id", "job_id"} for field in fields):
        kind = InvalidIdError
    if unknown:
        kind, named = InvalidMessageError, f"an unknown {', '.join(unknown)}"
    elif repeated:
        named = f"a repeated {', '.join(repeated)}"
    else:
        named = f"an invalid {', '.join(fields) or 'body'}"
    refused = kind(f"The request has {named}.")
    return problem(status_of(refused), refused.code, str(refused))


def _names(faults: Iterable[JsonObject]) -> list[str]:
    """Return the sorted names of a few faulty fields, each cut to a short length."""
    paths = {".".join(str(part) for part in fault["loc"][1:]) for fault in faults}
    return [path[:MAX_NAME] for path in sorted(paths - {""})[:MAX_NAMES]]


async def _answer_http(_request: Request, exc: Exception) -> JSONResponse:
    """Answer an error that FastAPI raises: unknown path or method, broken body."""
    if not isinstance(exc, HTTPException):
        raise exc
    code = HTTPStatus(exc.status_code).name
    if exc.status_code == HTTPStatus.BAD_REQUEST:
        code = (
            InvalidMessageError.code
        )  # FastAPI's 400 is about a body that is not UTF-8
    headers = dict(exc.headers) if exc.headers else None
    return problem(exc.status_code, code, str(exc.detail), headers=headers)


async def _answer_nobody(_request: Request, _exc: Exception) -> Response:
    """Return an empty response to a client that hung up while it sent its body."""
    return Response(status_code=400)


async def _answer_unexpected(request: Request, exc: Exception) -> JSONResponse:
    """Answer an unexpected exception with status 500; the log has its type."""
    code = InternalError.code
    _log_failure(request, exc, status=INTERNAL, code=code)
    return problem(INTERNAL, code, _LOGGED)


def _log_failure(request: Request, exc: Exception, *, status: int, code: str) -> None:
    """Log an error with its route only; request and message may hold secrets."""
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
