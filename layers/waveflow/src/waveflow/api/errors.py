"""Define the API's refusals, and the HTTP status of every error it answers with.

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
    """Root of the refusals: `code` and `status` of the answer are part of the API."""

    code: ClassVar[str]
    status: ClassVar[int]


class UnauthorizedError(RefusalError):
    """The request carries no token, or one that is not valid."""

    code = "UNAUTHORIZED"
    status = 401


class BadSignatureError(RefusalError):
    """The webhook is not signed by somebody who knows the secret."""

    code = "BAD_SIGNATURE"
    status = 401


class JobNotFoundError(RefusalError):
    """No job of this owner has the id; another owner's looks the same."""

    code = "JOB_NOT_FOUND"
    status = 404


class NoResultError(RefusalError):
    """The job has no waveform or audio, or not yet."""

    code = "NO_RESULT"
    status = 404


class UploadNotFoundError(RefusalError):
    """The upload's id is invented, another owner's, or expired."""

    code = "UPLOAD_NOT_FOUND"
    status = 404


class UploadIncompleteError(RefusalError):
    """The upload still misses bytes."""

    code = "UPLOAD_INCOMPLETE"
    status = 409


class JobExpiredError(RefusalError):
    """Step Functions has forgotten the job, whose id the API did issue."""

    code = "JOB_EXPIRED"
    status = 410


class IdempotencyKeyReusedError(RefusalError):
    """The Idempotency-Key came with another request before."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422


class RateLimitedError(RefusalError):
    """The owner asks too often; `retry_after_s` says when the bucket has a request."""

    code = "RATE_LIMITED"
    status = 429

    def __init__(self, retry_after_s: int) -> None:
        """Refuse until `retry_after_s` seconds have passed."""
        self.retry_after_s = retry_after_s
        super().__init__(f"Too many requests; try again in {retry_after_s} s.")


class IssuerUnavailableError(RefusalError):
    """The issuer's keys, which check tokens, cannot be read now."""

    code = "ISSUER_UNAVAILABLE"
    status = UNAVAILABLE


def status_of(exc: WaveflowError | RefusalError) -> int:
    """Return the HTTP status that answers an error."""
    if isinstance(exc, RefusalError):
        return exc.status
    return CONTRACT_STATUS.get(type(exc), INTERNAL)


def headers_of(exc: WaveflowError | RefusalError) -> dict[str, str]:
    """Return the headers that an error's answer carries."""
    if isinstance(exc, RateLimitedError):
        return {"Retry-After": str(exc.retry_after_s)}
    if isinstance(exc, UnauthorizedError):
        return {"WWW-Authenticate": "Bearer"}
    unavailable = status_of(exc) == UNAVAILABLE
    return {"Retry-After": str(RETRY_AFTER_S)} if unavailable else {}
