"""Define the JSON models of a mix request: the jobs to mix, and the options."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from waveflow.api.schemas import IdText, JsonObject, OutputOptions, refuse_fractions
from waveflow.events.mix_options import (
    DEFAULT_CEILING,
    MixChannels,
    MixFormat,
    MixRate,
    conflicting_mix_options,
)

Number = Annotated[float, Field(strict=True)]  # of JSON: neither text nor true
Switch = Annotated[bool, Field(strict=True)]


class Strict(BaseModel, frozen=True, extra="forbid"):
    """Base of models that refuse unknown members, as options of messages do."""


class LoudnessBody(Strict, frozen=True):
    """Target of a mix: its integrated loudness, and the ceiling of its true peak."""

    integrated: Number = Field(ge=-30, le=-8, description="LUFS.")
    true_peak: Number = Field(
        default=DEFAULT_CEILING, ge=-9, le=-0.5, description="dBTP."
    )


class MixOptionsBody(Strict, frozen=True):
    """Channels, file format, sample rate and loudness of a mix."""

    channels: Annotated[MixChannels, BeforeValidator(refuse_fractions)] = 2
    format: MixFormat = "wav24"
    sample_rate: Annotated[MixRate, BeforeValidator(refuse_fractions)] = Field(
        default="first",
        description="`first` and `highest` are rates of stems that are not muted.",
    )
    loudness: LoudnessBody | None = None


class MixStemBody(Strict, frozen=True):
    """Level, place and time of one job's file in a mix."""

    job_id: IdText
    gain_db: Number = Field(default=0, ge=-60, le=12, description="Decibels.")
    pan: Number | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="-1 is left, 1 is right. Without it, a mono file sounds "
        "unchanged on both sides.",
    )
    mute: Switch = False
    invert: Switch = False
    offset_ms: Number = Field(
        default=0,
        ge=-600_000,
        le=600_000,
        description="Milliseconds; a negative offset cuts the beginning.",
    )


class MixBody(OutputOptions, frozen=True, extra="forbid", strict=True):
    """Jobs whose files are to be mixed, and the options of the mix.

    A request with neither `mix` nor `stems` is a classic mix: the mono mean.
    """

    job_ids: list[IdText] = Field(min_length=1, max_length=64)
    mix: MixOptionsBody | None = Field(
        default=None, description="Channels, format, sample rate and loudness."
    )
    stems: list[MixStemBody] | None = Field(
        default=None,
        max_length=64,
        description="Options of jobs in `job_ids`, each job once.",
    )

    @property
    def choices(self) -> JsonObject:
        """Return the options and outputs that the request names, with job ids."""
        asked = self.model_dump(
            include={"mix", "stems"}, exclude_unset=True, exclude_none=True
        )
        return asked | self.outputs

    def message_fields(self, paths: list[str]) -> JsonObject:
        """Return the fields of the queue message; `paths` are the jobs' S3 keys."""
        fields = self.choices | {"stem_paths": paths}
        if "stems" in fields:
            path_of = dict(zip(self.job_ids, paths, strict=True))
            fields["stems"] = [
                {"path": path_of[each.pop("job_id")], **each}
                for each in fields["stems"]
            ]
        return fields

    def conflicts(self) -> Iterator[str]:
        """Yield the names of members that are valid, but do not fit together."""
        asked = self.choices
        stems = [{"path": each["job_id"], **each} for each in asked.get("stems", [])]
        for name in conflicting_mix_options(
            asked | {"stem_paths": self.job_ids, "stems": stems}
        ):
            yield name.replace("].path", "].job_id")
