"""Name what the API refuses beside the contract's errors."""

from typing import ClassVar


class RefusalError(Exception):
    """A request that is answered with a problem; `code` is part of the API."""

    code: ClassVar[str]


class UnauthorizedError(RefusalError):
    """The request carries no token, or one that is not valid."""

    code = "UNAUTHORIZED"


class IssuerUnavailableError(RefusalError):
    """The keys that tokens are checked with cannot be read now."""

    code = "ISSUER_UNAVAILABLE"


class BadSignatureError(RefusalError):
    """The webhook is not signed by somebody who knows the secret."""

    code = "BAD_SIGNATURE"


class JobNotFoundError(RefusalError):
    """No job of this owner has the id; another owner's looks the same."""

    code = "JOB_NOT_FOUND"


class JobExpiredError(RefusalError):
    """The job was ours and is too old: Step Functions has forgotten it."""

    code = "JOB_EXPIRED"


class NoResultError(RefusalError):
    """The job has no such result, or not yet."""

    code = "NO_RESULT"


class UploadNotFoundError(RefusalError):
    """The upload's id is not ours, is another owner's, or has expired."""

    code = "UPLOAD_NOT_FOUND"


class UploadIncompleteError(RefusalError):
    """Bytes of the upload are still missing."""

    code = "UPLOAD_INCOMPLETE"


class RepeatKeyReusedError(RefusalError):
    """The Idempotency-Key came with another request before."""

    code = "IDEMPOTENCY_KEY_REUSED"


class RateLimitedError(RefusalError):
    """The owner asks too often; `retry_after_s` says when there is room."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after_s: int) -> None:
        """Refuse until so many seconds have passed."""
        self.retry_after_s = retry_after_s
        super().__init__(f"Too many requests; try again in {retry_after_s} s.")
