"""Define the JSON models of a comparison request: pairs of jobs."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from waveflow.api.schemas import IdText, refuse_fractions
from waveflow.events.fields import MAX_NUM_PEAKS
from waveflow.events.messages import DEFAULT_NUM_PEAKS
from waveflow.events.pairs import MAX_PAIRS


class PairBody(BaseModel, frozen=True, extra="forbid", strict=True):
    """Jobs whose files are the older and the newer version of one recording."""

    before: IdText | None = Field(
        default=None, description="Null where the recording is new."
    )
    after: IdText | None = Field(
        default=None, description="Null where the recording is removed."
    )


def _refuse_empty(pair: PairBody) -> PairBody:
    if pair.before is None and pair.after is None:
        raise ValueError("no version")
    return pair


class CompareBody(BaseModel, frozen=True, extra="forbid", strict=True):
    """Pairs of jobs whose files are to be compared: uploads, or mixes."""

    pairs: list[Annotated[PairBody, AfterValidator(_refuse_empty)]] = Field(
        min_length=1, max_length=MAX_PAIRS
    )
    num_peaks: Annotated[int, BeforeValidator(refuse_fractions)] = Field(
        default=DEFAULT_NUM_PEAKS,
        ge=1,
        le=MAX_NUM_PEAKS,
        description="Number of values in `peaks_delta`.",
    )

    @property
    def job_ids(self) -> list[str]:
        """Return the ids of all jobs that the pairs name, each once, in their order."""
        named = (each for pair in self.pairs for each in (pair.before, pair.after))
        return list(dict.fromkeys(each for each in named if each is not None))
