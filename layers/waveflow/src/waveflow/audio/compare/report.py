"""Define the report of a compared pair, as a comparison document lists them.

Only msgspec is imported here: the stage notify may load this module without NumPy.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Status = Literal["same", "alike", "changed", "different", "new", "removed"]


class VersionFacts(Struct, frozen=True, kw_only=True):
    """Facts about one decoded version of a pair."""

    duration: float  # seconds
    sample_rate: int
    channels: int
    integrated: float | None  # LUFS; null below 400 ms and for silence


class Match(Struct, frozen=True, kw_only=True):
    """Passage that both versions hold, in seconds; matches rise in both versions."""

    before: float  # where the passage starts in the older version
    after: float
    seconds: float


class Region(Struct, frozen=True, kw_only=True):
    """Passage of the newer version that differs, in seconds from its start."""

    start: float
    end: float
    delta_db: float  # level against the older version, beyond the common gain
    residual_db: float  # what the older version does not explain, of the louder one


class PairReport(Struct, frozen=True, kw_only=True):
    """Report of one pair; the members from `offset_ms` on are of alike and changed.

    A null of these members says that both versions are silent, or that nothing of a
    band or channel is heard.
    """

    status: Status
    before: VersionFacts | None  # null of a new recording
    after: VersionFacts | None  # null of a removed recording
    offset_ms: float | UnsetType | None = UNSET  # of the longest match; after is later
    gain_db: float | UnsetType | None = UNSET  # after against before
    # Up to 250, 2,000, 6,000 and 14,000 Hz, relative to the gain.
    bands_db: list[float | None] | UnsetType = UNSET
    channels_db: list[float | None] | UnsetType = UNSET  # relative to the gain
    inverted: bool | UnsetType = UNSET  # a channel or all have the other polarity
    residual_db: float | UnsetType | None = UNSET  # of all matching passages
    matches: list[Match] | UnsetType = UNSET
    regions: list[Region] | UnsetType = UNSET  # the longest, in order of time
    regions_left_out: int | UnsetType = UNSET  # shorter ones beyond the limit
    # Largest magnitude of after, less the largest of before at the same place of the
    # music and at the same gain; 1.0 is the loudest sample of both versions.
    peaks_delta: list[float] | UnsetType = UNSET
