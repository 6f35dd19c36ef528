"""Define the options of a message, and the results that each option brings."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from waveflow.events.fields import Count, JsonObject, Key, Seconds
from waveflow.events.mix_options import conflicting_mix_options

MIN_PIXEL, MAX_PIXEL = 64, 65_536  # frames in one min/max pair
MAX_LEVELS = 3

SamplesPerPixel = Annotated[
    int,
    Meta(description="Audio frames in one min/max pair.", ge=MIN_PIXEL, le=MAX_PIXEL),
]
ZoomLevels = Annotated[
    list[SamplesPerPixel],
    Meta(
        description="Rising, each a multiple of the number before; `[]` asks for none.",
        max_length=MAX_LEVELS,
    ),
]
PreviewFormat = Literal["opus", "mp3"]
Previews = Annotated[
    list[PreviewFormat],
    Meta(description="Each format at most once; `[]` asks for none.", max_length=2),
]
WantsAudioId = Annotated[
    bool, Meta(description="Whether the identity of the sound is wanted.")
]


class WaveformOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Zoomable waveforms that a message asks for, one file for each zoom level."""

    zoom_levels: ZoomLevels | UnsetType = UNSET
    split_channels: bool | UnsetType = UNSET


# Names of all options; a message with an option that its model lacks is refused.
OPTIONS = ("waveform", "previews", "audio_id", "mix", "stems")


class ZoomLevelFile(Struct, frozen=True, kw_only=True):
    """Zoom level of a waveform, stored as a file in audiowaveform's binary format."""

    samples_per_pixel: SamplesPerPixel
    path: Key
    bytes: Count
    length: Count  # min/max pairs of each channel
    channels: Annotated[int, Meta(ge=1, le=2)]


class PreviewFile(Struct, frozen=True, kw_only=True):
    """Small compressed file with the whole sound, for playing in a browser."""

    path: Key
    bytes: Count
    duration: Seconds


class PreviewFiles(Struct, frozen=True, kw_only=True):
    """Previews, one in each format that was asked for; null where a preview failed."""

    opus: PreviewFile | UnsetType | None = UNSET
    mp3: PreviewFile | UnsetType | None = UNSET


AudioId = Annotated[
    str,
    Meta(
        description="Equal strings: the same samples, or the same compressed packets.",
        pattern=r"^(pcm1|pkt1):[0-9a-f]{64}$(?!\n)",
    ),
]


class OptionalResults(Struct, frozen=True, kw_only=True):
    """Results of options: null where an output failed, absent where nobody asked.

    Samples per pixel of `zoom_levels` rise.
    """

    zoom_levels: list[ZoomLevelFile] | UnsetType | None = UNSET
    audio_id: AudioId | UnsetType | None = UNSET
    previews: PreviewFiles | UnsetType = UNSET


def zoom_name(samples_per_pixel: int, *, split: bool) -> str:
    """Return the file name of one zoom level, in S3 and beside a local document."""
    return f"{samples_per_pixel}{'_split' if split else ''}.dat"


def is_ladder(levels: Sequence[int]) -> bool:
    """Tell whether zoom levels rise, each a multiple of the level before."""
    return all(low < high and not high % low for low, high in pairwise(levels))


def conflicting_options(values: JsonObject) -> Iterator[str]:
    """Yield the names of options whose items are valid, but do not fit together."""
    waveform = values.get("waveform") or {}
    if not is_ladder(waveform.get("zoom_levels") or []):
        yield "waveform.zoom_levels"
    previews = values.get("previews") or []
    if len(set(previews)) < len(previews):
        yield "previews"
    yield from conflicting_mix_options(values)
