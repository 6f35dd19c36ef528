"""Builders of short files that lie, break off, or decode to hours."""

import struct
from collections.abc import Iterator


def crc8(data: bytes) -> int:
    """Compute FLAC's header checksum."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def crc16(data: bytes) -> int:
    """Compute FLAC's frame checksum."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def coded(number: int) -> bytes:
    """Return a frame number as FLAC writes it."""
    if number < 0x80:
        return bytes([number])
    parts: list[int] = []
    limit = 0x40
    while number >= limit:
        parts.insert(0, 0x80 | number & 0x3F)
        number >>= 6
        limit >>= 1
    return bytes([(0xFF << (7 - len(parts))) & 0xFF | number, *parts])


def flac_of_silence(frames: int, *, claimed: int | None = None) -> bytes:
    """Write a legal stereo FLAC of constant subframes: 14 bytes per 65,535 frames."""
    size = 65_535
    rate = 44_100
    total = frames * size if claimed is None else claimed
    packed = rate << 44 | 1 << 41 | 15 << 36 | total
    info = struct.pack(">HH", size, size) + bytes(6) + packed.to_bytes(8, "big")
    head = b"fLaC\x80\x00\x00\x22" + info + bytes(16)
    return head + b"".join(_silent_frames(frames, size))


def _silent_frames(frames: int, size: int) -> Iterator[bytes]:
    for number in range(frames):
        header = b"\xff\xf8\x79\x18" + coded(number) + struct.pack(">H", size - 1)
        header += bytes([crc8(header)])
        frame = header + b"\x00\x00\x00" + b"\x00\x00\x00"
        yield frame + struct.pack(">H", crc16(frame))


def ogg_crc_table() -> list[int]:
    """Return the table of Ogg's checksum."""
    table = []
    for index in range(256):
        value = index << 24
        for _ in range(8):
            value = (
                value << 1 ^ 0x04C11DB7 if value >> 31 else value << 1
            ) & 0xFFFFFFFF
        table.append(value)
    return table


OGG_CRC = ogg_crc_table()


def ogg_page(
    packets: list[bytes],
    *,
    granule: int,
    sequence: int,
    flags: int = 0,
    serial: int = 1,
) -> bytes:
    """Write one page of whole packets shorter than 255 bytes."""
    lacing = bytes(len(packet) for packet in packets)
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, sequence, 0)
    return _checked(head + bytes([len(lacing)]) + lacing + b"".join(packets))


def _checked(page: bytes) -> bytes:
    crc = 0
    for byte in page:
        crc = (crc << 8 & 0xFFFFFFFF) ^ OGG_CRC[crc >> 24 ^ byte]
    return page[:22] + struct.pack("<I", crc) + page[26:]


def ogg_pages(content: bytes) -> Iterator[bytes]:
    """Cut an Ogg file into its pages."""
    start = 0
    while start < len(content):
        segments = content[start + 26]
        body = start + 27 + segments
        end = body + sum(content[start + 27 : body])
        yield content[start:end]
        start = end


def with_granule(page: bytes, granule: int) -> bytes:
    """Return a page at another position, with a new checksum."""
    moved = page[:6] + struct.pack("<Q", granule) + page[14:22] + bytes(4) + page[26:]
    return _checked(moved)


def opus_of_silence(seconds: int) -> bytes:
    """Write Opus packets of 60 ms of silence, 3 bytes each."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 0, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<II", 0, 0)
    pages = [
        ogg_page([head], granule=0, sequence=0, flags=2),
        ogg_page([tags], granule=0, sequence=1),
    ]
    packets = [b"\x1c\xff\xfe"] * 250  # SILK, 60 ms, stereo
    pages.extend(
        ogg_page(packets, granule=(number + 1) * 720_000, sequence=number + 2)
        for number in range(seconds // 15)
    )
    return b"".join(pages)


def mp3_of_silence(seconds: int, *, xing_frames: int | None = None) -> bytes:
    """Write MPEG-2 layer III frames at 8 kbit/s and 16 kHz, without side data."""
    frame = b"\xff\xf3\x18\xc4" + bytes(32)
    count = round(seconds * 16_000 / 576)
    first = frame
    if xing_frames is not None:
        lie = b"Xing" + struct.pack(">II", 1, xing_frames)
        first = frame[:13] + lie + frame[13 + len(lie) :]
    return first + frame * (count - 1)
