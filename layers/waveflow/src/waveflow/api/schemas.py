"""Define every shape that goes over HTTP: parameters, bodies and events."""

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import Header, Path
from pydantic import BaseModel, Field, StringConstraints

from waveflow.events.messages import DEFAULT_NUM_PEAKS

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
        description="A request with the same key is the same job.",
    ),
]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="Where to go on.")
]


class JobOptions(BaseModel, frozen=True):
    """Choices of a client about the job of one file."""

    num_peaks: int = Field(
        default=DEFAULT_NUM_PEAKS, ge=1, le=4000, description="Values in `peaks`."
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
        """Return every choice by its name, in the order of the model."""
        return {name: getattr(self, name) for name in JobOptions.model_fields}

    @property
    def message_fields(self) -> JsonObject:
        """Return the choices that the job's message carries under the same names."""
        return {
            name: value for name, value in self.choices.items() if name != "verdict"
        }


class AcceptedBody(BaseModel):
    """A job that was started, or found."""

    message: str
    job_id: str
    status: Literal["processing"] = "processing"
    cached: bool = False


class FailureBody(BaseModel):
    """Code and sentence of the failure of a job."""

    code: str
    message: str


class ResultBody(BaseModel):
    """A job as it is now."""

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
    """Moment of a job; `number` orders the moments and never changes."""

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
        """Tell whether no moment follows."""
        return self.status != "processing"


class Gone(BaseModel, frozen=True):
    """Last event of a job that can be followed no further, with the cause."""

    job_id: str
    code: str
    message: str
    status: Literal["failed"] = "failed"

    @property
    def final(self) -> bool:
        """Return True: no moment follows."""
        return True


class BeginUploadBody(JobOptions, frozen=True):
    """A large file that is about to be sent."""

    filename: str = Field(min_length=1, max_length=1024)
    size: int = Field(ge=0, le=1 << 50, description="Bytes.")
    multipart: bool = Field(default=False, description="In parts that can resume.")


class FormBody(BaseModel):
    """A form to post to S3: these fields, then the file as `file`."""

    url: str
    fields: dict[str, str]


class PartBody(BaseModel):
    """A part to put: the file's bytes from `offset` on."""

    number: int
    offset: int
    size: int
    url: str


class UploadBody(BaseModel):
    """Signed requests that send a large file; `complete` then starts its job."""

    upload_id: str
    form: FormBody | None = None
    missing: list[PartBody] | None = None


class MixBody(BaseModel):
    """Jobs whose files are to be mixed, the first one's sample rate for all."""

    job_ids: list[IdText] = Field(min_length=1, max_length=64)


class NotedBody(BaseModel):
    """Answer to the webhook of an external analysis server."""

    message: str
    job_id: str
    status: Literal["completed", "failed"]
    changed: bool


class Problem(BaseModel):
    """Body of every answer from 400 on."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
