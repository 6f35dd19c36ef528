"""Sum the stems of a mix in a file, after which the stems can be removed."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.codec import MAX_SECONDS
from waveflow.audio.mix.room import (
    check_room,
    check_time,
    most_frames,
    translate_full_disk,
)
from waveflow.audio.mix.settings import MixSettings, StemSource, mix_rate
from waveflow.audio.mix.stem import Stem, StemFindings, open_source
from waveflow.audio.mix.total import SUM_BYTES, Total
from waveflow.errors import EmptyAudioError, InvalidMessageError


@dataclass(frozen=True, slots=True)
class StemSum:
    """Hold the sum of stems, as float32 in a file without a name.

    Parameters
    ----------
    total
        The samples; 1.0 is full scale of one stem.
    sample_rate
        In Hz.
    folder
        On the disk of the sum.
    stems
        One item for each stem, in their order.
    """

    total: Total
    sample_rate: int
    channels: int
    folder: Path
    stems: tuple[StemFindings, ...]

    @property
    def frames(self) -> int:
        """Return the length of the sum."""
        return self.total.frames

    def blocks(
        self, *, deadline: float | None = None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the sum from its start, step by step.

        Yields
        ------
        tuple
            The step's first frame, and its samples, shape (frames, channels): they may
            be changed, and are only valid until the next step.
        """
        step = np.empty((self.total.step_frames, self.channels), np.float32)
        for at in range(0, self.frames, len(step)):
            check_time(deadline, at)
            yield at, step[: self.total.read(at, step)]


@contextmanager
def sum_stems(
    sources: Sequence[StemSource],
    settings: MixSettings,
    folder: Path,
    *,
    deadline: float | None = None,
) -> Iterator[StemSum]:
    """Decode every stem once, and sum them on the disk until the context ends.

    The stems' files are not read any more once the sum is there.

    Parameters
    ----------
    sources
        At least one: all stems that are not muted.
    folder
        Takes the sum, 4 bytes for each sample, in a file without a name.
    deadline
        A value of `time.monotonic()` to end by.

    Raises
    ------
    AudioTooLongError
        The sum exceeds 4 GiB.
    EmptyAudioError
        The offsets cut all stems away.
    ResourceLimitError
        The disk is full, or time ran out.
    WaveflowError
        One of the audio errors, naming the stem.
    """
    if not sources:
        raise InvalidMessageError("A mix needs a stem that is not muted.")
    stems, rate = _open(sources, settings, deadline=deadline)
    channels = settings.channels
    sum_bytes = channels * SUM_BYTES
    most = min(most_frames(sum_bytes), MAX_SECONDS * rate)
    check_room(
        max(stem.seekable_frames for stem in stems),
        folder,
        most=most,
        frame_bytes=sum_bytes + settings.frame_bytes,
    )
    with tempfile.TemporaryFile(dir=folder, buffering=0) as scratch:
        total = Total(scratch, most=most, channels=channels)
        with translate_full_disk():
            total.add(stems)
        if not total.frames:
            raise EmptyAudioError("The offsets of the stems leave nothing to mix.")
        findings = tuple(stem.findings() for stem in stems)
        yield StemSum(total, rate, channels, folder, findings)


def _open(
    sources: Sequence[StemSource], settings: MixSettings, *, deadline: float | None
) -> tuple[list[Stem], int]:
    """Open the stems' files at the rate of the mix, which is returned too."""
    streams = [open_source(source) for source in sources]
    rate = mix_rate(settings, [stream.sample_rate for stream in streams])
    stems = [
        Stem(
            stream,
            source,
            sample_rate=rate,
            channels=settings.channels,
            measure=True,
            deadline=deadline,
        )
        for stream, source in zip(streams, sources, strict=True)
    ]
    return stems, rate
