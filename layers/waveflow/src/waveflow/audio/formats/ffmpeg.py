"""Decode with FFmpeg: on the fast path as far as it goes, then on the careful one."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from waveflow.audio.formats import ffmpeg_careful, ffmpeg_fast
from waveflow.audio.formats.container import UNKNOWN, Facts, Length, Source, read_facts
from waveflow.audio.stream import TRUNCATED, Kind, Rounding, Samples, Stream
from waveflow.errors import CorruptAudioError

LONGEST_BLOCK = 8_192  # frames, of Vorbis
ROUNDINGS = {Kind.MP3: Rounding.FLOOR, Kind.FLAC: Rounding.SHIFT}


@dataclass(frozen=True, slots=True)
class FfmpegFile:
    """Decode what one source names."""

    source: Source
    facts: Facts
    length: Length = UNKNOWN
    warnings: set[str] = field(default_factory=set)

    def read(self, start: int, samples: int) -> Iterator[Samples]:
        """Decode in blocks of so many samples, from the frame `start` on."""
        lead, whole = self.length.lead, self.length.whole
        left = whole - start if self.length.is_exact else None
        # FFmpeg's graph counts from the end of the lead, or drops it.
        blocks = (
            self._read_carefully(start + lead) if lead else self._decode(start, samples)
        )
        for block in blocks:
            heard = block if left is None else block[: max(0, left)]
            if len(heard):
                yield heard
            if left is not None:
                left -= len(block)
        if left is not None and left < -LONGEST_BLOCK:
            # Encoders pad the last block alone: what is beyond was recorded.
            self.warnings.add(TRUNCATED)

    def _decode(self, start: int, samples: int) -> Iterator[Samples]:
        import av

        done, is_mp3 = start, self.source.kind is Kind.MP3
        try:
            for block in ffmpeg_fast.read_blocks(
                self.source,
                facts=self.facts,
                start=start,
                samples=samples,
                length=UNKNOWN if is_mp3 else self.length,
            ):
                yield block
                done += len(block)
        except (av.error.FFmpegError, ValueError) as exc:
            if start:  # part of a file: the caller decodes the whole instead
                raise CorruptAudioError(f"Decoding from {start} on failed.") from exc
            yield from self._read_carefully(done)

    def _read_carefully(self, start: int) -> Iterator[Samples]:
        blocks = ffmpeg_careful.read_blocks(
            self.source,
            facts=self.facts,
            warn=self.warnings.add,
            length=self.length,
        )
        return skip_frames(blocks, start)


def open_stream(
    source: Source, length: Length = UNKNOWN, *, channels: int = 0
) -> Stream:
    """Open one source.

    Parameters
    ----------
    channels
        The largest number of channels that any part of the file has, 0 where all
        parts are like the first.

    Raises
    ------
    WaveflowError
        As for `open_container`.
    """
    facts = read_facts(source)
    facts = replace(facts, channels=max(facts.channels, channels))
    if not facts.channels:
        raise CorruptAudioError(f"The {source.kind} file does not tell its channels.")
    warnings: set[str] = set()
    return Stream(
        kind=source.kind,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        frames=facts.frames,
        rounding=ROUNDINGS.get(source.kind, Rounding.NEAREST),
        read=FfmpegFile(source, facts, length, warnings).read,
        warnings=warnings,
    )


def skip_frames(blocks: Iterator[Samples], start: int) -> Iterator[Samples]:
    """Drop the first frames of what was decoded."""
    for block in blocks:
        if start < len(block):
            yield block[start:]
        start = max(0, start - len(block))
