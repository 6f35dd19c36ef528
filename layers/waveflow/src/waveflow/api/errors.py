"""Define the HTTP API's own errors, and the HTTP status of every error.

`waveflow.errors` holds the failures of jobs; Step Functions matches their names, and
its root's subclasses are contract. A refusal never ends a job, so refusals have a root
of their own.

    RefusalError
    ├── UnauthorizedError            401 UNAUTHORIZED
    ├── BadSignatureError            401 BAD_SIGNATURE
    ├── JobNotFoundError             404 JOB_NOT_FOUND
    ├── NoResultError                404 NO_RESULT
    ├── UploadNotFoundError          404 UPLOAD_NOT_FOUND
    ├── UploadIncompleteError        409 UPLOAD_INCOMPLETE
    ├── JobExpiredError              410 JOB_EXPIRED
    ├── IdempotencyKeyReusedError    422 IDEMPOTENCY_KEY_REUSED
    ├── RateLimitedError             429 RATE_LIMITED
    ├── JobNotVisibleError           503 JOB_NOT_VISIBLE
    └── IssuerUnavailableError       503 ISSUER_UNAVAILABLE
"""

from collections.abc import Mapping
from typing import ClassVar

from waveflow.errors import (
    EmptyAudioError,
    FileTooLargeError,
    InternalError,
    InvalidIdError,
    InvalidMessageError,
    InvalidNumPeaksError,
    StorageUnavailableError,
    WaveflowError,
)

RETRY_AFTER_S = 5
INTERNAL = 500
UNAVAILABLE = 503
# Errors of the contract that a request may meet; any other is a defect, and 500.
CONTRACT_STATUS: Mapping[type[WaveflowError], int] = {
    InvalidMessageError: 422,
    InvalidIdError: 422,
    InvalidNumPeaksError: 422,
    EmptyAudioError: 422,
    FileTooLargeError: 413,
    StorageUnavailableError: UNAVAILABLE,
    InternalError: INTERNAL,
}


class RefusalError(Exception):
    """Base class of the HTTP API's errors, each with an error code and HTTP status."""

    code: ClassVar[str]
    status: ClassVar[int]


class UnauthorizedError(RefusalError):
    """The HTTP request carries no bearer token, or an invalid one."""

    code = "UNAUTHORIZED"
    status = 401


class BadSignatureError(RefusalError):
    """The webhook is not signed with the key of the external analysis server."""

    code = "BAD_SIGNATURE"
    status = 401


class JobNotFoundError(RefusalError):
    """The owner has no job with this id; another owner's job looks the same."""

    code = "JOB_NOT_FOUND"
    status = 404


class NoResultError(RefusalError):
    """The job has no waveform document or audio, or not yet."""

    code = "NO_RESULT"
    status = 404


class UploadNotFoundError(RefusalError):
    """The upload id is invented, expired, or another owner's."""

    code = "UPLOAD_NOT_FOUND"
    status = 404


class UploadIncompleteError(RefusalError):
    """Some bytes of the upload have not arrived in S3."""

    code = "UPLOAD_INCOMPLETE"
    status = 409


class JobExpiredError(RefusalError):
    """The API issued the job id, but Step Functions has forgotten the execution."""

    code = "JOB_EXPIRED"
    status = 410


class IdempotencyKeyReusedError(RefusalError):
    """The Idempotency-Key was used before, for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422


class RateLimitedError(RefusalError):
    """The owner has too many requests or streams; wait for `retry_after_s` seconds."""

    code = "RATE_LIMITED"
    status = 429

    def __init__(self, retry_after_s: int, *, what: str = "requests") -> None:
        """Refuse what the owner has too many of, for `retry_after_s` seconds."""
        self.retry_after_s = retry_after_s
        super().__init__(f"Too many {what}; try again in {retry_after_s} s.")


class JobNotVisibleError(RefusalError):
    """The job was started a moment ago, and Step Functions does not show it yet."""

    code = "JOB_NOT_VISIBLE"
    status = UNAVAILABLE


class IssuerUnavailableError(RefusalError):
    """The token issuer's public keys cannot be read now."""

    code = "ISSUER_UNAVAILABLE"
    status = UNAVAILABLE


def status_of(exc: WaveflowError | RefusalError) -> int:
    """Return the HTTP status of the response to an error."""
    if isinstance(exc, RefusalError):
        return exc.status
    return CONTRACT_STATUS.get(type(exc), INTERNAL)


def headers_of(exc: WaveflowError | RefusalError) -> dict[str, str]:
    """Return the HTTP headers of the response to an error."""
    if isinstance(exc, RateLimitedError):
        return {"Retry-After": str(exc.retry_after_s)}
    if isinstance(exc, UnauthorizedError):
        return {"WWW-Authenticate": "Bearer"}
    unavailable = status_of(exc) == UNAVAILABLE
    return {"Retry-After": str(RETRY_AFTER_S)} if unavailable else {}
