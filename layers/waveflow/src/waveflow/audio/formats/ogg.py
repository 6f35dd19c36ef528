"""Walk the pages of an Ogg file, and find its links, their lengths and its end."""

import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from waveflow.audio.formats.mapped import FORGET_BYTES, forget, map_file
from waveflow.audio.formats.ogg_packets import OPUS, VORBIS, Counter
from waveflow.audio.stream import Kind

CAPTURE = b"OggS\0"  # magic and version of an Ogg page
HEADER_BYTES = 27
FIELDS = struct.Struct("<5xBQ4sI4xB")  # flags, position, serial, number, pieces
NUMBER, CHECKSUM = slice(18, 22), slice(22, 26)
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
ALL_ONES = (1 << 32) - 1
FIRST, LAST = 2, 4
CONTINUED = 255  # the length of a piece of a packet that is not its last
NO_POSITION = (1 << 64) - 1
MAX_PACKET_FRAMES = 8_192  # a Vorbis packet; an Opus packet has 5,760 at most
MAX_PICTURE_PACKETS = 4  # three headers and one picture: a cover, no film
MAX_HEADER_BYTES = 1 << 20

KINDS = {VORBIS: Kind.OGG, OPUS: Kind.OPUS}  # the first one counts where both are
VIDEO = {
    b"\x80theora": "Theora video",
    b"BBCD\x00": "Dirac video",
    b"OVP80": "VP8 video",
    b"\x80daala": "Daala video",
    b"\x01video": "OGM video",
}
OTHERS = {
    b"\x7fFLAC": "FLAC in Ogg",
    b"fLaC": "FLAC in Ogg",
    b"Speex   ": "Speex audio",
    b"CELT    ": "CELT audio",
    b"PCM     ": "PCM in Ogg",
    b"\x01audio": "OGM audio",
}
SKELETON = {b"fishead\x00": "an Ogg skeleton"}
# In the order in which a file with several streams is named.
MAGICS: dict[bytes, Kind | str] = {**KINDS, **OTHERS, **VIDEO, **SKELETON}
MAGIC_BYTES = 8
Bytes = bytes | mmap.mmap


class Page(NamedTuple):
    """Hold one page: where it is, its header's fields, and the sizes of its pieces.

    Parameters
    ----------
    flags
        The bits that mark a stream's first and last page.
    granule
        The position in frames at the end of the page.
    serial
        The mark of the stream to which the page belongs.
    number
        The page's number in its stream.
    """

    position: int
    body: int
    stop: int
    head: bytes
    lacing: bytes
    flags: int
    granule: int
    serial: bytes
    number: int

    def is_intact(self, body: bytes) -> bool:
        """Tell whether the page's checksum fits."""
        content = self.head[:22] + bytes(4) + self.head[26:] + self.lacing + body
        # The same polynomial as zlib's, with the bits the other way round.
        crc = zlib.crc32(content.translate(REVERSED), ALL_ONES) ^ ALL_ONES
        return crc.to_bytes(4, "big").translate(REVERSED) == self.head[CHECKSUM]

    @property
    def packets(self) -> int:
        """Count the packets that end on the page."""
        return len(self.lacing) - self.lacing.count(CONTINUED)


