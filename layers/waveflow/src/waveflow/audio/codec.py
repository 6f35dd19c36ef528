"""Open any accepted audio file and yield its samples in bounded memory.

Audio enters here alone: `open_audio` and `blocks` have validated what leaves them,
whatever the headers claimed.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from waveflow.audio.formats.head import sniff
from waveflow.audio.formats.opening import OPENERS
from waveflow.audio.stream import (
    BLOCK_SAMPLES,
    SMALL_BLOCK_SAMPLES,
    TRUNCATED,
    Block,
    Kind,
    Listener,
    Samples,
    Stream,
    check_sample_rate,
)
from waveflow.errors import (
    AudioTooLongError,
    CorruptAudioError,
    EmptyAudioError,
    ResourceLimitError,
    TooManyChannelsError,
    WaveflowError,
)

UNCOMPRESSED = (Kind.WAV, Kind.AIFF)  # the header's frame count is exact

MAX_CHANNELS = 32
MAX_SECONDS = 6 * 3600
SLACK_FRAMES = 4_096  # edit lists and encoders' padding may be off by so many


def open_audio(path: Path) -> Stream:
    """Open an audio file by its content; the file's name is not looked at.

    The stream is within the limits of sample rate, channels and length, as far as
    the structure of the file shows them.

    Raises
    ------
    WaveflowError
        One of the audio errors.
    """
    stream = OPENERS[sniff(path)](path)
    _validate(stream.sample_rate, stream.channels)
    if not stream.frames and stream.kind in UNCOMPRESSED:
        raise EmptyAudioError("The file holds no frame of audio.")
    if stream.frames > MAX_SECONDS * stream.sample_rate:
        raise _too_long_error(stream)
    return stream


def blocks(
    stream: Stream, *, start: int = 0, deadline: float | None = None
) -> Iterator[Samples]:
    """Yield an audio file's samples as `decode` does, in small blocks.

    Yields
    ------
    Samples
        Shape (frames, channels), finite; only valid until the next block.
    """
    size = SMALL_BLOCK_SAMPLES
    decoded = decode(stream, start=start, deadline=deadline, samples=size)
    return (block.samples for block in decoded)


def decode(
    stream: Stream,
    *,
    start: int = 0,
    deadline: float | None = None,
    samples: int = BLOCK_SAMPLES,
) -> Iterator[Block]:
    """Decode an audio file from a frame on, within limits of length and time.

    Parameters
    ----------
    deadline
        A value of `time.monotonic()` to end by.
    samples
        The size of a block, counted over all channels.

    Raises
    ------
    AudioTooLongError
        More than six hours were decoded.
    CorruptAudioError
        The decoder gave up, or found nothing of what the file claims to hold.
    EmptyAudioError
        There is no frame, and none was claimed.
    ResourceLimitError
        The deadline has passed.
    """
    decoded, limit = start, MAX_SECONDS * stream.sample_rate
    try:
        for block in stream.read(start, samples):
            decoded += len(block)
            if decoded > limit:
                raise _too_long_error(stream)
            if deadline is not None and time.monotonic() > deadline:
                raise ResourceLimitError(f"Time ran out after {decoded} frames.")
            yield Block(block, stream.sample_rate, stream.warnings)
        if not decoded:
            raise _nothing_error(stream)
        if decoded < stream.frames - SLACK_FRAMES:
            stream.warnings.add(TRUNCATED)
    except (WaveflowError, GeneratorExit):
        raise
    except MemoryError as exc:
        raise ResourceLimitError("Memory ran out while decoding.") from exc
    except (RuntimeError, ValueError, OSError) as exc:
        raise CorruptAudioError(
            f"The {stream.kind} file cannot be decoded after {decoded} frames."
        ) from exc


def decode_into(
    stream: Stream,
    listeners: Sequence[Listener[object]],
    *,
    deadline: float | None = None,
) -> None:
    """Decode an audio file once, and hand each block of samples to every listener."""
    for block in decode(stream, deadline=deadline):
        for listener in listeners:
            listener.add(block)


def _validate(sample_rate: int, channels: int) -> None:
    check_sample_rate(sample_rate)
    if not channels:
        raise CorruptAudioError("The file has no channels.")
    if channels > MAX_CHANNELS:
        raise TooManyChannelsError(
            f"The file has {channels} channels, accepted are {MAX_CHANNELS}."
        )


def _nothing_error(stream: Stream) -> WaveflowError:
    if stream.frames:
        return CorruptAudioError(f"No frame of the {stream.kind} file can be decoded.")
    return EmptyAudioError("The file holds no frame of audio.")


def _too_long_error(stream: Stream) -> AudioTooLongError:
    return AudioTooLongError(
        f"The {stream.kind} file decodes to more than {MAX_SECONDS // 3600} hours."
    )
