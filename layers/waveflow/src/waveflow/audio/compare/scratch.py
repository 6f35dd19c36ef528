"""Keep decoded channels on the disk, to be read from any frame on."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.mix.room import write_at
from waveflow.errors import ResourceLimitError

SAMPLE_BYTES = 4  # float32
STEP_FRAMES = 1 << 18


class Channels:
    """Keep the channels of one version at one sample rate, one scratch file each.

    Parameters
    ----------
    folder
        Takes the files, which have no names and vanish with the process.
    stack
        Its end closes the files, which frees their room on the disk.
    deadline
        A value of `time.monotonic()`; no frame is read after the deadline.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sample_rate: int,
        channels: int,
        stack: ExitStack,
        deadline: float | None,
    ) -> None:
        self.sample_rate = sample_rate
        self.frames = 0
        self._deadline = deadline
        self._files = [
            stack.enter_context(
                TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - by the stack
            )
            for _ in range(channels)
        ]

    @property
    def count(self) -> int:
        """Return the number of channels."""
        return len(self._files)

    def append(self, samples: NDArray[np.float32]) -> None:
        """Write the next samples, shape (frames, channels), behind the last ones."""
        for file, channel in zip(self._files, samples.T, strict=True):
            data = np.ascontiguousarray(channel).view(np.uint8).data
            write_at(file, data, self.frames * SAMPLE_BYTES)
        self.frames += len(samples)

    def read(self, channel: int, start: int, stop: int) -> NDArray[np.float32]:
        """Return the frames of a channel from `start` to `stop`.

        Returns
        -------
        NDArray
            Shape (stop - start,), with zeros before the first and after the last frame.

        Raises
        ------
        ResourceLimitError
            The deadline has passed.
        """
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise ResourceLimitError("Time ran out while two versions were compared.")
        samples = np.zeros(stop - start, np.float32)
        first, last = max(start, 0), min(stop, self.frames)
        if first < last:
            inside = samples[first - start : last - start].view(np.uint8).data
            at = first * SAMPLE_BYTES
            while inside.nbytes:
                count = os.preadv(self._files[channel].fileno(), [inside], at)
                inside, at = inside[count:], at + count
        return samples

    def equals(self, other: "Channels") -> bool:
        """Tell whether the channels of two versions have equal samples."""
        if (self.frames, self.count) != (other.frames, other.count):
            return False
        for start in range(0, self.frames, STEP_FRAMES):
            stop = min(start + STEP_FRAMES, self.frames)
            for channel in range(self.count):
                mine, others = (
                    each.read(channel, start, stop) for each in (self, other)
                )
                if not np.array_equal(mine, others):
                    return False
        return True

    def loudest(self, start: int, stop: int) -> float:
        """Return the largest magnitude of all channels from `start` to `stop`."""
        most = 0.0
        for first in range(max(start, 0), min(stop, self.frames), STEP_FRAMES):
            last = min(first + STEP_FRAMES, stop)
            for channel in range(self.count):
                samples = self.read(channel, first, last)
                most = max(most, float(np.abs(samples).max()))
        return most


@dataclass(frozen=True, slots=True)
class Pairing:
    """Pair the channels of two versions that are kept at one sample rate."""

    before: Channels
    after: Channels

    @property
    def sample_rate(self) -> int:
        """Return the sample rate of both versions in Hz."""
        return self.after.sample_rate

    @property
    def lanes(self) -> list[tuple[int, int]]:
        """Return the pairs of channels, before and after; mono is paired with all."""
        pairs = range(max(self.before.count, self.after.count))
        return [
            (min(each, self.before.count - 1), min(each, self.after.count - 1))
            for each in pairs
        ]
