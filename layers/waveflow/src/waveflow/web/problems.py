"""Answer every failure as problem+json (RFC 9457) with a code to rely on."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from waveflow.errors import WaveflowError
from waveflow.jobs.refusals import RateLimitedError, RefusalError

MEDIA_TYPE = "application/problem+json"
UNPROCESSABLE = 422
INTERNAL = 500
STATUS = {
    "INVALID_MESSAGE": 422,
    "INVALID_ID": 422,
    "INVALID_NUM_PEAKS": 422,
    "EMPTY_AUDIO": 422,
    "PATH_NOT_ALLOWED": 403,
    "OBJECT_NOT_FOUND": 404,
    "FILE_TOO_LARGE": 413,
    "SOURCE_CHANGED": 409,
    "STORAGE_UNAVAILABLE": 503,
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


def known(exc: WaveflowError | RefusalError) -> JSONResponse:
    """Return the problem of one of our own errors."""
    status = STATUS.get(exc.code, INTERNAL)
    headers = {}
    if exc.code == "UNAUTHORIZED":
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(exc, RateLimitedError):
        headers["Retry-After"] = str(exc.retry_after_s)
    if exc.code == "STORAGE_UNAVAILABLE":
        headers["Retry-After"] = "5"
    detail = str(exc) if status < INTERNAL or exc.code in STATUS else "It was logged."
    return problem(status, exc.code, detail, headers=headers)


async def _known(_request: Request, exc: Exception) -> JSONResponse:
    if not isinstance(exc, WaveflowError | RefusalError):
        raise exc
    return known(exc)


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


async def _unexpected(_request: Request, _exc: Exception) -> JSONResponse:
    return problem(INTERNAL, "INTERNAL_ERROR", "It was logged.")
