"""Walk the chunks of RIFF and IFF files without believing their sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from waveflow.errors import CorruptAudioError

CHUNK_HEADER_BYTES = 8
MAX_CHUNKS = 4096  # a file of a hundred thousand empty chunks is no recording
STREAMED_FROM, STREAMED_TO = (
    0x7FFF_0000,
    0xFFFF_FFFF,
)  # writers to a pipe claim "very long", then nothing
TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN", b"PK\x03\x04", b"%PDF", b"<")
# Chunks that stand behind the samples, and end them even when they are cut short.
NAMES = frozenset(
    b"LIST|INFO|id3 |bext|iXML|axml|_PMX|cue |smpl|inst|plst|fact|PEAK|cart|acid|"
    b"JUNK|junk|PAD |FLLR|DISP|LGWV|minf|elm1|umid|afsp|strc|chna|NAME|AUTH|(c) |"
    b"ANNO|COMT|MARK|INST|APPL|MIDI|AESD|FVER|SAXL|COMM".split(b"|")
)
TRAILER_BYTES = 4_096  # more bytes behind the samples are no rest of a transfer


@dataclass(frozen=True, slots=True)
class Chunk:
    """Hold name, offset and size of a RIFF or IFF chunk, as its header claims them."""

    name: bytes
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Extent:
    """Hold the byte range that a file's samples really take, whatever headers claim."""

    offset: int
    size: int
    truncated: bool


def walk(file: BinaryIO, start: int, *, big_endian: bool) -> Iterator[Chunk]:
    """Yield each RIFF or IFF chunk whose header is complete, from offset `start` on."""
    order = "big" if big_endian else "little"
    for _ in range(MAX_CHUNKS):
        file.seek(start)
        header = file.read(CHUNK_HEADER_BYTES)
        if len(header) < CHUNK_HEADER_BYTES:
            return
        size = int.from_bytes(header[4:], "big" if order == "big" else "little")
        yield Chunk(header[:4], start + CHUNK_HEADER_BYTES, size)
        start += CHUNK_HEADER_BYTES + size + size % 2
    raise CorruptAudioError(f"The file has more than {MAX_CHUNKS} chunks.")


def measure(file: BinaryIO, chunk: Chunk, *, form_end: int, big_endian: bool) -> Extent:
    """Find where the samples in a chunk end, whatever the chunk's header claims.

    Parameters
    ----------
    chunk
        The chunk that holds the samples.
    form_end
        The offset at which the form around all chunks claims to end.

    Returns
    -------
    Extent
        The samples' bytes; `truncated` where the file ends before the claim, or
        goes on for long behind it.
    """
    end = file.seek(0, 2)
    available = max(0, end - chunk.offset)
    if chunk.size > available:
        streamed = STREAMED_FROM <= chunk.size <= STREAMED_TO
        return Extent(chunk.offset, available, truncated=not streamed)
    behind = chunk.offset + chunk.size
    if _ends_there(file, behind, end=end, big_endian=big_endian):
        return Extent(chunk.offset, chunk.size, truncated=False)
    # Two sizes that agree are no writing mistake.
    if chunk.size and behind <= form_end <= behind + 1:
        rest = end - behind > TRAILER_BYTES and not _is_padding(file, behind)
        return Extent(chunk.offset, chunk.size, truncated=rest)
    return Extent(chunk.offset, available, truncated=False)


def _is_padding(file: BinaryIO, start: int) -> bool:
    file.seek(start)
    return not any(file.read(TRAILER_BYTES))


def _ends_there(file: BinaryIO, behind: int, *, end: int, big_endian: bool) -> bool:
    return any(
        _is_no_sample(file, start, end=end, big_endian=big_endian)
        for start in (behind, behind + 1)
    )


def _is_no_sample(file: BinaryIO, start: int, *, end: int, big_endian: bool) -> bool:
    if end - start < CHUNK_HEADER_BYTES:
        return True
    file.seek(start)
    header = file.read(16)
    if header.startswith(TAGS) or header[:4] in NAMES:
        return True
    size = int.from_bytes(header[4:8], "big" if big_endian else "little")
    printable = all(0x20 <= byte < 0x7F for byte in header[:4])  # noqa: PLR2004
    return printable and start + CHUNK_HEADER_BYTES + size <= end + 1
