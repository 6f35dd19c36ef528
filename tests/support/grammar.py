"""Take an audio file apart by its format, and put the parts together wrongly."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from waveflow.audio.formats.mpeg import read_header

MP4_FOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta"}
OGG_HEAD = 27
FEW, SOME = 400, 60  # parts of which an operation may pick
SIZES = (0, 1, 3, 0x7FFF_FFFF, 0xFFFF_FFFF)


@dataclass(frozen=True)
class Part:
    """Piece of a file: `head` and `tail` frame the size that `resize` falsifies."""

    body: bytes
    resize: Callable[[bytes, int], bytes] | None = None

    def resized(self, size: int) -> "Part":
        """Return the part with another number where its size stands."""
        return (
            self
            if self.resize is None
            else replace(self, body=self.resize(self.body, size))
        )


def malformed(data: bytes, random: Random) -> bytes:
    """Return a file whose parts are removed, doubled, swapped or resized."""
    parts = list(take_apart(data))
    for _ in range(random.randint(1, 3)):
        _change(parts, random)
    whole = b"".join(part.body for part in parts)
    if random.random() < 0.5:  # half of the files get an outer size that is true
        return _closed(whole)
    return whole


def take_apart(data: bytes) -> Iterator[Part]:
    """Yield the parts of a file by the grammar of its format, without a loss."""
    if data[:4] in {b"RIFF", b"RF64"} and data[8:12] == b"WAVE":
        yield from _chunks(data, "<I")
    elif data[:4] == b"FORM":
        yield from _chunks(data, ">I")
    elif data[:4] == b"fLaC":
        yield from _flac(data)
    elif data[:4] == b"OggS":
        yield from _pages(data)
    elif data[4:8] == b"ftyp":
        yield from _boxes(data)
    else:
        yield from _mpeg(data)


def _change(parts: list[Part], random: Random) -> None:
    if not parts:
        return
    near = min(len(parts), random.choice((4, SOME, FEW, 1 << 30)))
    one, other = random.randrange(near), random.randrange(near)
    match random.randrange(5):
        case 0:
            del parts[one]
        case 1:
            parts.insert(other, parts[one])
        case 2:
            parts[one], parts[other] = parts[other], parts[one]
        case 3:
            size = random.choice(
                (*SIZES, len(parts[one].body), random.randrange(1 << 16))
            )
            parts[one] = parts[one].resized(size)
        case _:
            body = parts[one].body
            kept = random.randrange(len(body) + 1)
            parts[one] = replace(parts[one], body=body[:kept])


def _closed(whole: bytes) -> bytes:
    """Return a RIFF or FORM file with its true size in front."""
    order = {b"RIFF": "<I", b"FORM": ">I"}.get(whole[:4])
    if order is None or len(whole) < 12:
        return whole
    return whole[:4] + struct.pack(order, len(whole) - 8) + whole[8:]


def _sized(place: int, order: str) -> Callable[[bytes, int], bytes]:
    """Return a function that writes a size of four bytes at one place."""

    def write(body: bytes, size: int) -> bytes:
        field = struct.pack(order, size & 0xFFFF_FFFF)
        return (
            body[:place] + field + body[place + 4 :] if len(body) >= place + 4 else body
        )

    return write


def _chunks(data: bytes, order: str) -> Iterator[Part]:
    yield Part(data[:12], _sized(4, order))
    at = 12
    while at + 8 <= len(data):
        [size] = struct.unpack_from(order, data, at + 4)
        end = min(len(data), at + 8 + size + size % 2)
        yield Part(data[at:end], _sized(4, order))
        at = end
    yield Part(data[at:])


def _flac(data: bytes) -> Iterator[Part]:
    yield Part(data[:4])
    at, last = 4, False
    while not last and at + 4 <= len(data):
        last = data[at] >= 0x80  # the flag of the last block
        size = int.from_bytes(data[at + 1 : at + 4])
        yield Part(data[at : at + 4 + size], _block_size)
        at += 4 + size
    while at < len(data):
        following = [data.find(sync, at + 2) for sync in (b"\xff\xf8", b"\xff\xf9")]
        end = min((place for place in following if place > 0), default=len(data))
        yield Part(data[at:end])
        at = end


def _block_size(body: bytes, size: int) -> bytes:
    return body[:1] + (size & 0xFF_FFFF).to_bytes(3) + body[4:]


def _pages(data: bytes) -> Iterator[Part]:
    at = 0
    while at < len(data):
        end = data.find(b"OggS", at + 4)
        end = len(data) if end < 0 else end
        yield Part(data[at:end], _page_size)
        at = end


def _page_size(body: bytes, size: int) -> bytes:
    """Return a page whose last segment has another length."""
    if len(body) <= OGG_HEAD or not body[OGG_HEAD - 1]:
        return body
    place = OGG_HEAD + body[OGG_HEAD - 1] - 1
    return body[:place] + bytes([size & 0xFF]) + body[place + 1 :]


def _boxes(data: bytes) -> Iterator[Part]:
    """Yield boxes, those of folders one by one behind the folder's own head."""
    at = 0
    while at + 8 <= len(data):
        [size] = struct.unpack_from(">I", data, at)
        inside = data[at + 4 : at + 8] in MP4_FOLDERS
        end = at + 8 if inside else min(len(data), at + max(8, size or len(data)))
        yield Part(data[at:end], _sized(0, ">I"))
        at = end
    yield Part(data[at:])


def _mpeg(data: bytes) -> Iterator[Part]:
    at = 0
    while at < len(data):
        frame = read_header(data, at)
        if frame is not None and frame.size_bytes:
            end = at + frame.size_bytes
        else:
            end = data.find(b"\xff", at + 1)
            end = len(data) if end < 0 else end
        yield Part(data[at:end])
        at = end
