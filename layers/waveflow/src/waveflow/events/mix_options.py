"""Define the options of a mix message, and what the result says about the mix."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from waveflow.audio.listen.findings import Loudness
from waveflow.events.fields import JsonObject, Key, Level, SampleRate, Seconds

MixChannels = Literal[1, 2]
# `MixFormat` of `audio/mix/settings.py` is a twin: its module loads NumPy, which the
# stage `notify` does without.
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


class LoudnessOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Target of a mix: its integrated loudness, and the ceiling of its true peak."""

    integrated: Loud
    true_peak: Ceiling = DEFAULT_CEILING


class MixOptions(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Channels, file format, sample rate and loudness of a mix.

    The rates `first` and `highest` are rates of stems that are not muted.
    """

    channels: MixChannels = 2
    format: MixFormat = "wav24"
    sample_rate: MixRate = "first"
    loudness: LoudnessOptions | UnsetType = UNSET

    @property
    def suffix(self) -> MixSuffix:
        """Return the ending of the mixed file's name and S3 key, without a dot."""
        return "flac" if self.format.startswith("flac") else "wav"


class StemOptions(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Level, place and time of one stem in a mix.

    A stem of one channel without `pan` goes to both sides unchanged.
    """

    path: Key
    gain_db: Gain = 0.0
    pan: Pan | UnsetType = UNSET
    mute: bool = False
    invert: bool = False
    offset_ms: Offset = 0.0


StemsOptions = Annotated[
    list[StemOptions],
    Meta(
        description="Options of stems in `stem_paths`, each stem once.",
        max_length=64,
    ),
]


class MixFacts(Struct, frozen=True, kw_only=True):
    """`mix` of `/mixing-complete`: options of the mix as used, and measured levels.

    `applied_gain_db` is the gain of the whole mix, `limiter_db` the largest reduction
    by the limiter. `loudness` is measured in the mixed file.
    """

    channels: MixChannels
    format: MixFormat
    sample_rate: SampleRate
    loudness_target: LoudnessOptions | None
    applied_gain_db: Decibels
    limiter_db: Annotated[float, Meta(description="In decibels.", ge=0, le=12)]
    loudness: Loudness


class StemFacts(Struct, frozen=True, kw_only=True):
    """Item of `stems` of `/mixing-complete`, in the order of `stem_paths`.

    `peak` is the largest magnitude that the stem adds to the mix. `duration` and
    `peak` of a muted stem are null, because the stage does not read its file.
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
