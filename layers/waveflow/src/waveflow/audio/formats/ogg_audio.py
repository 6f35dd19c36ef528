"""Take the packets of one link of an Ogg file out of the pages."""

from collections.abc import Iterator
from pathlib import Path

from waveflow.audio.formats.mapped import FORGET_BYTES, forget, map_file
from waveflow.audio.formats.ogg import CONTINUED, Link, Page, pages

CONTINUES = 1  # flag of a page that starts inside a packet
MAX_PACKET_BYTES = 1 << 20


def read_packets(path: Path, link: Link) -> Iterator[bytes]:
    """Yield the packets of a link's audio, headers first.

    Yields
    ------
    bytes
        A packet; a larger one is cut to `MAX_PACKET_BYTES` and one byte more.
    """
    with map_file(path) as data:
        held, piece = link.start + FORGET_BYTES, bytearray()
        is_broken = False  # the packet's beginning is lost
        for page in _pages_of(link, pages(data, link.start)):
            if page.position > held:
                held = forget(data, page.position)
            is_continued = bool(page.flags & CONTINUES)
            if not is_continued:
                piece.clear()
            is_broken, position = is_continued and not piece, page.body
            for size in page.lacing:
                room = MAX_PACKET_BYTES + 1 - len(piece)
                piece += data[position : position + min(size, room)]
                position += size
                if size == CONTINUED:
                    continue
                if not is_broken:
                    yield bytes(piece)
                piece.clear()
                is_broken = False


def _pages_of(link: Link, found: Iterator[Page]) -> Iterator[Page]:
    """Yield the pages of the link's audio."""
    for page in found:
        if page.position >= link.stop:
            return
        if page.serial == link.serial:
            yield page
