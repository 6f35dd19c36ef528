"""Open an audio container with FFmpeg's libraries; refuse codecs not listed.

PyAV is imported only by this module and by both FFmpeg paths, and only for kinds
that need FFmpeg: the import costs 30 ms at start.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from waveflow.audio.stream import CODECS, DEMUXERS, Kind, Samples
from waveflow.errors import CorruptAudioError, EmptyAudioError, UnsupportedMediaError

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

# A frame has room for eight planes in itself, so a null pointer behind seven.
_PLANES_WITHIN = 7
# (8192 - 64) / 4: a Vorbis stamp does not know how its first windows overlap.
JITTER = 2_048
# Boxes of MPEG-4, by their headers.
BOX_BYTES = 8
LONG_BOX_BYTES = 16
IS_LONG, UNTIL_THE_END = 1, 0  # special values of an MPEG-4 box's size field
MAX_BOXES = 1_000
# A crafted file must not name another file, and no file may be a playlist.
PROTOCOLS = {"protocol_whitelist": "file"}


@dataclass(frozen=True, slots=True)
class Facts:
    """Hold an audio container's claims: sample rate, channels, length and start.

    Parameters
    ----------
    sample_rate
        In Hz, 0 if unknown.
    channels
        0 if unknown.
    frames
        Claimed length, 0 if unknown.
    first
        The time stamp of the first frame, in frames.
    """

    sample_rate: int
    channels: int
    frames: int
    first: int


def file_url(path: Path) -> str:
    """Return a `file:` URL, so that FFmpeg reads no other protocol from the name."""
    return f"file:{path}"


@contextmanager
def open_container(
    path: Path, kind: Kind
) -> Iterator["tuple[InputContainer, AudioStream]"]:
    """Open an audio container with FFmpeg, and choose its audio stream.

    Raises
    ------
    CorruptAudioError
        The container cannot be read or holds no audio.
    EmptyAudioError
        The container holds neither a stream nor media.
    UnsupportedMediaError
        The codec inside is not accepted, or there is video.
    """
    import av

    try:
        container = av.open(
            file_url(path),
            format=DEMUXERS[kind],
            container_options=PROTOCOLS,
            metadata_errors="ignore",
        )
    except (av.error.FFmpegError, ValueError) as exc:
        raise CorruptAudioError(
            f"The {kind} file cannot be opened: {getattr(exc, 'strerror', exc)}"
        ) from exc
    with container:
        if kind is Kind.M4A and not container.streams and _is_empty_mp4(path):
            raise EmptyAudioError("The m4a file holds no frame of audio.")
        yield container, _find_stream(container, kind)


def _find_stream(container: "InputContainer", kind: Kind) -> "AudioStream":
    for video in container.streams.video:
        if kind is Kind.M4A and not video.disposition.attached_pic:
            name = video.codec_context.name if video.codec_context else "unknown"
            raise UnsupportedMediaError(
                f"The content is {name} video, which is not accepted."
            )
    if not container.streams.audio:
        raise CorruptAudioError(f"The {kind} file holds no audio stream.")
    stream = container.streams.audio[0]
    name = stream.codec_context.codec.canonical_name if stream.codec_context else ""
    if name not in CODECS[kind]:
        raise UnsupportedMediaError(
            f"The content is {name or 'an unknown codec'} in {kind}, "
            "which is not accepted."
        )
    return stream


def _is_empty_mp4(path: Path) -> bool:
    """Tell whether an MPEG-4 file has media boxes, but no media inside them.

    Returns
    -------
    bool
        True where all boxes can be walked, and each `mdat` is without a body.
    """
    with path.open("rb") as file:
        end, position, found = file.seek(0, 2), 0, False
        for _ in range(MAX_BOXES):
            if position >= end:
                return found
            file.seek(position)
            header = file.read(LONG_BOX_BYTES)
            size, body = int.from_bytes(header[:4], "big"), BOX_BYTES
            if size == IS_LONG:
                size, body = int.from_bytes(header[8:], "big"), LONG_BOX_BYTES
            elif size == UNTIL_THE_END:
                size = end - position
            is_media = header[4:8] == b"mdat"
            if size < body or (is_media and size > body):
                return False
            found = found or is_media
            position += size
    return False


def read_facts(path: Path, kind: Kind) -> Facts:
    """Read an audio container's claims before decoding.

    Raises
    ------
    WaveflowError
        As for `open_container`.
    """
    with open_container(path, kind) as (_, stream):
        rate, unit = stream.rate or 0, stream.time_base or 0
        return Facts(
            sample_rate=rate,
            channels=stream.channels or 0,
            frames=max(0, round((stream.duration or 0) * unit * rate)),
            first=round((stream.start_time or 0) * unit * rate),
        )


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
