"""Define what the state machine hands to each stage and takes back.

Every model here is JSON in the machine's variables. Output keys follow from the
job alone, so a repeated message writes the same names.
"""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from waveflow.events.messages import Job, Survivor
from waveflow.events.normalise import Entry


class Source(Struct, frozen=True, kw_only=True):
    """The pinned object: the bytes that every later stage must see."""

    key: str
    etag: str
    size: int
    last_modified: str
    audio_hash: str
    version_id: str | None = None


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a stem without asking the server."""

    verdict: Literal["new", "duplicate"]
    duplicate_of: Survivor | UnsetType = UNSET


class Outcome(Struct, frozen=True, kw_only=True):
    """How a job ended, for the server to be told."""

    status: Literal["SUCCESS", "DUPLICATE"]
    result: dict[str, Any]
    processing_time: float


class HashRequest(Entry, frozen=True, kw_only=True):
    """Fingerprint the object that a record names."""


class HashResult(Struct, frozen=True, kw_only=True):
    """The job, its pinned object, and the verdict where none needs asking."""

    job: Job
    source: Source
    verdict: Verdict | None = None


class DedupeDeleteRequest(Struct, frozen=True, kw_only=True):
    """Delete a proved duplicate; the survivor is the server's claim."""

    job: Job
    source: Source
    duplicate_of: Any = None
    retries: int = 0


class WaveformRequest(Struct, frozen=True, kw_only=True):
    """Draw one stem; the verdict may name another number of peaks.

    `music` is what the stage music found, or the name of its error.
    """

    job: Job
    source: Source
    num_peaks: int | None = None
    dedupe: dict[str, Any] | None = None
    music: dict[str, Any] | None = None
    retries: int = 0


class MusicRequest(Struct, frozen=True, kw_only=True):
    """Find the tempo and the key of one stem."""

    job: Job
    source: Source
    retries: int = 0


class MusicResult(Struct, frozen=True, kw_only=True):
    """What was found, as the server is told it."""

    tempo: dict[str, Any]
    key: dict[str, Any]


class MixRequest(Entry, frozen=True, kw_only=True):
    """Mix the stems that a record names."""


class MixResult(Struct, frozen=True, kw_only=True):
    """The job, and how it ended."""

    job: Job
    outcome: Outcome


class AskRequest(
    Struct, frozen=True, kw_only=True, tag_field="event", tag="hash-check"
):
    """Ask the server for a verdict."""

    job: Job
    source: Source
    task_token: str
    execution_arn: str
    verdict: Verdict | None = None
    retries: int = 0


class UndeliveredRequest(
    Struct, frozen=True, kw_only=True, tag_field="event", tag="undelivered"
):
    """Fail with what kept a question from being asked; None once it was redriven."""

    job: Job
    error: dict[str, Any] | None = None
    retries: int = 0


class TellRequest(Struct, frozen=True, kw_only=True, tag_field="event", tag="outcome"):
    """Tell the server how a job ended."""

    job: Job
    outcome: Outcome
    retries: int = 0


class TellFailureRequest(
    Entry, frozen=True, kw_only=True, tag_field="event", tag="failure"
):
    """Tell the server why a job failed; nothing but the record is sure to exist."""

    stage: str
    error: dict[str, Any]


NotifyRequest = AskRequest | UndeliveredRequest | TellRequest | TellFailureRequest


class NotifyResult(Struct, frozen=True, kw_only=True):
    """The code and the sentence that the execution ends with, where it failed."""

    code: str | None = None
    sentence: str | None = None


def waveform_key(job: Job) -> str:
    """Return the key of a stem's waveform document."""
    return f"waveforms/{job.subject_id}_waveform_{job.ts}.json"


def mixed_waveform_key(job: Job) -> str:
    """Return the key of a mix's waveform document."""
    return f"waveforms/{job.subject_id}_mixed_waveform_{job.ts}.json"


def mixed_key(job: Job) -> str:
    """Return the key of a mix."""
    return f"mixed/{job.subject_id}_mixed_{job.ts}.wav"


def dedupe_key(job: Job) -> str:
    """Return the key of the record that a deletion leaves."""
    return f"dedupe/{job.subject_id}_{job.ts}.json"
