"""Join each accepted audio kind with the decoder that reads it best.

A stream that is opened here is not yet validated.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from waveflow.audio.formats import (
    aiff,
    container,
    ffmpeg_careful,
    ffmpeg_fast,
    flac,
    mpeg_length,
    ogg,
    pcm,
    wav,
)
from waveflow.audio.formats.pcm import Encoding, Layout
from waveflow.audio.stream import TRUNCATED, Kind, Rounding, Samples, Stream
from waveflow.errors import CorruptAudioError, EmptyAudioError


def open_wav(path: Path) -> Stream:
    """Open a WAV file for decoding; compressed WAV goes through FFmpeg."""
    layout = wav.read_layout(path)
    if layout.encoding is None:
        stream = _open_ffmpeg(path, Kind.WAV)
        stream.frames = min(stream.frames or layout.frames, layout.frames)
        stream.warnings.update({TRUNCATED} if layout.truncated else ())
        return stream
    return _open_pcm(path, layout)


def open_aiff(path: Path) -> Stream:
    """Open an AIFF or AIFF-C file for decoding."""
    return _open_pcm(path, aiff.read_layout(path))


def _open_pcm(path: Path, layout: Layout) -> Stream:
    is_float = layout.encoding is Encoding.FLOAT
    return Stream(
        kind=layout.kind,
        sample_rate=layout.sample_rate,
        channels=layout.channels,
        frames=layout.frames,
        rounding=Rounding.TRUNCATE if is_float else Rounding.SHIFT,
        read=lambda start: pcm.read_blocks(path, layout, start=start),
        splittable=True,
        warnings={TRUNCATED} if layout.truncated else set(),
    )


def open_flac(path: Path) -> Stream:
    """Open a FLAC file for decoding, by FFmpeg where libsndfile would stop early."""
    structure = flac.read_structure(path)
    if not structure.fits_libsndfile:
        stream = _open_ffmpeg(path, Kind.FLAC)
        stream.frames = structure.frames
        return stream
    warnings: set[str] = set()
    return Stream(
        kind=Kind.FLAC,
        sample_rate=structure.sample_rate,
        channels=structure.channels,
        frames=structure.frames,
        rounding=Rounding.SHIFT,
        read=lambda start: _read_flac(path, structure, start=start, warnings=warnings),
        splittable=True,
        warnings=warnings,
    )


def _read_flac(
    path: Path, structure: flac.Structure, *, start: int, warnings: set[str]
) -> Iterator[Samples]:
    """Decode FLAC with libsndfile; FFmpeg finishes a file that breaks off."""
    done = start
    try:
        for block in flac.read_blocks(path, structure, start=start):
            yield block
            done += len(block)
    except RuntimeError:
        if structure.shown - done > flac.NEAR_END:
            raise
        facts = container.read_facts(path, Kind.FLAC)
        rest = ffmpeg_careful.read_blocks(
            path, Kind.FLAC, facts=facts, warn=warnings.add
        )
        for block in _skip_frames(rest, done):
            yield block
            done += len(block)
    if done < structure.claimed:
        warnings.add(TRUNCATED)


def open_mp3(path: Path) -> Stream:
    """Open an MP3 or other MPEG audio file for decoding by FFmpeg."""
    length = mpeg_length.measure(path)
    stream = _open_ffmpeg(path, Kind.MP3, whole=length.promised)
    stream.frames, stream.splittable = length.frames, True
    if length.truncated:
        stream.warnings.add(TRUNCATED)
    return stream


def open_ogg(path: Path, kind: Kind) -> Stream:
    """Open an Ogg file for decoding, as Vorbis or Opus by `kind`."""
    pages = ogg.read_pages(path, opus=kind is Kind.OPUS)
    # Stamps of a chain start again with each link.
    whole = pages.frames if pages.links == 1 else 0
    try:
        stream = _open_ffmpeg(path, kind, whole=whole)
    except CorruptAudioError as exc:
        if pages.frames or pages.cut:
            raise
        raise EmptyAudioError(f"The {kind} file holds headers alone.") from exc
    stream.frames = pages.frames
    # Opus converges on the same output, but not to the last bit.
    stream.splittable = kind is Kind.OGG and pages.links == 1
    if not pages.ended:
        stream.warnings.add(TRUNCATED)
    return stream


def open_m4a(path: Path) -> Stream:
    """Open an MPEG-4 file with AAC or ALAC for decoding by FFmpeg."""
    return _open_ffmpeg(path, Kind.M4A)


def _open_ffmpeg(path: Path, kind: Kind, *, whole: int = 0) -> Stream:
    facts = container.read_facts(path, kind)
    if not facts.channels:
        raise CorruptAudioError(f"The {kind} file does not tell its channels.")
    roundings = {Kind.MP3: Rounding.FLOOR, Kind.FLAC: Rounding.SHIFT}
    warnings: set[str] = set()
    return Stream(
        kind=kind,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        frames=facts.frames,
        rounding=roundings.get(kind, Rounding.NEAREST),
        read=_FfmpegFile(path, kind, facts, whole, warnings.add).read,
        warnings=warnings,
    )


@dataclass(frozen=True, slots=True)
class _FfmpegFile:
    """Decode one file with FFmpeg: in large blocks, behind a fault by packets.

    Parameters
    ----------
    whole
        The length that the structure shows and that has to be met, else 0.
    """

    path: Path
    kind: Kind
    facts: container.Facts
    whole: int
    warn: Callable[[str], None]

    def read(self, start: int) -> Iterator[Samples]:
        """Decode the file from a frame on; behind a fault, packet by packet."""
        import av

        done = start
        try:
            for block in ffmpeg_fast.read_blocks(
                self.path,
                self.kind,
                facts=self.facts,
                start=start,
                frames=0 if self.kind is Kind.MP3 else self.whole,
            ):
                yield block
                done += len(block)
        except (av.error.FFmpegError, ValueError) as exc:
            if start:  # part of a file: the caller decodes the whole instead
                raise CorruptAudioError(f"Decoding from {start} on failed.") from exc
            yield from _skip_frames(self._read_carefully(), done)

    def _read_carefully(self) -> Iterator[Samples]:
        return ffmpeg_careful.read_blocks(
            self.path, self.kind, facts=self.facts, warn=self.warn, whole=self.whole
        )


def _skip_frames(blocks: Iterator[Samples], start: int) -> Iterator[Samples]:
    for block in blocks:
        if start < len(block):
            yield block[start:]
        start = max(0, start - len(block))


OPENERS: dict[Kind, Callable[[Path], Stream]] = {
    Kind.WAV: open_wav,
    Kind.AIFF: open_aiff,
    Kind.FLAC: open_flac,
    Kind.MP3: open_mp3,
    Kind.OGG: lambda path: open_ogg(path, Kind.OGG),
    Kind.OPUS: lambda path: open_ogg(path, Kind.OPUS),
    Kind.M4A: open_m4a,
}
