"""Define the four webhooks that the server receives.

A field that a message did not carry is null. Fields that WaveFlow does not know
are carried through beside these; the ones below win over them.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

from waveflow.audio.compare.report import Status as PairStatus
from waveflow.audio.listen.findings import Analysis
from waveflow.events.fields import (
    Channels,
    Count,
    Id,
    JobId,
    JsonObject,
    Key,
    Level,
    NumPeaks,
    SampleRate,
    Seconds,
    Sha256,
    Word,
)
from waveflow.events.messages import Survivor
from waveflow.events.mix_options import MixFacts, StemFacts
from waveflow.events.options import OptionalResults

Status = Literal["SUCCESS", "FAILURE", "DUPLICATE"]


class HashCheck(Struct, frozen=True, kw_only=True):
    """`POST /hash-check`: ask the server whether an upload with this hash is new."""

    stem_id: Id = field(name="stemId")
    user_id: Id = field(name="userId")
    track_id: Id = field(name="trackId")
    filepath: Key
    audio_hash: Sha256
    timestamp: str
    original_filename: str | None
    status: Literal["hash_generated"]
    task_token: Word
    task_id: JobId
    execution_arn: str
    file_size: Count


class Dedupe(Struct, frozen=True, kw_only=True):
    """Reason for which a duplicate was kept instead of deleted."""

    refused: str
    would_delete: bool | UnsetType = UNSET


class WaveformResult(OptionalResults, frozen=True, kw_only=True):
    """`result` of a stem whose waveform was drawn: document and facts of the file."""

    audio_data_hash: Sha256
    waveform_data_path: Key
    file_size: Count
    duration: Seconds
    sample_rate: SampleRate
    num_peaks: NumPeaks
    channels: Channels
    format: str
    peak: Level
    warnings: list[str]
    dedupe: Dedupe | UnsetType = UNSET
    analysis: Analysis | UnsetType = UNSET


class DuplicateResult(Struct, frozen=True, kw_only=True):
    """`result` of a stem that was deleted as a duplicate."""

    error: str
    error_code: Literal["DUPLICATE_FILE"]
    error_message: str
    duplicate_of: Survivor
    audio_data_hash: Sha256


class SumResults(OptionalResults, frozen=True, kw_only=True):
    """Results of a mix whose message has `mix` or `stems`; absent in a classic mix."""

    mix: MixFacts | UnsetType = UNSET
    stems: list[StemFacts] | UnsetType = UNSET


class MixResult(SumResults, frozen=True, kw_only=True):
    """Facts about a finished mix, as `/mixing-complete` carries them."""

    mixed_file_path: Key
    waveform_data_path: Key
    duration: Seconds
    sample_rate: SampleRate
    channels: Channels
    warnings: list[str]


class ComparisonResult(Struct, frozen=True, kw_only=True):
    """Facts about a comparison, as `/comparison-complete` carries them."""

    comparison_path: Key
    statuses: list[PairStatus]
    warnings: list[str]


class FailureResult(Struct, frozen=True, kw_only=True):
    """`result` of a failed job, for a stem, a mix and a comparison."""

    error: str
    error_code: Word
    error_message: str
    stage: str
    retryable: bool


class Completion(Struct, frozen=True, kw_only=True):
    """`POST /completion`: report how the job of one stem ended."""

    stem_id: Id = field(name="stemId")
    status: Status
    task_id: JobId
    result: JsonObject  # WaveformResult, DuplicateResult or FailureResult
    timestamp: str | None = None
    user_id: str | None = field(default=None, name="userId")
    track_id: str | None = field(default=None, name="trackId")
    upstream_id: str | None = field(default=None, name="upstreamId")
    original_filename: str | None = None
    processing_time: float | None = None
    audio_wave_path: str | None = None


class MixingComplete(SumResults, frozen=True, kw_only=True):
    """`POST /mixing-complete`: report how a mix ended; `result` only of a failure."""

    stage_id: Id = field(name="stageId")
    status: Literal["SUCCESS", "FAILURE"]
    task_id: JobId
    mixed_file_path: Key | None = None
    waveform_data_path: Key | None = None
    upstream_id: str | None = field(default=None, name="upstreamId")
    stem_count: Count | None = None  # a failed mix counts the stems that were asked for
    stem_paths: list[str] | None = None
    timestamp: str | None = None
    processing_time: float | None = None
    duration: Seconds | None = None
    sample_rate: SampleRate | None = None
    channels: Channels | None = None
    warnings: list[str] = field(default_factory=list)
    result: FailureResult | UnsetType = UNSET


class ComparisonComplete(Struct, frozen=True, kw_only=True):
    """`POST /comparison-complete`: report how a comparison ended."""

    stage_id: Id = field(name="stageId")
    status: Literal["SUCCESS", "FAILURE"]
    task_id: JobId
    comparison_path: Key | None = None
    statuses: list[PairStatus] = field(default_factory=list)  # in the order of `pairs`
    upstream_id: str | None = field(default=None, name="upstreamId")
    timestamp: str | None = None
    warnings: list[str] = field(default_factory=list)
    result: FailureResult | UnsetType = UNSET  # only of a failure
