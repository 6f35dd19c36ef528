"""Join each accepted audio kind with the decoder that reads it best.

A stream that is opened here is not yet validated.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from waveflow.audio.formats import (
    aiff,
    ffmpeg,
    ffmpeg_careful,
    flac,
    mpeg_length,
    ogg_chain,
    pcm,
    wav,
)
from waveflow.audio.formats.container import Length, Source, read_track
from waveflow.audio.formats.pcm import Encoding, Layout
from waveflow.audio.stream import TRUNCATED, Kind, Rounding, Samples, Stream


def open_wav(path: Path) -> Stream:
    """Open a WAV file for decoding; compressed WAV goes through FFmpeg."""
    layout = wav.read_layout(path)
    if layout.encoding is None:
        stream = ffmpeg.open_stream(Source(path, Kind.WAV))
        stream.frames = min(stream.frames or layout.frames, layout.frames)
        stream.warnings.update({TRUNCATED} if layout.truncated else ())
        return stream
    return _open_pcm(layout)


def open_aiff(path: Path) -> Stream:
    """Open an AIFF or AIFF-C file for decoding."""
    return _open_pcm(aiff.read_layout(path))


def _open_pcm(layout: Layout) -> Stream:
    is_float = layout.encoding is Encoding.FLOAT
    return Stream(
        kind=layout.kind,
        sample_rate=layout.sample_rate,
        channels=layout.channels,
        frames=layout.frames,
        rounding=Rounding.TRUNCATE if is_float else Rounding.SHIFT,
        read=lambda at, samples: pcm.read_blocks(layout, start=at, samples=samples),
        splittable=True,
        warnings={TRUNCATED} if layout.truncated else set(),
    )


def open_flac(path: Path) -> Stream:
    """Open a FLAC file for decoding, by FFmpeg where its last frame is not found."""
    structure = flac.read_structure(path)
    if not structure.shown:
        stream = ffmpeg.open_stream(Source(path, Kind.FLAC))
        stream.frames = structure.claimed
        return stream
    warnings: set[str] = set()
    return Stream(
        kind=Kind.FLAC,
        sample_rate=structure.sample_rate,
        channels=structure.channels,
        frames=structure.shown,
        rounding=Rounding.SHIFT,
        read=lambda start, samples: _read_flac(
            structure, start=start, samples=samples, warnings=warnings
        ),
        splittable=True,
        warnings=warnings,
    )


def _read_flac(
    structure: flac.Structure, *, start: int, samples: int, warnings: set[str]
) -> Iterator[Samples]:
    """Decode FLAC with libFLAC; FFmpeg finishes a file that breaks off."""
    done = start
    try:
        for block in flac.read_blocks(structure, start=start, samples=samples):
            yield block
            done += len(block)
    except ValueError:
        near_end = structure.is_near_end(done)
        if not near_end and (done or not flac.starts_with_junk(structure)):
            raise
        track = read_track(Source(structure.path, Kind.FLAC))
        for block in ffmpeg.skip_frames(ffmpeg_careful.read_blocks(track), done):
            yield block
            done += len(block)
        warnings |= track.warnings
    if done < structure.claimed:
        warnings.add(TRUNCATED)


def open_mp3(path: Path) -> Stream:
    """Open an MP3 or other MPEG audio file for decoding by FFmpeg."""
    length = mpeg_length.measure(path)
    stream = ffmpeg.open_stream(
        Source(path, Kind.MP3), Length(length.promised), channels=length.channels
    )
    stream.frames, stream.splittable = length.frames, True
    if length.truncated:
        stream.warnings.add(TRUNCATED)
    return stream


def open_m4a(path: Path) -> Stream:
    """Open AAC or ALAC in MPEG-4."""
    return ffmpeg.open_stream(Source(path, Kind.M4A))


OPENERS: dict[Kind, Callable[[Path], Stream]] = {
    Kind.WAV: open_wav,
    Kind.AIFF: open_aiff,
    Kind.FLAC: open_flac,
    Kind.MP3: open_mp3,
    Kind.OGG: ogg_chain.open_ogg,
    Kind.OPUS: ogg_chain.open_ogg,
    Kind.M4A: open_m4a,
}
