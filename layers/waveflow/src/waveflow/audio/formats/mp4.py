"""Walk the boxes of an MPEG-4 file: FFmpeg hides whether samples are encrypted."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

BOX_BYTES = 8
LONG_BOX_BYTES = 16
IS_LONG, UNTIL_THE_END = 1, 0  # values of a box's size field
MAX_BOXES = 1_000
MAX_TRACKS = 32
SAMPLE_TABLE = (b"mdia", b"minf", b"stbl", b"stsd")
STSD_HEADER_BYTES = 8  # version, flags and the number of entries
PROTECTED = (b"drms", b"enca")  # iTunes' FairPlay, and common encryption

Box = tuple[bytes, int, int]  # type, start and stop of the body


def is_empty(path: Path) -> bool:
    """Tell whether all boxes can be walked, and each `mdat` is without a body."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        boxes = list(_boxes(file, 0, end))
    media = [box for box in boxes if box[0] == b"mdat"]
    walked = bool(boxes) and boxes[-1][2] >= end
    return walked and bool(media) and all(start == stop for _, start, stop in media)


def find_protection(path: Path) -> str:
    """Return the type of a sample entry whose audio is encrypted, else nothing."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        movie = next(_inside(file, (b"", 0, end), b"moov"), None)
        tracks = _inside(file, movie, b"trak") if movie else ()
        for track in islice(tracks, MAX_TRACKS):
            found = _entry_type(file, track)
            if found in PROTECTED:
                return found.decode()
    return ""


def _entry_type(file: BinaryIO, track: Box) -> bytes:
    """Return the type of the track's first sample entry."""
    box = track
    for name in SAMPLE_TABLE:
        found = next(_inside(file, box, name), None)
        if found is None:
            return b""
        box = found
    entries = _boxes(file, box[1] + STSD_HEADER_BYTES, box[2])
    return next((name for name, _, _ in entries), b"")


def _inside(file: BinaryIO, box: Box, name: bytes) -> Iterator[Box]:
    """Yield the boxes of one type that stand directly in another box."""
    return (found for found in _boxes(file, box[1], box[2]) if found[0] == name)


def _boxes(file: BinaryIO, position: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets; stop at a size that cannot be."""
    for _ in range(MAX_BOXES):
        if position >= end:
            return
        file.seek(position)
        header = file.read(LONG_BOX_BYTES)
        size, body = int.from_bytes(header[:4], "big"), BOX_BYTES
        if size == IS_LONG:
            size, body = int.from_bytes(header[8:], "big"), LONG_BOX_BYTES
        elif size == UNTIL_THE_END:
            size = end - position
        if size < body:
            return
        yield header[4:8], position + body, position + size
        position += size
