"""Choose a part of an audio file by seconds, as the decoder then reads alone."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from waveflow_local.paths import LocalError, UsageMistakeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waveflow.audio.stream import Samples, Stream


@dataclass(frozen=True)
class Region:
    """Name the part of a file that is drawn, in seconds from the file's start.

    Parameters
    ----------
    end
        None where the part ends with the file.
    """

    start: float = 0.0
    end: float | None = None

    def open_audio(self, path: Path) -> "Stream":
        """Open an audio file as if the file held nothing but this part."""
        from waveflow.audio import codec

        stream = codec.open_audio(path)
        return stream if self == WHOLE else self._cut(stream)

    def _cut(self, stream: "Stream") -> "Stream":
        first = round(self.start * stream.sample_rate)
        last = None if self.end is None else round(self.end * stream.sample_rate)
        if first >= stream.frames > 0:
            seconds = stream.frames / stream.sample_rate
            raise LocalError(f"The file ends at {seconds:.2f} s, before --start.")

        def read(start: int, samples: int) -> "Iterator[Samples]":
            position = first + start
            for block in stream.read(position, samples):
                part = block if last is None else block[: max(0, last - position)]
                if not len(part):
                    return
                yield part
                position += len(block)

        ends = [number for number in (stream.frames, last) if number]
        frames = max(0, min(ends) - first) if stream.frames else 0
        return replace(stream, frames=frames, read=read, splittable=False)


WHOLE = Region()


@dataclass(frozen=True)
class Density:
    """Say how many points audiowaveform's data have, by frames or by seconds.

    Parameters
    ----------
    per_second
        Points per second; None where the number of frames of a point is given.
    """

    frames: int
    per_second: int | None = None

    def frames_per_point(self, path: Path) -> int:
        """Return the frames of a point, for which a file's sample rate may be read."""
        if self.per_second is None:
            return self.frames
        from waveflow.audio import codec
        from waveflow.audio.waveform.canvas import MIN_SAMPLES_PER_PIXEL

        rate = codec.open_audio(path).sample_rate
        frames = rate // self.per_second
        if frames < MIN_SAMPLES_PER_PIXEL:
            most = rate // MIN_SAMPLES_PER_PIXEL
            raise UsageMistakeError(f"--pixels-per-second is {most} at most here.")
        return frames
