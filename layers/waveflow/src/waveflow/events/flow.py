"""Define the JSON that the state machine hands to each stage and takes back.

Every model here is JSON in the machine's variables. Output keys follow from the
job alone, so a repeated message writes the same names.
"""

from typing import Generic, Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType

from waveflow.audio.listen.findings import MusicalKey, Tempo
from waveflow.events.fields import JsonObject
from waveflow.events.messages import Job, MixMessage, Survivor
from waveflow.events.mix_options import MixSuffix
from waveflow.events.normalise import Entry
from waveflow.events.options import PreviewFormat, zoom_name
from waveflow.events.webhooks import (
    ComparisonResult,
    Dedupe,
    DuplicateResult,
    MixResult,
    WaveformResult,
)

Result = TypeVar("Result")


class Source(Struct, frozen=True, kw_only=True):
    """Pinned S3 object, whose very bytes every later stage must read."""

    key: str
    etag: str
    size: int
    last_modified: str
    audio_hash: str
    version_id: str | None = None


class Verdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Carry a verdict that the message itself gives, so that no /hash-check is sent."""

    verdict: Literal["new", "duplicate"]
    duplicate_of: Survivor | UnsetType = UNSET


class Outcome(Struct, Generic[Result], frozen=True, kw_only=True):
    """Carry a job's status and result from its stage to the webhook that reports both.

    A stage returns a typed result; what comes back from the machine is JSON.
    """

    status: Literal["SUCCESS", "DUPLICATE"]
    result: Result
    processing_time: float


# A stem ends drawn, or deleted as a duplicate.
StemOutcome = Outcome[WaveformResult] | Outcome[DuplicateResult]


class HashRequest(Entry, frozen=True, kw_only=True):
    """Input of the stage hash: the queue record whose upload is to be hashed."""


class HashResult(Struct, frozen=True, kw_only=True):
    """Output of the stage hash: job, pinned object, and a verdict if known already."""

    job: Job
    source: Source
    verdict: Verdict | None = None


class DedupeDeleteRequest(Struct, frozen=True, kw_only=True):
    """Input of the stage dedupe_delete, with the survivor that the server claims."""

    job: Job
    source: Source
    duplicate_of: object = None
    retries: int = 0


class MusicFindings(Struct, frozen=True, kw_only=True):
    """Carry a stem's tempo and key, or the class name of the music stage's error."""

    tempo: Tempo | None = None
    key: MusicalKey | None = None
    error: str | None = None


class WaveformRequest(Struct, frozen=True, kw_only=True):
    """Input of the stage waveform; the verdict may name another number of peaks."""

    job: Job
    source: Source
    num_peaks: int | None = None
    dedupe: Dedupe | None = None
    music: MusicFindings | None = None
    retries: int = 0


class MusicRequest(Struct, frozen=True, kw_only=True):
    """Input of the stage music: the job and its pinned S3 object."""

    job: Job
    source: Source
    retries: int = 0


class MusicResult(Struct, frozen=True, kw_only=True):
    """Output of the stage music: tempo and musical key, as webhooks report them."""

    tempo: Tempo
    key: MusicalKey


class MixRequest(Entry, frozen=True, kw_only=True):
    """Input of the stage mix: the queue record that names the stems."""


class MixOutcome(Struct, frozen=True, kw_only=True):
    """Output of the stage mix: the job that it read, and the job's outcome."""

    job: Job
    outcome: Outcome[MixResult]


class CompareRequest(Entry, frozen=True, kw_only=True):
    """Input of the stage compare: the queue record that names the pairs."""


class CompareOutcome(Struct, frozen=True, kw_only=True):
    """Output of the stage compare: the job that it read, and the job's outcome."""

    job: Job
    outcome: Outcome[ComparisonResult]


class AskRequest(
    Struct, frozen=True, kw_only=True, tag_field="event", tag="hash-check"
):
    """Input of the stage notify: ask the server for a verdict by /hash-check."""

    job: Job
    source: Source
    task_token: str
    execution_arn: str
    verdict: Verdict | None = None
    retries: int = 0


class UndeliveredRequest(
    Struct, frozen=True, kw_only=True, tag_field="event", tag="undelivered"
):
    """Input of the stage notify: fail as the undelivered /hash-check failed."""

    job: Job
    error: JsonObject | None = None
    retries: int = 0


class TellRequest(Struct, frozen=True, kw_only=True, tag_field="event", tag="outcome"):
    """Input of the stage notify: report to the server how a job ended."""

    job: Job
    outcome: Outcome[JsonObject]
    retries: int = 0


class TellFailureRequest(
    Entry, frozen=True, kw_only=True, tag_field="event", tag="failure"
):
    """Input of the stage notify: report a failure, sure only of the queue record."""

    stage: str
    error: JsonObject


NotifyRequest = AskRequest | UndeliveredRequest | TellRequest | TellFailureRequest


class NotifyResult(Struct, frozen=True, kw_only=True):
    """Output of the stage notify: error code and sentence of a failed job, or None."""

    code: str | None = None
    sentence: str | None = None


def waveform_key(job: Job) -> str:
    """Return the S3 key of a stem's waveform document."""
    return f"waveforms/{job.subject_id}_waveform_{job.ts}.json"


def mixed_waveform_key(job: Job) -> str:
    """Return the S3 key of a mix's waveform document."""
    return f"waveforms/{job.subject_id}_mixed_waveform_{job.ts}.json"


def mixed_key(job: Job, suffix: MixSuffix) -> str:
    """Return the S3 key of a mix's audio file."""
    return f"mixed/{job.subject_id}_mixed_{job.ts}.{suffix}"


def comparison_key(job: Job) -> str:
    """Return the S3 key of a comparison's document."""
    return f"comparisons/{job.subject_id}_{job.ts}.json"


def zoom_key(job: Job, samples_per_pixel: int, *, split: bool) -> str:
    """Return the S3 key of one zoom level of a stem's or a mix's waveform."""
    name = zoom_name(samples_per_pixel, split=split)
    return f"waveforms/{_folder(job)}{job.subject_id}_zoom_{job.ts}/{name}"


def preview_key(job: Job, form: PreviewFormat) -> str:
    """Return the S3 key of a stem's or a mix's preview in one format."""
    return f"previews/{_folder(job)}{job.subject_id}_{job.ts}.{form}"


def _folder(job: Job) -> str:
    """Return the folder that keeps mixes apart from stems; no id holds a slash."""
    return "mixed/" if isinstance(job.message, MixMessage) else ""


def dedupe_key(job: Job) -> str:
    """Return the S3 key of the record that a duplicate's deletion leaves."""
    return f"dedupe/{job.subject_id}_{job.ts}.json"
