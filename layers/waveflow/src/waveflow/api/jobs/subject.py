"""Say whose job it is, what it is about and how it is wanted."""

from typing import Literal

import msgspec
from msgspec import Struct

from waveflow.api.jobs.names import new_key, plain_name
from waveflow.api.ports import Execution
from waveflow.events.messages import DEFAULT_NUM_PEAKS

VerdictBy = Literal["none", "platform"]


class Wish(Struct, frozen=True, kw_only=True):
    """What a caller may choose about a job."""

    num_peaks: int = DEFAULT_NUM_PEAKS
    verdict: VerdictBy = "none"
    analysis: bool = False
    repeat_key: str | None = None


class Subject(Struct, frozen=True, kw_only=True):
    """Whose job it is and what it is about; carried beside the message.

    `asked` is the hash of a request that may be repeated.
    """

    owner: str
    token_id: str
    key: str | None = None
    filename: str | None = None
    asked: str | None = None


class Accepted(Struct, frozen=True, kw_only=True):
    """A job that runs, or that had run before with the same bytes."""

    job_id: str
    cached: bool = False


def with_file(subject: Subject, filename: str | None) -> Subject:
    """Return the subject with a file that is about to be stored under a new key."""
    name = filename or ""
    return msgspec.structs.replace(
        subject, key=new_key(name), filename=plain_name(name)
    )


def subject_of(execution: Execution | None) -> Subject | None:
    """Return what the API started an execution about; None for anybody else's."""
    record = {} if execution is None else execution.record
    try:
        return msgspec.convert(record.get("api"), Subject)
    except msgspec.ValidationError:
        return None
