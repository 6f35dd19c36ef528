"""Say what every decoder offers: facts about a stream, and its blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from numpy.typing import NDArray

# Shape (frames, channels). int16: full scale 2^15; int32: 2^31; float32: 1.0.
Samples = NDArray[Any]

BLOCK_SAMPLES = 131_072  # counted over all channels: many channels, short blocks

TRUNCATED = "TRUNCATED"
NON_FINITE_SAMPLES = "NON_FINITE_SAMPLES"


class Kind(StrEnum):
    """A container and codec family that WaveFlow accepts."""

    WAV = "wav"
    AIFF = "aiff"
    FLAC = "flac"
    MP3 = "mp3"
    OGG = "ogg"
    OPUS = "opus"
    M4A = "m4a"


class Rounding(Enum):
    """How audiowaveform's own decoder turns a sample into 16 bits."""

    SHIFT = "the upper 16 bits of an integer"
    TRUNCATE = "x * 32767 towards zero, as it does with float files"
    NEAREST = "x * 32767 to the nearest, as libsndfile does"
    FLOOR = "x * 32768 downwards, as libmad does"


@dataclass(slots=True)
class Stream:
    """One opened file.

    Parameters
    ----------
    kind
        What the content is.
    sample_rate
        In Hz.
    channels
        Of the source.
    frames
        The best guess of the length before decoding; only a guess.
    rounding
        How 16-bit values for audiowaveform's data come about.
    read
        Starts a decoder of its own at a frame and yields blocks, each valid
        until the next.
    splittable
        Whether decoding from any frame on gives the same bits as from the start.
    warnings
        Filled while reading.
    """

    kind: Kind
    sample_rate: int
    channels: int
    frames: int
    rounding: Rounding
    read: Callable[[int], Iterator[Samples]]
    splittable: bool = False
    warnings: set[str] = field(default_factory=set)
