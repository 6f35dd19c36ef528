"""Define the JSON models of the HTTP API: parameters, bodies and events."""

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import Header, Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
)

from waveflow.events.fields import MAX_NUM_PEAKS
from waveflow.events.messages import DEFAULT_NUM_PEAKS
from waveflow.events.options import (
    MAX_LEVELS,
    MAX_PIXEL,
    MIN_PIXEL,
    PreviewFormat,
    is_ladder,
)

Json: TypeAlias = Any  # a JSON value whose content nobody has checked
JsonObject: TypeAlias = dict[str, Any]
Status = Literal["processing", "completed", "failed"]
Outcome = Literal["SUCCESS", "DUPLICATE", "HELD", "FAILURE"]
IdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
TokenId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$", max_length=128)]
JobId = Annotated[str, Path(max_length=64)]
UploadId = Annotated[str, Path(max_length=4096)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="A repeated request with the same key returns the same job.",
    ),
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="Id of the last event received; later events follow.",
    ),
]


def refuse_fractions(value: object) -> object:
    """Return a value unchanged; a number of JSON must be an integer already."""
    if isinstance(value, bool | float):
        raise ValueError("no integer")  # noqa: TRY004 - pydantic reports a ValueError
    return value


def _check_ladder(levels: list[int]) -> list[int]:
    if not is_ladder(levels):
        raise ValueError("no ladder")
    return levels


def _refuse_twins(formats: list[PreviewFormat]) -> list[PreviewFormat]:
    if len(set(formats)) < len(formats):
        raise ValueError("a format twice")
    return formats


SamplesPerPixel = Annotated[
    int, Field(ge=MIN_PIXEL, le=MAX_PIXEL), BeforeValidator(refuse_fractions)
]
ZoomLevels = Annotated[
    list[SamplesPerPixel], Field(max_length=MAX_LEVELS), AfterValidator(_check_ladder)
]
Previews = Annotated[
    list[PreviewFormat], Field(max_length=2), AfterValidator(_refuse_twins)
]


class OutputOptions(BaseModel, frozen=True):
    """Outputs that a client asks for beside a waveform document."""

    zoom_levels: ZoomLevels | None = Field(
        default=None,
        description="Samples per pixel of up to three zoomable waveforms: rising, "
        "each a multiple of the number before.",
    )
    split_channels: bool = Field(
        default=False, description="Whether zoom levels show left and right apart."
    )
    previews: Previews | None = Field(
        default=None, description="Formats of small files to play, each at most once."
    )
    audio_id: bool | None = Field(
        default=None, description="Whether the result tells the identity of the sound."
    )

    @property
    def outputs(self) -> JsonObject:
        """Return what is asked for, as a queue message says it; else nothing."""
        waveform = {
            "zoom_levels": self.zoom_levels,
            "split_channels": self.split_channels or None,
        }
        waveform = {name: each for name, each in waveform.items() if each is not None}
        asked = {
            "waveform": waveform or None,
            "previews": self.previews,
            "audio_id": self.audio_id,
        }
        return {name: each for name, each in asked.items() if each is not None}


class JobOptions(OutputOptions, frozen=True):
    """Options that a client chooses for the job of one file."""

    num_peaks: int = Field(
        default=DEFAULT_NUM_PEAKS,
        ge=1,
        le=MAX_NUM_PEAKS,
        description="Number of values in `peaks`.",
    )
    verdict: Literal["none", "platform"] = Field(
        default="none",
        description="Whether the platform's server decides if this is a duplicate. "
        "With `none` the same bytes are answered from the job that had them before.",
    )
    analysis: bool = Field(
        default=False,
        description="Whether tempo and key are found too, as `result.analysis`.",
    )

    @property
    def choices(self) -> JsonObject:
        """Return every job option by its name; job ids follow from these values.

        An output that nobody asks for is absent, and changes no job id.
        """
        own = JobOptions.model_fields.keys() - OutputOptions.model_fields.keys()
        named = {n: getattr(self, n) for n in JobOptions.model_fields if n in own}
        return named | self.outputs

    @property
    def message_fields(self) -> JsonObject:
        """Return the job options that the queue message carries too."""
        return {
            name: value for name, value in self.choices.items() if name != "verdict"
        }


class AcceptedBody(BaseModel):
    """Response about a job that was started, or found by its bytes."""

    message: str
    job_id: str
    status: Literal["processing"] = "processing"
    cached: bool = False


class FailureBody(BaseModel):
    """Error code and sentence of a failed job."""

    code: str
    message: str


class ResultBody(BaseModel):
    """Current status, progress and result of a job."""

    status: Status
    token_id: str
    job_id: str
    progress: int
    message: str
    outcome: Outcome | None = None
    result: JsonObject | None = None
    error: FailureBody | None = None
    s3_url: str | None = None
    filename: str | None = None


class Progress(BaseModel, frozen=True):
    """Progress event of a job; `number` orders the events and never changes."""

    number: int
    job_id: str
    status: Status
    progress: int
    message: str
    state: str = ""
    at: str = ""
    outcome: Outcome | None = None
    result: JsonObject | None = None
    error: FailureBody | None = None

    @property
    def final(self) -> bool:
        """Tell whether this progress event is the job's last."""
        return self.status != "processing"


class Gone(BaseModel, frozen=True):
    """Last event of a job that can no longer be followed, with the cause."""

    job_id: str
    code: str
    message: str
    status: Literal["failed"] = "failed"

    @property
    def final(self) -> bool:
        """Return True: no progress event follows a job that is gone."""
        return True


class BeginUploadBody(JobOptions, frozen=True, extra="forbid", strict=True):
    """Name, size and job options of a large file that is about to be uploaded."""

    filename: str = Field(min_length=1, max_length=1024)
    size: int = Field(ge=0, le=1 << 50, description="Bytes.")
    multipart: bool = Field(
        default=False, description="Whether to upload in parts that can resume."
    )


class FormBody(BaseModel):
    """Presigned form to post to S3: these fields, then the file as `file`."""

    url: str
    fields: dict[str, str]


class PartBody(BaseModel):
    """Presigned URL to PUT one part: the file's bytes from `offset` on."""

    number: int
    offset: int
    size: int
    url: str


class UploadBody(BaseModel):
    """Presigned requests that upload a large file; `complete` then starts its job."""

    upload_id: str
    form: FormBody | None = None
    missing: list[PartBody] | None = None


class LinkBody(BaseModel):
    """Presigned URL of a file in S3, valid for ten minutes."""

    url: str


class HealthBody(BaseModel):
    """Response of a process that answers; AWS was not asked."""

    status: Literal["ok"] = "ok"


class NotedBody(BaseModel):
    """Response to the webhook of an external analysis server."""

    message: str
    job_id: str
    status: Literal["completed", "failed"]
    changed: bool


class Problem(BaseModel):
    """Body of every error response, from status 400 on."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
