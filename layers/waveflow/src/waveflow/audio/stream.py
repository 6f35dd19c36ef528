"""Define an opened audio file, and the listeners that take its decoded blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from waveflow.errors import BadSampleRateError

# Samples have the shape (frames, channels). int16: full scale 2^15; int32: 2^31;
# float32: 1.0.
Samples = NDArray[np.int16 | np.int32 | np.float32]
FULL_SCALE = {"i2": 2.0**15, "i4": 2.0**31, "f4": 1.0}  # by NumPy's type of sample

MIN_SAMPLE_RATE, MAX_SAMPLE_RATE = 4_000, 768_000
# Counted over all channels: many channels, short blocks.
BLOCK_SAMPLES = 131_072  # of one file that is drawn
SMALL_BLOCK_SAMPLES = 32_768  # of each of 64 stems: a decoder holds a dozen blocks
MAX_LEVEL = np.float32(1e30)  # so that sums of 64 stems stay finite

TRUNCATED = "TRUNCATED"
NON_FINITE_SAMPLES = "NON_FINITE_SAMPLES"
CHANNELS_MIXED = "CHANNELS_MIXED"

Found = TypeVar("Found", covariant=True)  # noqa: PLC0105 - only the protocol's


class Kind(StrEnum):
    """Name the container and codec families that WaveFlow accepts."""

    WAV = "wav"
    AIFF = "aiff"
    FLAC = "flac"
    MP3 = "mp3"
    OGG = "ogg"
    OPUS = "opus"
    M4A = "m4a"


# FFmpeg's demuxer for each kind, named so that FFmpeg does not probe the file.
DEMUXERS = {
    Kind.MP3: "mp3",
    Kind.OGG: "ogg",
    Kind.OPUS: "ogg",
    Kind.M4A: "mov",
    Kind.FLAC: "flac",
    Kind.WAV: "wav",
}
# Codecs that FFmpeg may decode for each kind; every other codec is refused.
CODECS = {
    Kind.MP3: ("mp1", "mp2", "mp3"),
    Kind.OGG: ("vorbis",),
    Kind.OPUS: ("opus",),
    Kind.M4A: ("aac", "alac"),
    Kind.FLAC: ("flac",),
    Kind.WAV: ("adpcm_ms", "adpcm_ima_wav", "gsm_ms", "mp3"),
}


class Rounding(Enum):
    """List the ways in which audiowaveform's decoders round a sample to 16 bits."""

    SHIFT = "the upper 16 bits of an integer"
    TRUNCATE = "x * 32767 towards zero, as it does with float files"
    NEAREST = "x * 32767 to the nearest, as libsndfile does"
    FLOOR = "x * 32768 downwards, as libmad does"


@dataclass(slots=True)
class Stream:
    """Carry the facts about one opened audio file, and the decoder that reads it.

    Parameters
    ----------
    frames
        The best guess of the length before decoding; only a guess.
    rounding
        How 16-bit values for audiowaveform's data come about.
    read
        Starts a decoder of its own at a frame and yields blocks of so many
        samples, each valid until the next.
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
    read: Callable[[int, int], Iterator[Samples]]
    splittable: bool = False
    warnings: set[str] = field(default_factory=set)


class Sums(NamedTuple):
    """Hold the sum of all channels of each audio frame.

    Parameters
    ----------
    values
        Shape (frames,).
    shift
        The number of lowest bits that are not part of the sum; they do not change
        the order.
    """

    values: Samples
    shift: int = 0


@dataclass(eq=False)
class Block:
    """Hand one decoded block to every listener: raw, finite, and as floats.

    Parameters
    ----------
    decoded
        Shape (frames, channels), floats perhaps NaN or infinite; only valid until
        the next block.
    sample_rate
        In Hz.
    warnings
        Takes NON_FINITE_SAMPLES.
    sums
        Takes the sums of channels from the first listener that adds them up.
    """

    decoded: Samples
    sample_rate: int
    warnings: set[str] = field(default_factory=set)
    sums: Sums | None = None

    @cached_property
    def samples(self) -> Samples:
        """Return the samples with 0 for NaN and infinity, and all others bounded."""
        block = self.decoded
        if block.dtype != np.float32:
            return block
        # A NaN makes both comparisons false.
        if block.max(initial=0) <= MAX_LEVEL and block.min(initial=0) >= -MAX_LEVEL:
            return block
        finite = np.isfinite(block)
        if not finite.all():
            self.warnings.add(NON_FINITE_SAMPLES)
        return np.clip(np.where(finite, block, np.float32(0)), -MAX_LEVEL, MAX_LEVEL)

    @cached_property
    def planar(self) -> NDArray[np.float32]:
        """Convert the samples to floats, once for all listeners that ask.

        Returns
        -------
        NDArray
            Shape (channels, frames), in units of full scale; never a view.
        """
        x = np.empty(self.samples.shape[::-1], np.float32)
        scale = np.float32(1 / FULL_SCALE[self.samples.dtype.str[1:]])
        np.multiply(self.samples.T, scale, out=x, casting="same_kind")
        return x


class Listener(Protocol[Found]):
    """Take every decoded block of a file, in order, and return a finding at the end."""

    def add(self, block: Block) -> None:
        """Take in the next block of decoded samples."""
        ...

    def finish(self) -> Found:
        """Return the finding about the whole file, after the last block."""
        ...


def check_sample_rate(sample_rate: int) -> None:
    """Raise `BadSampleRateError` for a sample rate in Hz that is not accepted."""
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise BadSampleRateError(
            f"The sample rate is {sample_rate} Hz, accepted are "
            f"{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz."
        )
