"""Open an audio container with FFmpeg's libraries; refuse codecs not listed.

PyAV is imported only by this module and by both FFmpeg paths, and only for kinds
that need FFmpeg: the import costs 30 ms at start.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from waveflow.audio.formats import mp4
from waveflow.audio.formats.head import refusal_of
from waveflow.audio.stream import CODECS, DEMUXERS, Kind, Samples
from waveflow.errors import CorruptAudioError, EmptyAudioError

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream, VideoStream
    from av.container import InputContainer

# A frame has room for eight planes in itself, so a null pointer behind seven.
_PLANES_WITHIN = 7
# (8192 - 64) / 4: a Vorbis stamp does not know how its first windows overlap.
JITTER = 2_048
# A crafted file must not name another file, and no file may be a playlist.
WHITELIST = "protocol_whitelist"
# Codecs of covers: some taggers store one picture without any mark.
PICTURES = ("mjpeg", "png", "bmp", "gif", "tiff", "webp")


@dataclass(frozen=True, slots=True)
class Source:
    """Name what FFmpeg opens: a file, or one link of an Ogg chain.

    Parameters
    ----------
    start, stop
        The offsets of the part; the whole file where `stop` is 0.
    """

    path: Path
    kind: Kind
    start: int = 0
    stop: int = 0

    @property
    def url(self) -> str:
        """Return the part's URL, so that FFmpeg takes its name for nothing else."""
        whole = f"file:{self.path}"
        if not self.stop:
            return whole
        return f"subfile,,start,{self.start},end,{self.stop},,:{whole}"

    @property
    def protocols(self) -> str:
        """Return FFmpeg's whitelist, with which this file and nothing else opens."""
        return "file,subfile" if self.stop else "file"


@dataclass(frozen=True, slots=True)
class Length:
    """Say what the structure of a file shows of its length.

    Parameters
    ----------
    whole
        The frames that have to be met, 0 where they are not known.
    lead
        Decoded frames in front that are not heard.
    is_exact
        Whether frames beyond `whole` are not heard.
    """

    whole: int = 0
    lead: int = 0
    is_exact: bool = False


UNKNOWN = Length()


@dataclass(slots=True)
class Track:
    """Hold the claims of an audio container; 0 stands for an unknown one.

    Parameters
    ----------
    first
        The time stamp of the first frame, in frames.
    index
        The number of the audio stream in the container.
    """

    source: Source
    sample_rate: int
    channels: int
    frames: int
    first: int
    index: int
    length: Length = UNKNOWN
    warnings: set[str] = field(default_factory=set)


@contextmanager
def open_container(source: Source) -> Iterator["tuple[InputContainer, AudioStream]"]:
    """Open an audio container with FFmpeg, and choose its audio stream.

    Raises
    ------
    CorruptAudioError
        The container cannot be read or holds no audio.
    EmptyAudioError
        The container holds neither a stream nor media.
    UnsupportedMediaError
        The codec inside is not accepted, is encrypted, or there is video.
    """
    import av

    kind = source.kind
    try:
        container = av.open(
            source.url,
            format=DEMUXERS[kind],
            container_options={WHITELIST: source.protocols},
            metadata_errors="ignore",
        )
    except (av.error.FFmpegError, ValueError) as exc:
        raise CorruptAudioError(
            f"The {kind} file is damaged or incomplete: it cannot be opened."
        ) from exc
    with container:
        if kind is Kind.M4A:
            _check_mp4(source.path, container)
        yield container, _find_stream(container, kind)


def _check_mp4(path: Path, container: "InputContainer") -> None:
    """Refuse an MPEG-4 file that is empty, holds video, or is encrypted."""
    if not container.streams and mp4.is_empty(path):
        raise EmptyAudioError("The m4a file holds no frame of audio.")
    for video in container.streams.video:
        if not _is_picture(video):
            name = video.codec_context.name if video.codec_context else "unknown"
            raise refusal_of(f"{name} video")
    protection = mp4.find_protection(path)
    if protection:
        raise refusal_of(f"protected by DRM ({protection})")


def _is_picture(video: "VideoStream") -> bool:
    """Tell whether a video stream is a cover, the pictures of chapters, or a still."""
    from av.stream import Disposition

    marks = Disposition.attached_pic | Disposition.timed_thumbnails
    # A member of a flag is true in itself: only `&` asks the stream.
    if video.disposition & marks:
        return True
    name = video.codec_context.name if video.codec_context else ""
    # Fragments are counted by no table, but their pictures are indexed.
    pictures = max(video.frames, len(video.index_entries))
    return name in PICTURES and pictures <= 1


def _find_stream(container: "InputContainer", kind: Kind) -> "AudioStream":
    """Return the first audio stream of an accepted codec."""
    names = []
    for stream in container.streams.audio:
        context = stream.codec_context
        name = context.codec.canonical_name if context else "an unknown codec"
        if name in CODECS[kind]:
            return stream
        names.append(name)
    if not names:
        raise CorruptAudioError(f"The {kind} file holds no audio stream.")
    raise refusal_of(f"{names[0]} in {kind}")


def read_track(source: Source) -> Track:
    """Read an audio container's claims before decoding."""
    with open_container(source) as (container, stream):
        rate, unit = stream.rate or 0, stream.time_base or 0
        frames = max(0, round((stream.duration or 0) * unit * rate))
        if source.kind is Kind.M4A and frames:
            frames = _predict_frames(container, stream, claimed=frames)
        return Track(
            source,
            sample_rate=rate,
            channels=stream.channels or 0,
            frames=frames,
            first=round((stream.start_time or 0) * unit * rate),
            index=stream.index,
        )


def _predict_frames(
    container: "InputContainer", stream: "AudioStream", *, claimed: int
) -> int:
    """Return the length to which FFmpeg decodes an M4A that claims `claimed` frames.

    The claim ends with the sound, but FFmpeg decodes the last packet whole; it drops
    frames only in front, as the first packet says.
    """
    import av

    size = stream.codec_context.frame_size
    if not size:  # ALAC: the last packet is as short as the sound
        return claimed
    try:
        packet = next(container.demux(stream))
    except av.error.FFmpegError:
        return claimed
    trims = bytes(packet.get_sidedata("skip_samples"))  # empty where nothing is cut
    skipped = int.from_bytes(trims[:4], "little")
    packets = -(-(claimed + skipped) // size)
    if stream.frames:
        packets = min(packets, stream.frames)
    return max(0, packets * size - skipped)


def planes_of(frame: "AudioFrame") -> Samples:
    """Return the samples of an FFmpeg frame, one row for each channel.

    PyAV reads planes until a null pointer, which need not stand behind the
    eighth or a later plane: FFmpeg interleaves so many planes first.

    Returns
    -------
    Samples
        Shape (channels, frames), of the frame's own sample type.
    """
    import av

    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels > _PLANES_WITHIN:
        [frame] = av.AudioResampler(format=frame.format.packed).resample(frame)
    # No accepted codec decodes to 8 bits or to doubles.
    samples = cast("Samples", frame.to_ndarray())
    return samples if frame.format.is_planar else samples.reshape(-1, channels).T
