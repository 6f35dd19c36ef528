"""Decode packet by packet, past those that are broken."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from waveflow.audio.formats.container import Facts, opened, planes
from waveflow.audio.formats.gaps import Gaps
from waveflow.audio.stream import BLOCK_SAMPLES, TRUNCATED, Kind, Samples
from waveflow.errors import CorruptAudioError


def read_blocks(
    path: Path,
    kind: Kind,
    *,
    facts: Facts,
    warn: Callable[[str], None],
    whole: int = 0,
) -> Iterator[Samples]:
    """Decode a whole file; silence stands where packets cannot be decoded.

    Parameters
    ----------
    path
        The file.
    kind
        What its content is.
    facts
        As read before.
    warn
        Takes the code of a warning.
    whole
        The length that the structure shows and that has to be met, else 0.

    Yields
    ------
    Samples
        Shape (frames, channels); only valid until the next block.

    Raises
    ------
    CorruptAudioError
        Nothing could be decoded, or rate, channels or format change on the way.
    """
    joiner = _Joiner(facts)
    gaps = Gaps(
        path, kind, sample_rate=facts.sample_rate, first=facts.first, whole=whole
    )
    with opened(path, kind) as (container, stream):
        stream.thread_type = "NONE"
        for frame, lost in _frames(container, stream, gaps=gaps, warn=warn):
            yield from joiner.add(frame, lost=lost)
        yield from joiner.rest()
    if gaps.broken:
        warn(TRUNCATED)


def _frames(
    container: Any,  # PyAV is untyped here
    stream: Any,
    *,
    gaps: Gaps,
    warn: Callable[[str], None],
) -> Iterator[tuple[Any, int]]:
    """Give each frame, and how many samples are missing before it."""
    import av

    broken: av.error.FFmpegError | None = None
    decoded = 0
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError as exc:
                broken = exc
                gaps.skip(packet, failed=True)
                continue
            if not frames and packet.size:
                gaps.skip(packet, failed=False)
            for frame in frames:
                decoded += 1
                yield frame, gaps.before(frame, packet)
    except av.error.FFmpegError as exc:
        broken = exc
        warn(TRUNCATED)
    if broken and not decoded:
        raise CorruptAudioError(
            f"No packet can be decoded: {broken.strerror}"
        ) from broken


class _Joiner:
    """Gather small frames into blocks."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._block: Samples | None = None
        self._filled = 0

    def add(self, frame: Any, *, lost: int) -> Iterator[Samples]:  # PyAV is untyped
        samples = self._samples(frame)
        if lost:
            silence = np.zeros((len(samples), 1), samples.dtype)
            yield from self._put(np.broadcast_to(silence, (len(samples), lost)))
        yield from self._put(samples)

    def _put(self, samples: Samples) -> Iterator[Samples]:
        taken, total = 0, samples.shape[1]
        while taken < total:
            block = self._space(samples.dtype)
            count = min(block.shape[1] - self._filled, total - taken)
            stop = self._filled + count
            block[:, self._filled : stop] = samples[:, taken : taken + count]
            self._filled, taken = stop, taken + count
            if stop == block.shape[1]:
                yield from self.rest()

    def rest(self) -> Iterator[Samples]:
        if self._block is not None and self._filled:
            yield self._block[:, : self._filled].T
        self._filled = 0

    def _space(self, dtype: "np.dtype[Any]") -> Samples:
        if self._block is None:
            channels = self._facts.channels
            self._block = np.empty((channels, BLOCK_SAMPLES // channels), dtype)
        if self._block.dtype != dtype:
            raise CorruptAudioError(
                f"The samples change from {self._block.dtype} to {dtype}."
            )
        return self._block

    def _samples(self, frame: Any) -> Samples:  # PyAV is untyped here
        if frame.rate != self._facts.sample_rate:
            raise CorruptAudioError(
                f"The sample rate changes from {self._facts.sample_rate} Hz "
                f"to {frame.rate} Hz."
            )
        return _fit(planes(frame), self._facts.channels)


def _fit(samples: Samples, channels: int) -> Samples:
    """Spread or join channels where a file joined from two changes their number."""
    if len(samples) == channels:
        return samples
    if len(samples) == 1:
        return np.broadcast_to(samples, (channels, samples.shape[1]))
    if channels == 1:
        joined: Samples = samples.mean(axis=0, keepdims=True).astype(samples.dtype)
        return joined
    raise CorruptAudioError(
        f"The number of channels changes from {channels} to {len(samples)}."
    )
