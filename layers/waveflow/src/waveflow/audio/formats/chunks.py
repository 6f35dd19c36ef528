"""Walk the chunks of RIFF and IFF files without believing their sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from waveflow.audio.formats.head import id3_size
from waveflow.errors import CorruptAudioError

CHUNK_HEADER_BYTES = 8
MAX_CHUNKS = 4096  # a file of a hundred thousand empty chunks is no recording
# Writers to a pipe claim "very long", then nothing.
STREAMED_FROM, STREAMED_TO = 0x7F00_0000, 0xFFFF_FFFF
# Chunks of WAV and AIFF; four such bytes are not met by chance.
NAMES = frozenset(
    b"fmt |data|LIST|INFO|id3 |ID3 |bext|iXML|axml|_PMX|cue |smpl|inst|plst|fact|"
    b"PEAK|cart|acid|JUNK|junk|PAD |FLLR|DISP|LGWV|minf|elm1|umid|afsp|strc|chna|"
    b"COMM|SSND|wave|NAME|AUTH|(c) |ANNO|COMT|MARK|INST|APPL|MIDI|AESD|FVER|"
    b"SAXL".split(b"|")
)
PRINTABLE = bytes(range(0x20, 0x7F))
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 "
ID3V1_BYTES = 128
APE_HEADER_BYTES = 32
# Whole files, and lyrics, that somebody appended to a closed form.
APPENDED = (b"LYRICSBEGIN", b"PK\x03\x04", b"%PDF-")
TEXT = b"\0\t\n\r" + PRINTABLE  # padding and plain text
SCAN_BYTES = 65_536
MAX_LATE_BYTES = 1 << 24  # claimed by a last chunk that did not arrive whole


@dataclass(frozen=True, slots=True)
class Chunk:
    """Hold name, offset and size of a RIFF or IFF chunk, as its header claims them."""

    name: bytes
    offset: int
    size: int

    @property
    def behind(self) -> int:
        """Return the offset behind the chunk, without a pad byte."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class Extent:
    """Hold the byte range that a file's samples really take, whatever headers claim."""

    offset: int
    size: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Form:
    """Read the chunks of one RIFF or IFF form, whose end and order of bytes are known.

    Parameters
    ----------
    end
        The offset at which the header claims the form to end.
    preamble
        The bytes in front of the samples within a chunk of samples.
    """

    file: BinaryIO
    end: int
    big_endian: bool
    preamble: int = 0

    @property
    def file_end(self) -> int:
        """Return the number of bytes in the file."""
        return self.file.seek(0, 2)

    def read(self, offset: int, count: int) -> bytes:
        """Read up to `count` bytes from the offset on."""
        self.file.seek(offset)
        return self.file.read(count)

    def chunk_at(self, offset: int) -> Chunk | None:
        """Read the header of a chunk; return None where the header is not whole."""
        header = self.read(offset, CHUNK_HEADER_BYTES)
        if len(header) < CHUNK_HEADER_BYTES:
            return None
        size = int.from_bytes(header[4:], "big" if self.big_endian else "little")
        return Chunk(header[:4], offset + CHUNK_HEADER_BYTES, size)

    def part_at(self, offset: int) -> Chunk | None:
        """Read a tag, or a chunk whose name is printable."""
        tag = self.tag_at(offset)
        chunk = tag or self.chunk_at(offset)
        named = tag or (chunk and not chunk.name.translate(None, PRINTABLE))
        return chunk if named else None

    def tag_at(self, offset: int) -> Chunk | None:
        """Read an ID3 tag, or an APE tag with a header, as if the tag were a chunk."""
        head = self.read(offset, APE_HEADER_BYTES)
        size = 0
        if head.startswith(b"TAG") and self.file_end - offset == ID3V1_BYTES:
            size = ID3V1_BYTES
        elif head.startswith(b"APETAGEX"):
            size = APE_HEADER_BYTES + int.from_bytes(head[12:16], "little")
        elif head[3:4] < b" ":  # a chunk of AIFF is named "ID3 "
            size = id3_size(head)
        start = offset + CHUNK_HEADER_BYTES
        return Chunk(head[:4], start, size - CHUNK_HEADER_BYTES) if size else None

    def walk(self, start: int) -> Iterator[Chunk]:
        """Yield each chunk whose header is complete, from offset `start` on."""
        for _ in range(MAX_CHUNKS):
            chunk = self.chunk_at(start)
            if chunk is None:
                return
            yield chunk
            start = chunk.behind
            if chunk.size % 2:  # some writers leave out the pad byte
                start = _likelier_start(self, (start + 1, start)) or start + 1
        raise CorruptAudioError(f"The file has more than {MAX_CHUNKS} chunks.")


def is_streamed(size: int) -> bool:
    """Tell whether a size is the claim of a writer that did not know the length."""
    return STREAMED_FROM <= size <= STREAMED_TO


