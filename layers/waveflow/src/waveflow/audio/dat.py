"""Write audiowaveform's own data formats, bit for bit."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec, levels
from waveflow.audio.buckets import Extremes
from waveflow.audio.stream import Stream
from waveflow.errors import InvalidMessageError, TooManyChannelsError

MIN_SAMPLES_PER_PIXEL = 2
MAX_CHANNELS = 24  # of audiowaveform
FLAG_8_BITS = 1
BITS = (8, 16)
GROWTH = 65_536  # points


@dataclass(frozen=True, slots=True)
class WaveformData:
    """Minima and maxima as audiowaveform counts them.

    Parameters
    ----------
    sample_rate
        In Hz.
    samples_per_pixel
        Frames per point.
    bits
        8 or 16.
    channels
        1, or those of the source where they were split.
    data
        int8 or int16, shape (length, channels, 2): minimum and maximum.
    """

    sample_rate: int
    samples_per_pixel: int
    bits: int
    channels: int
    data: NDArray[np.int8] | NDArray[np.int16]

    @property
    def length(self) -> int:
        """Count the points."""
        return len(self.data)

    def dat(self, version: int | None = None) -> bytes:
        """Write the binary format.

        Parameters
        ----------
        version
            1 or 2; audiowaveform's choice (2 for several channels) if None.

        Returns
        -------
        bytes
            A whole .dat file.
        """
        version = version or (1 if self.channels == 1 else 2)
        flags = FLAG_8_BITS if self.bits == BITS[0] else 0
        head = struct.pack(
            "<iIiiI",
            version,
            flags,
            self.sample_rate,
            self.samples_per_pixel,
            self.length,
        )
        if version > 1:
            head += struct.pack("<i", self.channels)
        return head + self.data.astype(f"<i{self.bits // 8}", copy=False).tobytes()

    def json(self) -> bytes:
        """Write the JSON format.

        Returns
        -------
        bytes
            A whole .json file, minified, ending with a line feed.
        """
        document = {
            "version": 2,
            "channels": self.channels,
            "sample_rate": self.sample_rate,
            "samples_per_pixel": self.samples_per_pixel,
            "bits": self.bits,
            "length": self.length,
            "data": self.data.reshape(-1).tolist(),
        }
        return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def audiowaveform_data(
    path: Path,
    *,
    samples_per_pixel: int,
    bits: int = 8,
    split_channels: bool = False,
    deadline: float | None = None,
) -> WaveformData:
    """Compute what audiowaveform would.

    Parameters
    ----------
    path
        The file.
    samples_per_pixel
        At least 2.
    bits
        8 or 16.
    split_channels
        One waveform for each channel instead of their mix.
    deadline
        A value of `time.monotonic()` to end by.

    Returns
    -------
    WaveformData
        Of the whole file.

    Raises
    ------
    InvalidMessageError
        `samples_per_pixel` or `bits` is out of range.
    WaveflowError
        One of the audio errors.
    """
    if samples_per_pixel < MIN_SAMPLES_PER_PIXEL or bits not in BITS:
        raise InvalidMessageError(
            f"samples_per_pixel is {samples_per_pixel} (2 at least) "
            f"and bits is {bits} (8 or 16)."
        )
    stream = codec.open_audio(path)
    if stream.channels > MAX_CHANNELS:
        raise TooManyChannelsError(
            f"The file has {stream.channels} channels, "
            f"audiowaveform takes {MAX_CHANNELS}."
        )
    columns = _columns(
        stream, samples_per_pixel, split=split_channels, deadline=deadline
    )
    data = np.stack(columns, axis=1)
    return WaveformData(
        sample_rate=stream.sample_rate,
        samples_per_pixel=samples_per_pixel,
        bits=bits,
        channels=len(columns),
        data=levels.eight_bits(data) if bits == BITS[0] else data,
    )


def _columns(
    stream: Stream, spp: int, *, split: bool, deadline: float | None
) -> list[NDArray[np.int16]]:
    lanes = stream.channels if split else 1
    rows = [Extremes(GROWTH) for _ in range(lanes)]
    seen = 0
    for block in codec.blocks(stream, deadline=deadline):
        where = slice(seen // spp, -(-(seen + len(block)) // spp))
        starts = np.arange(where.start, where.stop, dtype=np.int64) * spp - seen
        starts[0] = 0
        for lane, row in enumerate(rows):
            part = block[:, lane : lane + 1] if split else block
            row.grow(where.stop)
            row.add(levels.summed(part, stream.rounding), where, starts=starts)
        seen += len(block)
    summed = 1 if split else stream.channels
    length = -(-seen // spp)
    return [
        levels.settled(
            row.interleaved()[: 2 * length], summed, rounding=stream.rounding
        ).reshape(-1, 2)
        for row in rows
    ]
