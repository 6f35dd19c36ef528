"""Describe a job's owner, file and key, which travel beside its message."""

import re
import unicodedata
import uuid

from pydantic import BaseModel, ValidationError

from waveflow.api.interfaces import Execution

UPLOAD_PREFIX = "audio/"
MAX_NAME_BYTES = 120
_UNSAFE = re.compile(r"[^\w.\-]+")
_FALLBACK = "audio"


class JobContext(BaseModel, frozen=True):
    """Owner and file of a job, carried by the record of its execution.

    `asked` is the hash of a request that may be repeated with its Idempotency-Key.
    """

    owner: str
    token_id: str
    key: str | None = None
    filename: str | None = None
    asked: str | None = None

    def with_file(self, filename: str | None) -> "JobContext":
        """Return the context with a file that is about to be stored under a new key."""
        name = filename or ""
        file = {"key": new_key(name), "filename": plain_name(name)}
        return self.model_copy(update=file)


def context_of(execution: Execution | None) -> JobContext | None:
    """Return an execution's context; None for one that the API did not start."""
    record = {} if execution is None else execution.record
    try:
        return JobContext.model_validate(record.get("api"))
    except ValidationError:
        return None


def plain_name(filename: str) -> str:
    """Return the file's own name: no folder, no control character, composed Hangul."""
    base = re.split(r"[/\\]", filename)[-1]
    composed = unicodedata.normalize("NFC", base)
    printable = "".join(c for c in composed if unicodedata.category(c)[0] != "C")
    return printable.strip()[-255:] or _FALLBACK


def safe_name(filename: str) -> str:
    """Return a name for a key: letters of any script, digits, `.`, `-` and `_`."""
    name = _UNSAFE.sub("_", plain_name(filename)).strip("._")
    # The end of a name holds its suffix, which tells a person more than the middle.
    encoded = name.encode()[-MAX_NAME_BYTES:]
    return encoded.decode(errors="ignore").lstrip("._") or _FALLBACK


def new_key(filename: str) -> str:
    """Return a key that no other upload has."""
    return f"{UPLOAD_PREFIX}{uuid.uuid4()}_{safe_name(filename)}"
