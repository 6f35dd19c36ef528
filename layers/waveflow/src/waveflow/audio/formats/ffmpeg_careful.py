"""Decode packet by packet, past broken packets: FFmpeg's careful path.

Frames behind a skipped packet must stay at their time. Time stamps may claim
anything, so that a gap is never longer than something else in the file proves.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from waveflow.audio.formats import ogg
from waveflow.audio.formats.container import (
    JITTER,
    UNKNOWN,
    Facts,
    Length,
    Source,
    open_container,
    planes_of,
)
from waveflow.audio.formats.head import id3_size
from waveflow.audio.stream import BLOCK_SAMPLES, TRUNCATED, Kind, Samples
from waveflow.errors import CorruptAudioError

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream, Packet
    from av.container import InputContainer

# FFmpeg's flag by that name: samples that the container cuts off are decoded.
SKIP_MANUAL = 1 << 29
# Raw streams: junk behind the last frame comes as a packet, too.
UNFRAMED = (Kind.MP3, Kind.FLAC)


class Gaps:
    """Count the audio frames that are missing where packets were skipped.

    Parameters
    ----------
    whole
        The length in frames, where the structure shows it and has to be met: of
        Ogg by its pages, of an MP3 that holds less than its header counts.
    """

    def __init__(self, source: Source, facts: Facts, *, whole: int) -> None:
        self.broken = False
        self._source, self._kind = source, source.kind
        self._rate, self._whole = facts.sample_rate, whole
        self._end = facts.first
        self._given = 0
        self._longest = self._packet_bytes = self._tag_end = 0
        self._pages = 0, 0
        self._skipped = self._skipped_bytes = 0
        self._failed = False

    def skip(self, packet: "Packet[AudioStream]", *, failed: bool) -> None:
        """Note a packet from which the decoder gave no frame, perhaps silently."""
        if (
            not failed and not self._longest
        ):  # decoders of Vorbis and AAC give none at first
            return
        position = packet.pos or 0
        if self._kind is Kind.WAV and packet.size == 1:
            return  # a pad byte that the size of the samples counts
        if self._kind is Kind.MP3:
            self._tag_end = max(self._tag_end, position + id3_size(bytes(packet)))
            if position < self._tag_end:
                return
        self._skipped += 1
        self._skipped_bytes += packet.size
        self._failed = self._failed or failed
        self.broken = self.broken or (failed and self._kind not in UNFRAMED)

    def before(self, frame: "AudioFrame", packet: "Packet[AudioStream]") -> int:
        """Return the number of audio frames missing before a decoded frame."""
        if packet.pos not in (None, self._pages[1]):
            self._pages = self._pages[1], packet.pos
        at = self._end
        if frame.pts is not None:
            at = round(frame.pts * (frame.time_base or 0) * self._rate)
        self._longest = max(self._longest, frame.samples)
        lost = self._count_lost(at)
        self.broken = self.broken or lost > 0 or self._failed
        self._failed, self._skipped, self._skipped_bytes = False, 0, 0
        self._packet_bytes = packet.size
        self._end = at + frame.samples
        self._given += lost + frame.samples
        return lost

    def _count_lost(self, at: int) -> int:
        if not self._given and self._kind in UNFRAMED:
            # Junk in front of the first frame: nothing stood there.
            self._failed = False
            return 0
        if self._kind is Kind.MP3:
            return self._gap_by_sizes()
        return self._gap_by_stamps(at)

    def _gap_by_stamps(self, at: int) -> int:
        gap = at - self._end
        most = self._skipped * self._longest
        if not most and self._whole and gap > JITTER:
            # A single stamp may be wrong although every page is there.
            offsets = (self._source.start + page for page in self._pages)
            if not ogg.is_page_lost(self._source.path, *offsets):
                return 0
            most = self._whole - self._given
        return max(0, min(gap, most))

    def _gap_by_sizes(self) -> int:
        # A stamp counts a packet of junk as one frame, however long it is.
        if not self._whole or not self._packet_bytes:
            return 0
        frames = round(self._skipped_bytes / self._packet_bytes) * self._longest
        return max(0, min(frames, self._whole - self._given))


def read_blocks(
    source: Source,
    *,
    facts: Facts,
    warn: Callable[[str], None],
    length: Length = UNKNOWN,
) -> Iterator[Samples]:
    """Decode a whole file by FFmpeg; silence replaces packets that cannot be decoded.

    Parameters
    ----------
    warn
        Takes the code of a warning.
    length
        Where exact, the caller cuts off what is not heard, and FFmpeg must not.

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
    gaps = Gaps(source, facts, whole=length.whole and length.whole + length.lead)
    with open_container(source) as (container, stream):
        stream.codec_context.thread_type = "NONE"
        if length.is_exact:
            stream.codec_context.flags2 |= SKIP_MANUAL
        frames = _decode_packets(container, stream, gaps=gaps, warn=warn)
        if length.is_exact:  # the first packet of Vorbis only prepares the second
            next(frames, None)
        for frame, lost in frames:
            yield from joiner.add(frame, lost=lost)
        yield from joiner.rest()
    if gaps.broken:
        warn(TRUNCATED)


def _decode_packets(
    container: "InputContainer",
    stream: "AudioStream",
    *,
    gaps: Gaps,
    warn: Callable[[str], None],
) -> Iterator["tuple[AudioFrame, int]"]:
    """Yield each decoded frame, with the number of samples missing before it."""
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
        raise CorruptAudioError("No part of the sound can be decoded.") from broken


class _Joiner:
    """Gather FFmpeg's small frames into blocks, with silence for lost frames."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._block: Samples | None = None
        self._filled = 0

    def add(self, frame: "AudioFrame", *, lost: int) -> Iterator[Samples]:
        samples = self._samples_of(frame)
        if lost:
            silence = np.zeros((len(samples), 1), samples.dtype)
            yield from self._append(np.broadcast_to(silence, (len(samples), lost)))
        yield from self._append(samples)

    def _append(self, samples: Samples) -> Iterator[Samples]:
        taken, total = 0, samples.shape[1]
        while taken < total:
            block = self._open_block(samples.dtype)
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

    def _open_block(self, dtype: "np.dtype[np.generic]") -> Samples:
        if self._block is None:
            channels = self._facts.channels
            self._block = np.empty((channels, BLOCK_SAMPLES // channels), dtype)
        if self._block.dtype != dtype:
            raise CorruptAudioError("The kind of samples changes within the file.")
        return self._block

    def _samples_of(self, frame: "AudioFrame") -> Samples:
        if frame.rate != self._facts.sample_rate:
            raise CorruptAudioError(
                f"The sample rate changes from {self._facts.sample_rate} Hz "
                f"to {frame.rate} Hz."
            )
        return _fit_channels(planes_of(frame), self._facts.channels)


def _fit_channels(samples: Samples, channels: int) -> Samples:
    """Repeat or average channels where their number changes within a file."""
    if len(samples) == channels:
        return samples
    if len(samples) == 1:
        return np.broadcast_to(samples, (channels, samples.shape[1]))
    if channels == 1:
        # A mean would silence stereo in anti-phase.
        loudest = np.abs(samples.astype(np.float64)).argmax(axis=0)
        return np.take_along_axis(samples, loudest[None], axis=0)
    raise CorruptAudioError(
        f"The number of channels changes from {channels} to {len(samples)}."
    )
