"""Read MPEG audio frame headers: layers I to III of MPEG-1, 2 and 2.5."""

import mmap
import re
from dataclasses import dataclass
from functools import cache

Bytes = bytes | mmap.mmap

SYNC_BYTE = 0xFF
ADTS = 0xF0  # sync of AAC's own frames, where MPEG audio has its layer bits
HEADER_BYTES = 4
XING_MAGICS = (b"Xing", b"Info")
FREE_BYTES = 3 * 5_800  # three frames of free format at 640 kbit/s and 16 kHz
PADDINGS = (0, 1, -1, 4, -4)  # bytes by which frames of free format differ
FRAMES_IN_A_ROW = 3  # chance alone rarely makes three headers that agree

# kbit/s by [is MPEG-1][layer]; index 0 is "free", 15 is invalid.
BITRATES = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold the fields of one MPEG audio frame header."""

    sample_rate: int
    layer: int
    samples: int
    size_bytes: int
    side_bytes: int
    channels: int


@cache  # few headers differ in their sizes, however many a file has
def _decode_header(second: int, third: int, fourth: int) -> Frame | None:
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)
    if version == 1 or layer == 4 or third >> 4 in (0, 15) or third >> 2 & 3 == 3:  # noqa: PLR2004
        return None
    is_mpeg1 = version == 3  # noqa: PLR2004
    rate = RATES[version][third >> 2 & 3]
    bitrate = BITRATES[is_mpeg1, layer][third >> 4] * 1000
    padding = third >> 1 & 1
    mono = fourth >> 6 == 3  # noqa: PLR2004
    if layer == 1:
        return Frame(rate, 1, 384, (12 * bitrate // rate + padding) * 4, 0, 2 - mono)
    samples = 1152 if is_mpeg1 or layer == 2 else 576  # noqa: PLR2004
    side = (17 if mono else 32) if is_mpeg1 else (9 if mono else 17)
    size = samples // 8 * bitrate // rate + padding
    return Frame(rate, layer, samples, size, side, 2 - mono)


# Header candidates as one compiled regex: junk before the first MPEG frame can be
# megabytes.
_SECOND = bytes(b for b in range(0xE0, 0x100) if b >> 3 & 3 != 1 and b >> 1 & 3)
_THIRD = bytes(b for b in range(0x10, 0xF0) if b >> 2 & 3 != 3)  # noqa: PLR2004
_BYTES = re.escape(_SECOND), re.escape(_THIRD)
HEADER = re.compile(b"\xff(?=[%b][%b])" % _BYTES)  # one may start inside another


def read_header(data: Bytes, position: int) -> Frame | None:
    """Read the MPEG frame header at a position; None where no header starts."""
    if position + HEADER_BYTES > len(data) or data[position] != SYNC_BYTE:
        return None
    second, third, fourth = data[position + 1 : position + HEADER_BYTES]
    if second & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    return _decode_header(second, third, fourth & 0xC0)


def find_frame(data: bytes) -> int | None:
    """Return the position of the first MPEG frame that others of its kind follow."""
    starts = (found.start() for found in HEADER.finditer(data))
    return next((start for start in starts if _has_followers(data, start)), None)


def _has_followers(data: bytes, position: int) -> bool:
    start, first = position, read_header(data, position)
    frame = first
    for seen in range(1, FRAMES_IN_A_ROW):
        if first is None or frame is None:
            return False
        position += frame.size_bytes
        if position + HEADER_BYTES > len(data):
            return seen > 1 and (position == len(data) or start == 0)
        frame = read_header(data, position)
        kind = first.layer, first.sample_rate
        if frame is None or (frame.layer, frame.sample_rate) != kind:
            return False
    return True


def find_xing(first: bytes) -> int | None:
    """Return the position behind the word of a Xing header in an MP3's first frame."""
    frame = read_header(first, 0)
    if frame is None:
        return None
    start = HEADER_BYTES + frame.side_bytes
    return start + 4 if first[start : start + 4] in XING_MAGICS else None


def is_empty(data: bytes) -> bool:
    """Tell whether an MP3's Xing header counts no frame, and no frame follows.

    An encoder that was given nothing writes such a file.
    """
    start = find_xing(data)
    if start is None or len(data) < start + 8:
        return False
    is_counted, counted = data[start + 3] & 1 > 0, any(data[start + 4 : start + 8])
    return is_counted and not counted and find_frame(data) is None


def is_free_format(data: bytes) -> bool:
    """Tell whether frames start the data whose headers tell no bitrate.

    FFmpeg cannot decode these frames: their size is the distance to the next one.
    """
    if len(data) < HEADER_BYTES or HEADER.match(data[:2] + b"\x10") is None:
        return False
    if data[2] >> 4 or data[2] >> 2 & 3 == 3:  # noqa: PLR2004
        return False
    alike = re.compile(
        re.escape(data[:2]) + b"[%b]" % re.escape(bytes({data[2] & 0xFD, data[2] | 2}))
    )
    found = [match.start() for match in alike.finditer(data[:FREE_BYTES])]
    return any(
        2 * second + slack in found for second in found[1:] for slack in PADDINGS
    )
