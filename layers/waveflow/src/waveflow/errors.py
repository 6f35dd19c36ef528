"""Define every error that WaveFlow reports, with one code for each class.

One code, one class. Step Functions matches the exact class name and ignores
inheritance, so the names are contract: the state machine lists them, and a test
holds the two together.

    WaveflowError
    ├── InvalidMessageError        INVALID_MESSAGE
    ├── InvalidIdError             INVALID_ID
    ├── InvalidNumPeaksError       INVALID_NUM_PEAKS
    ├── PathNotAllowedError        PATH_NOT_ALLOWED
    ├── ObjectNotFoundError        OBJECT_NOT_FOUND
    ├── FileTooLargeError          FILE_TOO_LARGE
    ├── SourceChangedError         SOURCE_CHANGED
    ├── StemMissingError           STEM_MISSING
    ├── UnsupportedMediaError      UNSUPPORTED_MEDIA
    ├── CorruptAudioError          CORRUPT_AUDIO
    ├── EmptyAudioError            EMPTY_AUDIO
    ├── AudioTooLongError          AUDIO_TOO_LONG
    ├── BadSampleRateError         BAD_SAMPLE_RATE
    ├── TooManyChannelsError       TOO_MANY_CHANNELS
    ├── InvalidVerdictError        INVALID_VERDICT
    ├── VerdictTimeoutError        VERDICT_TIMEOUT
    ├── WebhookRejectedError       WEBHOOK_REJECTED
    ├── WebhookUnavailableError    WEBHOOK_UNAVAILABLE   retried
    ├── StorageUnavailableError    STORAGE_UNAVAILABLE   retried
    ├── ResourceLimitError         RESOURCE_LIMIT        retried once
    ├── InternalError              INTERNAL_ERROR
    └── DedupeRefusedError         no failure: the object stays and is drawn
"""

import json
from typing import ClassVar


class WaveflowError(Exception):
    """Failure with an error code that the platform's server understands."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False


class InvalidMessageError(WaveflowError):
    """The queue message is not JSON, has an unknown task or lacks a field."""

    code = "INVALID_MESSAGE"


class InvalidIdError(WaveflowError):
    """An id in the message holds characters that no S3 key may hold."""

    code = "INVALID_ID"


class InvalidNumPeaksError(WaveflowError):
    """The message's `num_peaks` is not an integer from 1 to 4000."""

    code = "INVALID_NUM_PEAKS"


class PathNotAllowedError(WaveflowError):
    """An S3 key lies outside the prefixes that WaveFlow may read."""

    code = "PATH_NOT_ALLOWED"


class ObjectNotFoundError(WaveflowError):
    """No object is stored under the S3 key."""

    code = "OBJECT_NOT_FOUND"


class FileTooLargeError(WaveflowError):
    """The S3 object or HTTP body is larger than its limit, such as `MaxFileSizeMb`."""

    code = "FILE_TOO_LARGE"


class SourceChangedError(WaveflowError):
    """The S3 object is no longer the one that was hashed."""

    code = "SOURCE_CHANGED"


class StemMissingError(WaveflowError):
    """A stem of the mix is not stored in S3."""

    code = "STEM_MISSING"


class UnsupportedMediaError(WaveflowError):
    """The file's content is of a kind that WaveFlow does not accept."""

    code = "UNSUPPORTED_MEDIA"


class CorruptAudioError(WaveflowError):
    """The file's content is of an accepted kind, but no decoder can read it."""

    code = "CORRUPT_AUDIO"


class EmptyAudioError(WaveflowError):
    """The audio file has no bytes, or no frame of audio."""

    code = "EMPTY_AUDIO"


class AudioTooLongError(WaveflowError):
    """The decoded audio is longer than a stage may spend time on."""

    code = "AUDIO_TOO_LONG"


class BadSampleRateError(WaveflowError):
    """The sample rate lies outside 4 to 768 kHz."""

    code = "BAD_SAMPLE_RATE"


class TooManyChannelsError(WaveflowError):
    """The file has more than 32 channels."""

    code = "TOO_MANY_CHANNELS"


class InvalidVerdictError(WaveflowError):
    """The server's answer to a /hash-check request is not a verdict."""

    code = "INVALID_VERDICT"


class VerdictTimeoutError(WaveflowError):
    """The server gave no verdict to any of the /hash-check requests."""

    code = "VERDICT_TIMEOUT"


class WebhookRejectedError(WaveflowError):
    """The server refused the webhook; sending it again would not help."""

    code = "WEBHOOK_REJECTED"


class WebhookUnavailableError(WaveflowError):
    """The server could not be reached, or asked to send the webhook again."""

    code = "WEBHOOK_UNAVAILABLE"
    retryable = True


class StorageUnavailableError(WaveflowError):
    """S3 could not be reached, or asked to repeat the request."""

    code = "STORAGE_UNAVAILABLE"
    retryable = True


class ResourceLimitError(WaveflowError):
    """The function ran out of memory, time or disk space."""

    code = "RESOURCE_LIMIT"
    retryable = True


class InternalError(WaveflowError):
    """Unexpected error: a defect of WaveFlow or of its configuration."""

    code = "INTERNAL_ERROR"


class DedupeRefusedError(WaveflowError):
    """A guard refused to delete the duplicate: its waveform is drawn instead.

    The message is the JSON object that the completion shows as `dedupe`; the
    state machine parses it.
    """

    code = "DEDUPE_REFUSED"

    def __init__(self, reason: str, *, would_delete: bool | None = None) -> None:
        """Refuse the deletion for `reason`, one word in capitals."""
        self.reason = reason
        dedupe: dict[str, str | bool] = {"refused": reason}
        if would_delete is not None:
            dedupe["would_delete"] = would_delete
        super().__init__(json.dumps(dedupe))