def measure(form: Form, sound: Chunk) -> tuple[tuple[Extent, ...], tuple[Chunk, ...]]:
    """Find where the samples in a chunk end, whatever the chunk's header claims.

    The claim counts where chunks follow that lead exactly to the end of the file
    or of the form. Other bytes behind the claim are samples.

    Parameters
    ----------
    sound
        The first chunk of samples.

    Returns
    -------
    tuple
        The samples' bytes, also of later chunks of the same name, and the chunks
        behind the first. `truncated` says that the file ends before a claim, or
        that unknown bytes behind the claim are left out.
    """
    tail: tuple[Chunk, ...] = ()
    stop = None
    if sound.behind <= form.file_end:
        tail, stop = _read_tail(form, sound)
    if stop is None:
        return (_measure_alone(form, sound, tail),), ()
    # A form's size may leave out the last pad byte.
    cut = not any(_is_harmless(form, start) for start in (stop, stop + 1))
    first = Extent(sound.offset, sound.size, truncated=cut)
    more = [_clip(form, chunk) for chunk in tail if chunk.name == sound.name]
    return (first, *more), tail


def _measure_alone(form: Form, sound: Chunk, tail: tuple[Chunk, ...]) -> Extent:
    """Measure samples behind which no chunks lead to an end."""
    rest = form.file_end - sound.behind
    closed = sound.size > form.preamble
    if closed and 0 <= rest < CHUNK_HEADER_BYTES:
        return Extent(sound.offset, sound.size, truncated=False)
    if closed and tail and tail[0].name in NAMES:  # a chunk with a wrong size
        return Extent(sound.offset, sound.size, truncated=True)
    if rest < 0:
        return _clip(form, sound)
    return Extent(sound.offset, sound.size + rest, truncated=False)


def _clip(form: Form, chunk: Chunk) -> Extent:
    """Return the bytes of a chunk of samples that the file really holds."""
    size = min(chunk.size, max(0, form.file_end - chunk.offset))
    cut = size < chunk.size and not is_streamed(chunk.size)
    return Extent(chunk.offset, size, truncated=cut)


def _read_tail(form: Form, sound: Chunk) -> tuple[tuple[Chunk, ...], int | None]:
    """Walk the chunks behind the samples.

    Returns
    -------
    tuple
        The chunks, and the offset of the end that they lead to, else None.
    """
    file_end = form.file_end
    closed = sound.size > form.preamble
    # An unclosed recording often claims a form without samples.
    form_ends = {form.end, form.end + 1} if closed else set()
    ends = form_ends | {file_end, file_end + 1}
    tail: list[Chunk] = []
    last, stop = sound, None
    while len(tail) < MAX_CHUNKS:
        start = _start_behind(form, last, ends=ends)
        stop = start if start in form_ends else stop
        chunk = None if start is None else form.part_at(start)
        if start in (file_end, file_end + 1):
            return tuple(tail), start
        if chunk is None or not (closed or chunk.name in NAMES):
            break
        tail.append(last := chunk)
        if chunk.name == sound.name and chunk.behind > file_end:
            return tuple(tail), file_end
    if stop is None and closed and tail:
        stop = _stop_short(form, tail)
    return tuple(tail), stop


def _stop_short(form: Form, tail: list[Chunk]) -> int | None:
    """Return the end of known chunks behind which other bytes follow, else None."""
    rest = form.file_end - tail[-1].behind
    known = all(chunk.name in NAMES for chunk in tail)
    sure = 0 <= rest < CHUNK_HEADER_BYTES or (known and rest >= 0)
    return tail[-1].behind + tail[-1].size % 2 if sure else None


def _start_behind(form: Form, chunk: Chunk, *, ends: set[int]) -> int | None:
    """Find where the next chunk starts, with or without a pad byte."""
    odd = chunk.size % 2
    starts = (chunk.behind + odd, chunk.behind + 1 - odd)
    exact = {form.end, form.file_end} & ends
    for start in (*(start for start in starts if start in exact), *starts):
        if start in ends:
            return start
    return _likelier_start(form, starts)


def _likelier_start(form: Form, starts: tuple[int, int]) -> int | None:
    """Choose the offset where a chunk has a known name, else a printable name."""
    parts = [form.part_at(start) for start in starts]
    known = [part is not None and part.name in NAMES for part in parts]
    if known[1] and not known[0]:
        return starts[1]
    return next((at for at, part in zip(starts, parts, strict=True) if part), None)


def _is_harmless(form: Form, start: int) -> bool:
    """Tell whether the bytes behind a closed form are surely no samples."""
    end = form.file_end
    for _ in range(MAX_CHUNKS):
        tag = form.tag_at(start)
        if tag is None:
            break
        start = tag.behind
    is_tiny = end - start < CHUNK_HEADER_BYTES
    if is_tiny or form.read(start, 16).startswith(APPENDED):
        return True
    chunk = form.chunk_at(start)
    late = chunk and chunk.behind > end and chunk.size < MAX_LATE_BYTES
    if chunk and late and not chunk.name.translate(None, LETTERS):
        return True
    form.file.seek(start)
    while block := form.file.read(SCAN_BYTES):
        if block.translate(None, TEXT):
            return False
    return True
