"""Define what the state machine hands to each stage and takes back.

Every model here is JSON in the machine's variables. Output keys follow from the
job alone, so a repeated message writes the same names.
"""

from typing import Generic, Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType

from waveflow.audio.listen.findings import MusicalKey, Tempo
from waveflow.events.fields import JsonObject
from waveflow.events.messages import Job, Survivor
from waveflow.events.normalise import Entry
from waveflow.events.webhooks import (
    Dedupe,
    DuplicateResult,
    MixResult,
    WaveformResult,
)

Result = TypeVar("Result")


class Source(Struct, frozen=True, kw_only=True):
    """The pinned object: the bytes that every later stage must see."""

    key: str
    etag: str
    size: int
    last_modified: str
    audio_hash: str
    version_id: str | None = None


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Carry a verdict that the message itself implies, so that nobody is asked."""

    verdict: Literal["new", "duplicate"]
    duplicate_of: Survivor | UnsetType = UNSET


class Outcome(Struct, Generic[Result], frozen=True, kw_only=True):
    """Hand on how a job ended, for the server to be told.

    A stage returns a typed result; what comes back from the machine is JSON.
    """

    status: Literal["SUCCESS", "DUPLICATE"]
    result: Result
    processing_time: float


# A stem ends drawn, or deleted as a duplicate.
StemOutcome = Outcome[WaveformResult] | Outcome[DuplicateResult]


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
    duplicate_of: object = None
    retries: int = 0


class MusicFindings(Struct, frozen=True, kw_only=True):
    """Carry what the stage music found, or the class name of its error."""

    tempo: Tempo | None = None
    key: MusicalKey | None = None
    error: str | None = None


class WaveformRequest(Struct, frozen=True, kw_only=True):
    """Draw one stem; the verdict may name another number of peaks."""

    job: Job
    source: Source
    num_peaks: int | None = None
    dedupe: Dedupe | None = None
    music: MusicFindings | None = None
    retries: int = 0


class MusicRequest(Struct, frozen=True, kw_only=True):
    """Find the tempo and the key of one stem."""

    job: Job
    source: Source
    retries: int = 0


class MusicResult(Struct, frozen=True, kw_only=True):
    """Return the tempo and the key of one stem, as the server is told them."""

    tempo: Tempo
    key: MusicalKey


class MixRequest(Entry, frozen=True, kw_only=True):
    """Mix the stems that a record names."""


class MixOutcome(Struct, frozen=True, kw_only=True):
    """Hand on the job that the stage mix read itself, and how it ended."""

    job: Job
    outcome: Outcome[MixResult]


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
    error: JsonObject | None = None
    retries: int = 0


class TellRequest(Struct, frozen=True, kw_only=True, tag_field="event", tag="outcome"):
    """Tell the server how a job ended."""

    job: Job
    outcome: Outcome[JsonObject]
    retries: int = 0


class TellFailureRequest(
    Entry, frozen=True, kw_only=True, tag_field="event", tag="failure"
):
    """Tell the server why a job failed; nothing but the record is sure to exist."""

    stage: str
    error: JsonObject


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
