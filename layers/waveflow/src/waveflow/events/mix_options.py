"""Define how a message wants its mix to sound, and what the result says about it."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from waveflow.audio.listen.findings import Loudness
from waveflow.events.fields import JsonObject, Key, Level, SampleRate, Seconds

MixChannels = Literal[1, 2]
MixFormat = Literal["wav24", "wav16", "wav32f", "flac16", "flac24"]
MixSuffix = Literal["wav", "flac"]
MIX_SUFFIXES: tuple[MixSuffix, ...] = get_args(MixSuffix)
MixRate = Literal["first", "highest", 44_100, 48_000, 88_200, 96_000]
Loud = Annotated[float, Meta(description="In LUFS.", ge=-30, le=-8)]
Ceiling = Annotated[float, Meta(description="In dBTP.", ge=-9, le=-0.5)]
Gain = Annotated[float, Meta(description="In decibels.", ge=-60, le=12)]
Pan = Annotated[float, Meta(description="-1 is left, 1 is right.", ge=-1, le=1)]
Offset = Annotated[
    float,
    Meta(description="Milliseconds; a negative one cuts.", ge=-600_000, le=600_000),
]
Decibels = Annotated[float, Meta(description="In decibels.")]

DEFAULT_CEILING = -1.0


class LoudnessTarget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Integrated loudness that a mix is to reach, and the true peak to stay below."""

    integrated: Loud
    true_peak: Ceiling = DEFAULT_CEILING


class MixOptions(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Channels, file format, sample rate and loudness of a mix.

    `first` and `highest` mean stems that are not muted.
    """

    channels: MixChannels = 2
    format: MixFormat = "wav24"
    sample_rate: MixRate = "first"
    loudness: LoudnessTarget | UnsetType = UNSET

    @property
    def suffix(self) -> MixSuffix:
        """Return the suffix of the mix's file and S3 key."""
        return "flac" if self.format.startswith("flac") else "wav"


class StemOptions(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Level, place and time of one stem in a mix.

    Without `pan`, a stem of one channel sounds unchanged on both sides.
    """

    path: Key
    gain_db: Gain = 0.0
    pan: Pan | UnsetType = UNSET
    mute: bool = False
    invert: bool = False
    offset_ms: Offset = 0.0


StemsOptions = Annotated[
    list[StemOptions],
    Meta(description="Stems of `stem_paths`, each at most once.", max_length=64),
]


class MixFacts(Struct, frozen=True, kw_only=True):
    """`mix` of `/mixing-complete`: the options as used, and what they led to.

    `applied_gain_db` is the gain of the whole mix, `limiter_db` the deepest cut of
    the limiter. `loudness` was measured in the mixed file.
    """

    channels: MixChannels
    format: MixFormat
    sample_rate: SampleRate
    loudness_target: LoudnessTarget | None
    applied_gain_db: Decibels
    limiter_db: Annotated[float, Meta(description="In decibels.", ge=0, le=12)]
    loudness: Loudness


class StemFacts(Struct, frozen=True, kw_only=True):
    """One of `stems` of `/mixing-complete`, in the order of `stem_paths`.

    `peak` is the largest magnitude that the stem adds to the mix. A muted stem has
    neither duration nor peak, because nobody has read its file.
    """

    muted: bool
    duration: Seconds | None
    peak: Level | None
    warnings: list[str]


def conflicting_mix_options(values: JsonObject) -> Iterator[str]:
    """Yield the names of mix options that are valid, but do not fit together."""
    stems, paths = values.get("stems", []), values.get("stem_paths", [])
    named = [stem["path"] for stem in stems]
    for index, path in enumerate(named):
        if path not in paths or path in named[:index]:
            yield f"stems[{index}].path"
    if stems and sum(stem.get("mute", False) for stem in stems) == len(paths):
        yield "stems (all are muted)"
    if values.get("mix", {}).get("channels") == 1:
        for index, stem in enumerate(stems):
            if "pan" in stem:
                yield f"stems[{index}].pan (the mix has one channel)"
