"""Write audiowaveform's own data formats, bit for bit."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.stream import Block, Samples, Stream
from waveflow.audio.waveform import levels
from waveflow.audio.waveform.canvas import MIN_SAMPLES_PER_PIXEL
from waveflow.errors import InvalidMessageError, TooManyChannelsError

MAX_CHANNELS = 24  # audiowaveform's own limit
FLAG_8_BITS = 1
BITS = (8, 16)
PIECE = 65_536  # values of JSON text made at once

Points = NDArray[np.int8 | np.int16]


@dataclass(frozen=True, slots=True)
class WaveformData:
    """Hold the minima and maxima of audiowaveform, and write .dat and .json files.

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
        Shape (length, channels, 2): minimum and maximum.
    warnings
        Those of the decoder until the last point; sorted.
    """

    sample_rate: int
    samples_per_pixel: int
    bits: int
    channels: int
    data: Points
    warnings: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Return the number of min/max points of the waveform data."""
        return len(self.data)

    def dat(self, version: int | None = None) -> bytes:
        """Return the waveform data as the bytes of a whole .dat file.

        Parameters
        ----------
        version
            1 or 2; audiowaveform's choice (2 for several channels) if None.
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
        points = self.data.astype(f"<i{self.bits // 8}", copy=False)
        return b"".join((head, points.data))

    def json(self) -> bytes:
        """Return the waveform data as a whole .json file, ending with a line feed."""
        document = {
            "version": 2,
            "channels": self.channels,
            "sample_rate": self.sample_rate,
            "samples_per_pixel": self.samples_per_pixel,
            "bits": self.bits,
            "length": self.length,
            "data": [],
        }
        head, tail = json.dumps(document, separators=(",", ":")).split("[")
        values = self.data.reshape(-1)
        # Convert in pieces: a Python number takes ten times the memory of its text.
        texts = (
            ",".join(map(str, values[at : at + PIECE].tolist()))
            for at in range(0, len(values), PIECE)
        )
        return f"{head}[{','.join(texts)}{tail}\n".encode()


def audiowaveform_data(  # noqa: PLR0913 - one parameter per choice
    path: Path,
    *,
    samples_per_pixel: int,
    bits: int = 8,
    split_channels: bool = False,
    deadline: float | None = None,
    open_audio: Callable[[Path], Stream] = codec.open_audio,
) -> WaveformData:
    """Return the waveform data that audiowaveform computes of an audio file.

    Parameters
    ----------
    samples_per_pixel
        At least 2.
    bits
        8 or 16.
    split_channels
        One waveform for each channel instead of their mix.
    deadline
        A value of `time.monotonic()` to end by.
    open_audio
        Opens the file, or a part of the file as if that were all.

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
    stream = open_audio(path)
    if stream.channels > MAX_CHANNELS:
        raise TooManyChannelsError(
            f"The file has {stream.channels} channels, "
            f"audiowaveform takes {MAX_CHANNELS}."
        )
    level = ZoomLevel(stream, samples_per_pixel, bits=bits, split=split_channels)
    codec.decode_into(stream, [level], deadline=deadline)
    return level.finish()


class ZoomLevel:
    """Reduce decoded audio to one minimum and maximum for each run of frames.

    Parameters
    ----------
    samples_per_pixel
        The length of a run, in frames.
    """

    def __init__(
        self, stream: Stream, samples_per_pixel: int, *, bits: int, split: bool
    ) -> None:
        self._stream = stream
        self._run = samples_per_pixel
        self._bits, self._split = bits, split
        self._sums = levels.ChannelSums(stream.rounding)
        self._parts: list[Points] = []
        self._frames = 0

    def add(self, block: Block) -> None:
        """Reduce a block of samples to its min/max points at once."""
        samples, run = block.samples, self._run
        first, stop = self._frames // run, -(-(self._frames + len(samples)) // run)
        starts = np.arange(first, stop, dtype=np.int64) * run - self._frames
        starts[0] = 0
        points = self._points_of(samples, starts)
        if self._frames % run:  # the first point continues the last block's last point
            last = self._parts[-1][-1]
            np.minimum(last[:, 0], points[0, :, 0], out=last[:, 0])
            np.maximum(last[:, 1], points[0, :, 1], out=last[:, 1])
            points = points[1:]
        if len(points):
            self._parts.append(points)
        self._frames += len(samples)

    def finish(self) -> WaveformData:
        """Return the min/max points of all blocks as waveform data."""
        data: Points = np.concatenate(self._parts)
        return WaveformData(
            sample_rate=self._stream.sample_rate,
            samples_per_pixel=self._run,
            bits=self._bits,
            channels=data.shape[1],
            data=data,
            warnings=tuple(sorted(self._stream.warnings)),
        )

    def _points_of(self, samples: Samples, starts: NDArray[np.int64]) -> Points:
        """Return one min/max point for each start, shape (points, channels, 2)."""
        channels, rounding = self._stream.channels, self._stream.rounding
        sums = self._sums.lanes(samples) if self._split else [self._sums.of(samples)]
        extremes = np.stack(
            [np.stack(levels.fold(lane, starts), 1) for lane in sums], axis=1
        )
        points = levels.to_16_bits(
            extremes, 1 if self._split else channels, rounding=rounding
        )
        return levels.to_8_bits(points) if self._bits == BITS[0] else points
