"""Describe what routes take and answer, for OpenAPI."""

from typing import Annotated, Any, Literal

from fastapi import Header, Path, Query
from pydantic import BaseModel, Field, StringConstraints

IdText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
TokenId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$", max_length=128)]
JobId = Annotated[str, Path(max_length=64)]
UploadId = Annotated[str, Path(max_length=4096)]
NumPeaks = Annotated[int, Query(ge=1, le=4000, description="Values in `peaks`.")]
Verdict = Annotated[
    Literal["none", "platform"],
    Query(
        description="Whether the platform's server decides if this is a duplicate. "
        "With `none` the same bytes are answered from the job that had them before."
    ),
]
Analysis = Annotated[
    bool,
    Query(description="Whether tempo and key are found too, as `result.analysis`."),
]
RepeatKey = Annotated[
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


class AcceptedBody(BaseModel):
    """A job that was started, or found."""

    message: str
    job_id: str
    status: Literal["processing"] = "processing"
    cached: bool = False


class FailureBody(BaseModel):
    """Why a job failed."""

    code: str
    message: str


class ResultBody(BaseModel):
    """A job as it is now."""

    status: Literal["processing", "completed", "failed"]
    token_id: str
    job_id: str
    progress: int
    message: str
    outcome: Literal["SUCCESS", "DUPLICATE", "HELD", "FAILURE"] | None = None
    result: dict[str, Any] | None = None
    error: FailureBody | None = None
    s3_url: str | None = None
    filename: str | None = None


class WishBody(BaseModel):
    """A large file that is about to be sent."""

    filename: str = Field(min_length=1, max_length=1024)
    size: int = Field(ge=0, le=1 << 50, description="Bytes.")
    multipart: bool = Field(default=False, description="In parts that can resume.")
    num_peaks: int = Field(default=1024, ge=1, le=4000)
    verdict: Literal["none", "platform"] = "none"
    analysis: bool = False


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
    """How to send a large file; `complete` then starts its job."""

    upload_id: str
    form: FormBody | None = None
    missing: list[PartBody] | None = None


class MixBody(BaseModel):
    """Jobs whose files are to be mixed, the first one's sample rate for all."""

    job_ids: list[IdText] = Field(min_length=1, max_length=64)


class NotedBody(BaseModel):
    """What became of an outside analysis server's webhook."""

    message: str
    job_id: str
    status: Literal["completed", "failed"]
    changed: bool