@dataclass(slots=True)
class Link:
    """Add up the pages of one link of a chain, and tell its length.

    Parameters
    ----------
    start, stop
        Offsets in the file.
    foreign
        The name of audio in the link that is not accepted.
    film
        The name of video in the link that is more than a cover.
    """

    start: int
    stop: int = 0
    codec: bytes = b""
    foreign: str = ""
    film: str = ""
    ended: bool = False
    cut: bool = False
    ordered: bool = True  # no page stands twice or before its turn
    packets: int = 0
    counter: Counter = field(default_factory=lambda: Counter(VORBIS))
    serial: bytes = b""  # number of the stream whose audio is played
    _magics: dict[bytes, bytes] = field(default_factory=dict)  # by serial
    _pictures: dict[bytes, int] = field(default_factory=dict)  # by serial
    _piece: bytearray = field(default_factory=bytearray)
    _opening: bool = True  # only first pages were seen
    _granule: int = 0
    _first: int = 0
    _first_frames: int = 0
    _first_packets: int = 0
    _first_is_last: bool = False
    _number: int = -1
    _counted: bool = True  # no page was lost before the first position

    @property
    def kind(self) -> Kind:
        """Return the kind of the audio that is played."""
        return KINDS[self.codec]

    @property
    def begin(self) -> int:
        """Return the position at which a capture of a running stream began."""
        if not self._counted and self._first <= self._first_packets * MAX_PACKET_FRAMES:
            return 0
        return max(0, self._first - self._first_frames)

    @property
    def lead(self) -> int:
        """Count the decoded frames in front that the first position cuts off."""
        known = self._counted and self._first and not self._first_is_last
        if self.codec != VORBIS or not known:
            return 0
        return max(0, self._first_frames - self._first)

    @property
    def has_true_stamps(self) -> bool:
        """Tell whether decoding by FFmpeg's stamps gives the same from anywhere."""
        # Opus converges on the same output, but not to the last bit; the stamps of
        # Vorbis on a single page are late.
        return self.codec == VORBIS and not self.lead and not self._first_is_last

    @property
    def frames(self) -> int:
        """Return the length in frames, 0 where it is not known."""
        # A position may claim anything, but packets hold only so much.
        length = self._granule - self.begin - self.counter.pre_skip
        return max(0, min(length, self.packets * MAX_PACKET_FRAMES))

    def add(self, page: Page, data: Bytes) -> bool:
        """Take in a page; return False for a page that opens the next link."""
        if page.flags & FIRST:
            magic = _find_magic(data[page.body : page.body + MAGIC_BYTES])
            opens = self._opening and page.serial not in self._magics
            if magic in (KINDS | OTHERS) and not opens:
                return False
            if magic in (VIDEO | SKELETON) and self.ended:
                return False
            if page.serial not in self._magics:
                self._open_stream(page, magic)
        else:
            self._opening = False
        if page.serial == self.serial:
            self.ended = bool(page.flags & LAST)
            self.cut = page.stop > len(data)
            if not self.cut:
                self._add_audio(page, data)
        elif page.serial in self._pictures:
            self._add_pictures(page)
        return True

    def _open_stream(self, page: Page, magic: bytes) -> None:
        """Note a stream by its first page; Vorbis goes before Opus."""
        self._magics[page.serial] = magic
        ranks = [*KINDS, b""]
        if magic in VIDEO:
            self._pictures[page.serial] = 0
        elif magic in KINDS and ranks.index(magic) < ranks.index(self.codec):
            self.codec, self.serial = magic, page.serial
            self.counter = Counter(magic)
        elif magic in OTHERS:
            self.foreign = OTHERS[magic]

    def _add_pictures(self, page: Page) -> None:
        self._pictures[page.serial] += page.packets
        if self._pictures[page.serial] > MAX_PICTURE_PACKETS:
            self.film = VIDEO[self._magics[page.serial]]

    def _add_audio(self, page: Page, data: Bytes) -> None:
        """Take in a page of the audio; only the last page's position is the end."""
        self.ordered &= page.number > self._number
        if not self._first:
            self._count(page, data[page.body : page.stop])
        self._number = page.number
        if not page.granule:  # header pages have position 0
            return
        self.packets += page.packets
        if page.granule == NO_POSITION:
            return
        self._granule = page.granule
        if not self._first:
            self._first, self._first_frames = page.granule, self.counter.frames
            self._first_packets = self.packets
            self._first_is_last = bool(page.flags & LAST)

    def _count(self, page: Page, body: bytes) -> None:
        """Count the frames of a page's packets, whose pieces are put together."""
        self._counted &= page.number == self._number + 1 and page.is_intact(body)
        position = 0
        for size in page.lacing:
            if len(self._piece) < MAX_HEADER_BYTES:
                self._piece += body[position : position + size]
            position += size
            if size != CONTINUED:
                self.counter.add(bytes(self._piece))
                self._piece.clear()


def read_links(path: Path) -> list[Link]:
    """Find the links of a chain; an ordinary file is a chain of one."""
    with map_file(path) as data:
        link, held = Link(0), FORGET_BYTES
        links = [link]
        for page in pages(data):
            if page.position > held:
                held = forget(data, page.position)
            if not link.add(page, data):
                link.stop = page.position
                link = Link(page.position)
                links.append(link)
                link.add(page, data)
        link.stop = len(data)
    return links


def find_codec(head: bytes) -> Kind | str:
    """Tell what an Ogg file plays, whichever of its streams stands first."""
    starts = takewhile(lambda page: page.flags & FIRST, pages(head))
    found = {_find_magic(head[page.body : page.body + MAGIC_BYTES]) for page in starts}
    names = (name for magic, name in MAGICS.items() if magic in found)
    return next(names, "Ogg data of an unknown kind")


def is_page_lost(path: Path, before: int, after: int) -> bool:
    """Tell whether an Ogg page between two other pages cannot be read.

    Parameters
    ----------
    before, after
        The offsets of the two pages, whose numbers then do not follow each other.
    """
    with map_file(path) as data:
        heads = (data[at : at + HEADER_BYTES] for at in (before, after))
        first, second = (int.from_bytes(head[NUMBER], "little") for head in heads)
    return second > first + 1


def pages(data: Bytes, start: int = 0) -> Iterator[Page]:
    """Yield the pages from an offset on; skip what is none."""
    position = start
    while 0 <= position <= len(data) - HEADER_BYTES:
        head = data[position : position + HEADER_BYTES]
        if head[: len(CAPTURE)] != CAPTURE:
            position = data.find(CAPTURE, position + 1)
            continue
        *fields, pieces = FIELDS.unpack(head)
        body = position + HEADER_BYTES + pieces
        lacing = data[position + HEADER_BYTES : body]
        stop = body + sum(lacing)
        yield Page(position, body, stop, head, lacing, *fields)
        position = stop


def _find_magic(start: bytes) -> bytes:
    """Return the magic with which a stream's first packet starts, else nothing."""
    return next((magic for magic in MAGICS if start.startswith(magic)), b"")
