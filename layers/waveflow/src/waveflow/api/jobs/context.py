"""Describe a job's owner, file name and S3 key, kept beside its queue message."""

import hashlib
import re
import unicodedata
import uuid

from pydantic import BaseModel, ValidationError

from waveflow.api.interfaces import Execution

UPLOAD_PREFIX = "audio/"
MAX_NAME_BYTES = 120
_UNSAFE = re.compile(r"[^\w.\-]+")
_FALLBACK = "audio"
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class JobContext(BaseModel, frozen=True):
    """Owner and file of a job, stored in the input of the job's execution.

    `asked` is the hash of a request that may be repeated with its Idempotency-Key.
    """

    owner: str
    token_id: str
    key: str | None = None
    filename: str | None = None
    asked: str | None = None

    def with_file(self, filename: str | None) -> "JobContext":
        """Return the context with a file's name and a new S3 key for the file."""
        name = filename or ""
        file = {"key": new_key(name), "filename": plain_name(name)}
        return self.model_copy(update=file)


def context_of(execution: Execution | None) -> JobContext | None:
    """Return the job context in an execution's input; None if the API put none."""
    record = {} if execution is None else execution.record
    try:
        return JobContext.model_validate(record.get("api"))
    except ValidationError:
        return None


def plain_name(filename: str) -> str:
    """Return a file name without folder and control characters, in composed Hangul."""
    base = re.split(r"[/\\]", filename)[-1]
    composed = unicodedata.normalize("NFC", base)
    printable = "".join(c for c in composed if unicodedata.category(c)[0] != "C")
    return printable.strip()[-255:] or _FALLBACK


def safe_name(filename: str) -> str:
    """Return a file name for an S3 key: letters, digits, `.`, `-` and `_`."""
    name = _UNSAFE.sub("_", plain_name(filename)).strip("._")
    # The end of a name holds its suffix, which tells a person more than the middle.
    encoded = name.encode()[-MAX_NAME_BYTES:]
    return encoded.decode(errors="ignore").lstrip("._") or _FALLBACK


def new_key(filename: str) -> str:
    """Return a unique S3 key for an uploaded file."""
    return f"{UPLOAD_PREFIX}{uuid.uuid4()}_{safe_name(filename)}"


def audio_key(execution: Execution, context: JobContext) -> str | None:
    """Return the S3 key of a job's upload, or of its mix; None where there is none."""
    return context.key or execution.result.get("mixed_file_path")


def user_id(owner: str) -> str:
    """Return a user id for the job's message: the owner's name, or the name's hash."""
    if _MESSAGE_ID.fullmatch(owner):
        return owner
    return hashlib.sha256(owner.encode()).hexdigest()
