"""Decode with FFmpeg: on the fast path as far as it goes, then on the careful one."""

import sys
from collections.abc import Iterator

from waveflow.audio.formats import ffmpeg_careful, ffmpeg_fast
from waveflow.audio.formats.container import UNKNOWN, Length, Source, Track, read_track
from waveflow.audio.stream import TRUNCATED, Kind, Rounding, Samples, Stream
from waveflow.errors import CorruptAudioError

LONGEST_BLOCK = 8_192  # frames, of Vorbis
ROUNDINGS = {Kind.MP3: Rounding.FLOOR, Kind.FLAC: Rounding.SHIFT}


def open_stream(
    source: Source, length: Length = UNKNOWN, *, channels: int = 0
) -> Stream:
    """Open one source.

    Parameters
    ----------
    channels
        The largest number of channels that any part of the file has, 0 where all
        parts are like the first.
    """
    track = read_track(source)
    track.length, track.channels = length, max(track.channels, channels)
    if not track.channels:
        raise CorruptAudioError(f"The {source.kind} file does not tell its channels.")
    return Stream(
        kind=source.kind,
        sample_rate=track.sample_rate,
        channels=track.channels,
        frames=track.frames,
        rounding=ROUNDINGS.get(source.kind, Rounding.NEAREST),
        read=lambda at, samples: _read(track, start=at, samples=samples),
        warnings=track.warnings,
    )


def _read(track: Track, *, start: int, samples: int) -> Iterator[Samples]:
    """Decode in blocks of so many samples, from the frame `start` on."""
    lead, whole = track.length.lead, track.length.whole
    left = (whole if track.length.is_exact else sys.maxsize) - start
    # FFmpeg's graph counts from the end of the lead, or drops it.
    if lead:
        blocks = skip_frames(ffmpeg_careful.read_blocks(track), start + lead)
    else:
        blocks = _decode(track, start=start, samples=samples)
    for block in blocks:
        heard = block[: max(0, left)]
        if len(heard):
            yield heard
        left -= len(block)
    if left < -LONGEST_BLOCK:
        # Encoders pad the last block alone: what is beyond was recorded.
        track.warnings.add(TRUNCATED)


def _decode(track: Track, *, start: int, samples: int) -> Iterator[Samples]:
    import av

    done = start
    try:
        for block in ffmpeg_fast.read_blocks(track, start=start, samples=samples):
            yield block
            done += len(block)
    except (av.error.FFmpegError, ValueError) as exc:
        if start:  # part of a file: the caller decodes the whole instead
            raise CorruptAudioError(f"Decoding from {start} on failed.") from exc
        yield from skip_frames(ffmpeg_careful.read_blocks(track), done)


def skip_frames(blocks: Iterator[Samples], start: int) -> Iterator[Samples]:
    """Drop the first frames of what was decoded."""
    for block in blocks:
        if start < len(block):
            yield block[start:]
        start = max(0, start - len(block))
