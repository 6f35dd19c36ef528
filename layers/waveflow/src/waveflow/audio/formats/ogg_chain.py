"""Open Ogg Vorbis and Opus: the links of a chain are played one behind the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from waveflow.audio.formats import ffmpeg, ogg
from waveflow.audio.formats.container import Length, Source
from waveflow.audio.formats.head import refusal_of
from waveflow.audio.resample import resample
from waveflow.audio.stream import (
    BLOCK_SAMPLES,
    TRUNCATED,
    Kind,
    Rounding,
    Samples,
    Stream,
    check_sample_rate,
)
from waveflow.errors import CorruptAudioError, EmptyAudioError


def open_ogg(path: Path) -> Stream:
    """Open Ogg Vorbis or Opus.

    Raises
    ------
    UnsupportedMediaError
        There is video, or a link whose audio is not accepted.
    """
    links = ogg.read_links(path)
    _refuse_others(links)
    links = [link for link in links if link.codec]
    played = [link for link in links if link.packets] or links[:1]
    if len(played) > 1:
        stream = _open_chain(path, played)
    else:
        stream = _open_link(path, played[0], is_alone=len(links) == 1)
    if links[-1].cut or not links[-1].ended:
        stream.warnings.add(TRUNCATED)
    return stream


def _refuse_others(links: list[ogg.Link]) -> None:
    for link in links:
        found = link.film or (not link.codec and link.foreign)
        if found:
            raise refusal_of(found)


def _open_link(path: Path, link: ogg.Link, *, is_alone: bool) -> Stream:
    part = (0, 0) if is_alone else (link.start, link.stop)
    is_whole = link.ended and not link.cut and link.ordered
    is_exact = link.kind is Kind.OGG and is_whole
    length = Length(link.frames, link.lead, is_exact=is_exact and link.frames > 0)
    try:
        stream = ffmpeg.open_stream(Source(path, link.kind, *part), length)
    except CorruptAudioError as exc:
        if link.frames or link.cut:
            raise
        raise EmptyAudioError(f"The {link.kind} file holds headers alone.") from exc
    stream.frames = link.frames
    stream.splittable = link.has_true_stamps
    return stream


def _open_chain(path: Path, links: list[ogg.Link]) -> Stream:
    rate = links[0].counter.sample_rate
    for link in links:
        check_sample_rate(link.counter.sample_rate)
    stream = Stream(
        kind=links[0].kind,
        sample_rate=rate,
        channels=max(link.counter.channels for link in links),
        frames=sum(link.frames * rate // link.counter.sample_rate for link in links),
        rounding=Rounding.NEAREST,
        read=lambda _start, _samples: iter(()),
    )
    stream.read = _Chain(path, links, stream).read
    return stream


@dataclass(frozen=True, slots=True)
class _Chain:
    """Play links one behind the other, at the rate and channels of the stream."""

    path: Path
    links: list[ogg.Link]
    stream: Stream

    def read(self, start: int, samples: int) -> Iterator[Samples]:
        """Decode in blocks of so many samples, from the frame `start` on."""
        return ffmpeg.skip_frames(self._play(samples), start)

    def _play(self, samples: int) -> Iterator[Samples]:
        for link in self.links:
            rate, to = link.counter.sample_rate, self.stream.sample_rate
            blocks = self._read_link(link, samples)
            if rate != to:
                blocks = resample(blocks, self.stream.channels, rate=rate, to=to)
            yield from blocks

    def _read_link(self, link: ogg.Link, samples: int) -> Iterator[Samples]:
        """Decode one link; silence stands for what cannot be decoded of the chain."""
        done, channels = 0, np.arange(self.stream.channels)
        try:
            one = _open_link(self.path, link, is_alone=False)
            for block in one.read(0, samples):
                # Channels in turn: the mean of stereo in a wider chain stays its mean.
                yield block[:, channels % block.shape[1]]
                done += len(block)
            self.stream.warnings.update(one.warnings)
        except (CorruptAudioError, EmptyAudioError):
            if link is self.links[0] and not done:
                raise
            self.stream.warnings.add(TRUNCATED)
            yield from self._silence(link.frames - done)

    def _silence(self, frames: int) -> Iterator[Samples]:
        channels = self.stream.channels
        block = np.zeros((BLOCK_SAMPLES // channels, channels), np.float32)
        while frames > 0:
            yield block[:frames]
            frames -= len(block)
