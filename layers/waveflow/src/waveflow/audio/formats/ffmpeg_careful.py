"""Decode packet by packet, past broken packets: FFmpeg's careful path.

Frames behind a skipped packet must stay at their time. Time stamps may claim
anything, so that a gap is never longer than something else in the file proves.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from waveflow.audio.formats import ogg
from waveflow.audio.formats.container import JITTER, Track, open_container, planes_of
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
    """Count the audio frames that are missing where packets were skipped."""

    def __init__(self, track: Track) -> None:
        self.broken = False
        self._source, self._kind = track.source, track.source.kind
        self._rate, self._end = track.sample_rate, track.first
        # The structure shows the length that has to be met: of Ogg by its pages, of
        # an MP3 that holds less than its header counts.
        length = track.length
        self._whole = length.whole and length.whole + length.lead
        self._given = 0
        self._longest = self._packet_bytes = self._tag_end = 0
        self._pages = 0, 0
        self._skipped = self._skipped_bytes = 0
        self._failed = False

    def skip(self, packet: "Packet[AudioStream]", *, failed: bool) -> None:
        """Note a packet from which the decoder gave no frame, perhaps silently."""
        if not (failed or self._longest):  # Vorbis and AAC give none at first
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
        return self._gap_by_stamps(at - self._end)

    def _gap_by_stamps(self, gap: int) -> int:
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


def read_blocks(track: Track) -> Iterator[Samples]:
    """Decode a whole file by FFmpeg; silence replaces packets that cannot be decoded.

    Yields
    ------
    Samples
        Shape (frames, channels).

    Raises
    ------
    CorruptAudioError
        Nothing could be decoded, or rate, channels or format change on the way.
    """
    gaps, is_exact = Gaps(track), track.length.is_exact
    with open_container(track.source) as (container, stream):
        stream.codec_context.thread_type = "NONE"
        if is_exact:  # the caller cuts off what is not heard, and FFmpeg must not
            stream.codec_context.flags2 |= SKIP_MANUAL
        frames = _decode_packets(container, stream, gaps=gaps, warnings=track.warnings)
        if is_exact:  # the first packet of Vorbis only prepares the second
            next(frames, None)
        size = BLOCK_SAMPLES // max(1, track.channels)
        yield from _join(_samples_of(track, frames), size)
    if gaps.broken:
        track.warnings.add(TRUNCATED)


def _decode_packets(
    container: "InputContainer",
    stream: "AudioStream",
    *,
    gaps: Gaps,
    warnings: set[str],
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
        warnings.add(TRUNCATED)
    if broken and not decoded:
        raise CorruptAudioError("No part of the sound can be decoded.") from broken


def _samples_of(
    track: Track, frames: Iterator["tuple[AudioFrame, int]"]
) -> Iterator[Samples]:
    """Yield the samples of each frame, one row a channel, behind silence for lost ones.

    Silence takes the memory of one sample, however long it is.
    """
    dtype = None
    for frame, lost in frames:
        if frame.rate != track.sample_rate:
            raise CorruptAudioError(
                f"The sample rate changes from {track.sample_rate} Hz "
                f"to {frame.rate} Hz."
            )
        samples = _fit_channels(planes_of(frame), track.channels)
        dtype = dtype or samples.dtype
        if samples.dtype != dtype:
            raise CorruptAudioError("The kind of samples changes within the file.")
        if lost:
            yield np.broadcast_to(np.zeros((), dtype), (track.channels, lost))
        yield samples


def _join(pieces: Iterator[Samples], frames: int) -> Iterator[Samples]:
    """Gather FFmpeg's small pieces into blocks of so many frames."""
    held: list[Samples] = []
    missing = frames
    for piece in pieces:
        while piece.shape[1] >= missing:
            yield np.concatenate([*held, piece[:, :missing]], axis=1).T
            piece, held, missing = piece[:, missing:], [], frames  # noqa: PLW2901
        held.append(piece)
        missing -= piece.shape[1]
    if missing < frames:
        yield np.concatenate(held, axis=1).T


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
