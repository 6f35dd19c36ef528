"""Walk the pages of an Ogg file, and find its true length and how it ends."""

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from waveflow.audio.formats.mapped import FORGET_BYTES, forget, map_file

CAPTURE = b"OggS\0"  # magic and version of an Ogg page
HEADER_BYTES = 27
NUMBER = slice(18, 22)
FIRST, LAST = 2, 4
CONTINUED = 255  # the length of a piece of a packet that is not its last
NO_POSITION = (1 << 64) - 1
MAX_PACKET_FRAMES = 8_192  # of a Vorbis packet; an Opus packet has at most 5,760


@dataclass(slots=True)
class Pages:
    """Hold the sums over an Ogg file's pages: frames, chained streams, and the end."""

    frames: int = 0
    links: int = 0
    ended: bool = False
    cut: bool = False


@dataclass(slots=True)
class _Link:
    """Add up the pages of one stream in an Ogg file of chained streams."""

    skip: int = 0
    granule: int = 0
    packets: int = 0
    first_granule: int = 0
    first_packets: int = 0

    def add(self, granule: int, packets: int) -> None:
        """Add an Ogg page; the last page's granule position is the stream's end."""
        if not granule:  # header pages have position 0
            return
        self.packets += packets
        if granule == NO_POSITION:
            return
        self.granule = granule
        if not self.first_granule:
            self.first_granule, self.first_packets = granule, self.packets

    @property
    def frames(self) -> int:
        # A position may claim anything, but packets hold only so much.
        most = self.packets * MAX_PACKET_FRAMES
        return max(0, min(self.granule - self._start - self.skip, most))

    @property
    def _start(self) -> int:
        """Return the granule position at which the stream begins, often 0."""
        if self.first_granule <= self.first_packets * MAX_PACKET_FRAMES:
            return 0
        rest = self.packets - self.first_packets
        mean = (self.granule - self.first_granule) / rest if rest else 0
        return self.first_granule - round(self.first_packets * mean)


def read_pages(path: Path, *, opus: bool) -> Pages:
    """Sum the lengths of all chained streams in an Ogg file.

    Parameters
    ----------
    opus
        Whether the packets are Opus, whose first samples are to be skipped.
    """
    with map_file(path) as data:
        return _walk_pages(data, opus=opus)


def _walk_pages(data: mmap.mmap, *, opus: bool) -> Pages:
    pages, link, position, held = Pages(), _Link(), 0, FORGET_BYTES
    while 0 <= position <= len(data) - HEADER_BYTES:
        if position > held:
            held = forget(data, position)
        head = data[position : position + HEADER_BYTES]
        if head[: len(CAPTURE)] != CAPTURE:
            position = data.find(CAPTURE, position + 1)
            continue
        body = position + HEADER_BYTES + head[26]
        lacing = data[position + HEADER_BYTES : body]
        if head[5] & FIRST:
            pages.frames += link.frames
            pages.links += 1
            link = _Link(_pre_skip(data[body : body + 12]) if opus else 0)
        position = body + sum(lacing)
        whole = position <= len(data)
        pages.ended, pages.cut = bool(head[5] & LAST) and whole, not whole
        if whole:
            granule = int.from_bytes(head[6:14], "little")
            link.add(granule, len(lacing) - lacing.count(CONTINUED))
    pages.frames += link.frames
    return pages


def _pre_skip(head: bytes) -> int:
    return int.from_bytes(head[10:12], "little") if head[:8] == b"OpusHead" else 0


def is_page_lost(path: Path, before: int, after: int) -> bool:
    """Tell whether an Ogg page between two other pages cannot be read.

    Parameters
    ----------
    before, after
        The offsets of the two pages, whose numbers then do not follow each other.
    """
    with path.open("rb") as file:
        return _page_number(file, after) > _page_number(file, before) + 1


def _page_number(file: BinaryIO, offset: int) -> int:
    file.seek(offset)
    return int.from_bytes(file.read(HEADER_BYTES)[NUMBER], "little")
