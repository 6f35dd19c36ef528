"""Translate boto3's exceptions into the classes of `waveflow.errors`."""

from collections.abc import Mapping

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from msgspec import Struct

from waveflow.errors import (
    InternalError,
    ObjectNotFoundError,
    SourceChangedError,
    StorageUnavailableError,
    WaveflowError,
)

AWS_ERRORS = (ClientError, BotoCoreError)  # every exception that a boto3 call raises
_TOO_MANY = 429
_SERVER_ERROR = 500


class AwsErrors(Struct, frozen=True, kw_only=True):
    """Translator of one AWS service's boto3 exceptions into WaveFlow's errors.

    An error that may pass becomes `unavailable`, which is retried; any other becomes
    `InternalError`. `passing` lists the exceptions of calls without an answer that may
    pass, `passing_codes` the codes of answers; 429 and a status from 500 on always may.
    `meanings` gives a code a class and a sentence of its own.
    """

    service: str
    unavailable: type[WaveflowError]
    passing: tuple[type[BotoCoreError], ...] = (BotoCoreError,)
    passing_codes: frozenset[str] = frozenset({"ThrottlingException"})
    meanings: Mapping[str, tuple[type[WaveflowError], str]] = {}

    def translated(self, exc: ClientError | BotoCoreError) -> WaveflowError:
        """Return the WaveFlow error that stands for a boto3 exception."""
        if isinstance(exc, BotoCoreError):
            # The exception's own text may quote the request, and so a task token.
            if isinstance(exc, self.passing):
                return self.unavailable(f"{self.service} did not answer.")
            return InternalError(f"{self.service} could not be asked.")
        code = code_of(exc)
        if code in self.meanings:
            kind, sentence = self.meanings[code]
            return kind(sentence)
        status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
        busy = status == _TOO_MANY or status >= _SERVER_ERROR
        passes = busy or code in self.passing_codes
        kind = self.unavailable if passes else InternalError
        return kind(f"{self.service} answered {status} {code}.")


def code_of(exc: ClientError | BotoCoreError) -> str:
    """Return the error code of an AWS response; empty where no response came."""
    return str(exc.response["Error"]["Code"]) if isinstance(exc, ClientError) else ""


MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_NO_OBJECT = (ObjectNotFoundError, "No object is stored under the key.")
_OTHER_OBJECT = (SourceChangedError, "The object under the key is another one now.")
S3_ERRORS = AwsErrors(
    service="S3",
    unavailable=StorageUnavailableError,
    passing=(
        BotoConnectionError,
        FlexibleChecksumError,
        HTTPClientError,
        IncompleteReadError,
        ReadTimeoutError,
        ResponseStreamingError,
    ),
    passing_codes=frozenset(
        {
            "416",  # a range inside the pinned object, refused by mistake
            "ConditionalRequestConflict",
            "InvalidRange",
            "RequestTimeout",
            "RequestTimeTooSkewed",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
        }
    ),
    meanings=dict.fromkeys(MISSING, _NO_OBJECT)
    | dict.fromkeys(("412", "PreconditionFailed"), _OTHER_OBJECT),
)
