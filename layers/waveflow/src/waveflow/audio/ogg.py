"""Walk the pages of an Ogg file: its true length and whether it ends early."""

import mmap
from dataclasses import dataclass
from pathlib import Path

CAPTURE = b"OggS"
HEADER_BYTES = 27
FIRST, LAST = 2, 4
NO_POSITION = (1 << 64) - 1
MAX_PACKET_FRAMES = 8_192  # of Vorbis; Opus packets last 5,760 at most
ENOUGH_FRAMES = 7 * 3600 * 768_000  # beyond any limit: no need to go on


@dataclass(slots=True)
class Pages:
    """What the pages show: frames over all links, and whether the last is whole."""

    frames: int = 0
    links: int = 0
    ended: bool = False


@dataclass(slots=True)
class _Link:
    """One stream of a chain."""

    skip: int = 0
    granule: int = 0
    packets: int = 0

    @property
    def frames(self) -> int:
        # A position may claim anything, but packets hold only so much.
        return max(0, min(self.granule - self.skip, self.packets * MAX_PACKET_FRAMES))


def read_pages(path: Path, *, opus: bool) -> Pages:
    """Sum the lengths of all links of a chain.

    Parameters
    ----------
    path
        A file whose content is Ogg.
    opus
        Whether the packets are Opus, whose first samples are to be skipped.

    Returns
    -------
    Pages
        The frames that the pages' positions show.
    """
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        return _walk(data, opus=opus)


def _walk(data: mmap.mmap, *, opus: bool) -> Pages:
    pages, link, position = Pages(), _Link(), 0
    while 0 <= position <= len(data) - HEADER_BYTES:
        head = data[position : position + HEADER_BYTES]
        if head[:4] != CAPTURE:
            position = data.find(CAPTURE, position + 1)
            continue
        body = position + HEADER_BYTES + head[26]
        lacing = data[position + HEADER_BYTES : body]
        if head[5] & FIRST:
            pages.frames += link.frames
            pages.links += 1
            link = _Link(_pre_skip(data[body : body + 12]) if opus else 0)
        granule = int.from_bytes(head[6:14], "little")
        link.packets += len(lacing)
        if granule != NO_POSITION:
            link.granule = max(link.granule, granule)
        position = body + sum(lacing)
        pages.ended = bool(head[5] & LAST) and position <= len(data)
        if pages.frames + link.frames > ENOUGH_FRAMES:
            break
    pages.frames += link.frames
    return pages


def _pre_skip(head: bytes) -> int:
    return int.from_bytes(head[10:12], "little") if head[:8] == b"OpusHead" else 0
