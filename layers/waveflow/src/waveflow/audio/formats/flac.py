"""Parse the structure of FLAC files, and decode their samples with libFLAC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from waveflow.audio.formats.head import read_head
from waveflow.audio.stream import BLOCK_SAMPLES, Samples
from waveflow.errors import CorruptAudioError

if TYPE_CHECKING:
    from plibflac import Decoder

MAGIC = b"fLaC"
BLOCK_HEADER_BYTES = 4
LAST_BLOCK = 0x80
STREAMINFO_BYTES = 42  # magic and block header included
FRAME_HEADER_BYTES = 16
SYNC = re.compile(b"\xff[\xf8\xf9]")
BLOCK_SIZES = (0, 192, 576, 1152, 2304, 4608, 0, 0, *(256 << n for n in range(8)))
BYTE_BLOCK, WORD_BLOCK = 6, 7
RATE_BYTES = {12: 1, 13: 2, 14: 2}  # rate codes with the rate behind the number
# By the code in a frame header; other codes refer to STREAMINFO or to more bytes.
RATES = {1: 88200, 2: 176400, 3: 192000, 4: 8000, 5: 16000, 6: 22050, 7: 24000}
RATES |= {8: 32000, 9: 44100, 10: 48000, 11: 96000}
DEPTHS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
SIDE_STEREO = (8, 9, 10)
TAIL_BYTES = 1 << 20
NEAR_END = BLOCK_SAMPLES + 65_536  # frames: the block that failed, and one of FLAC's


@dataclass(frozen=True, slots=True)
class Structure:
    """Hold a FLAC file's format, and its length by STREAMINFO and by the last frame.

    Parameters
    ----------
    offset
        The first byte of the stream, behind any ID3 tags.
    claimed
        The length by STREAMINFO in frames, 0 where it is left open.
    shown
        The length by the last frame's header, 0 where no such header was found.
    """

    path: Path
    offset: int
    sample_rate: int
    channels: int
    bits: int
    claimed: int
    shown: int
    smallest_block: int
    largest_block: int

    def is_near_end(self, done: int) -> bool:
        """Tell whether no more than the end of a FLAC file is behind `done` frames."""
        step = BLOCK_SAMPLES // self.channels  # blocks of any size get the same answer
        return self.shown - done // step * step <= NEAR_END

    def allows(self, header: bytes) -> bool:
        """Tell whether a FLAC frame header has the format that STREAMINFO names."""
        rate, depth, assigned = header[2] & 15, header[3] >> 1 & 7, header[3] >> 4
        channels = 2 if assigned in SIDE_STEREO else assigned + 1
        return (
            not header[3] & 1
            and channels == self.channels
            and DEPTHS.get(depth, self.bits) == self.bits
            and RATES.get(rate, self.sample_rate) == self.sample_rate
        )


def read_structure(path: Path) -> Structure:
    """Read a FLAC file's STREAMINFO block and its last frame's header.

    Raises
    ------
    CorruptAudioError
        The stream does not start with STREAMINFO.
    """
    head, offset = read_head(path)
    if len(head) < STREAMINFO_BYTES or head[4] & 0x7F or head[5:8] != b"\x00\x00\x22":
        raise CorruptAudioError("The FLAC stream does not start with STREAMINFO.")
    packed = int.from_bytes(head[18:26], "big")
    structure = Structure(
        path,
        offset=offset,
        sample_rate=packed >> 44,
        channels=(packed >> 41 & 7) + 1,
        bits=(packed >> 36 & 31) + 1,
        claimed=packed & (1 << 36) - 1,
        shown=0,
        smallest_block=int.from_bytes(head[8:10], "big"),
        largest_block=int.from_bytes(head[10:12], "big"),
    )
    return replace(structure, shown=_last_frame_end(structure))


def read_blocks(structure: Structure, *, start: int, samples: int) -> Iterator[Samples]:
    """Decode a FLAC file with libFLAC, from the frame `start` on.

    Parameters
    ----------
    samples
        The size of a block, counted over all channels.

    Yields
    ------
    Samples
        Shape (frames, channels), one plane for each channel; int16 for up to 16
        bits, else int32.

    Raises
    ------
    ValueError
        A frame is missing, broken, or of another format than STREAMINFO.
    """
    import plibflac

    done = start
    try:
        with structure.path.open("rb", buffering=0) as raw:
            raw.seek(structure.offset)
            with plibflac.Decoder(raw) as decoder:
                if start:
                    decoder.seek(start)
                while planes := decoder.read(samples // structure.channels):
                    _check_format(decoder, structure)
                    yield _left_justify(planes, structure.bits)
                    done += len(planes[0])
    except plibflac.Error as exc:
        raise ValueError(f"libFLAC says: {exc}.") from exc
    # A frame that is cut, or so broken that it swallows the rest, is no error there.
    if done < structure.shown:
        raise ValueError(f"libFLAC ends after {done} of {structure.shown} frames.")


def _check_format(decoder: "Decoder", structure: Structure) -> None:
    """Refuse decoded frames whose format is not the one that STREAMINFO names."""
    found = decoder.sample_rate, decoder.channels, decoder.bits_per_sample
    if found != (structure.sample_rate, structure.channels, structure.bits):
        raise ValueError("The format changes within the FLAC file.")


def _left_justify(planes: tuple[memoryview, ...], bits: int) -> Samples:
    """Return libFLAC's planes as one block whose full scale is that of its type."""
    dtype = np.dtype(np.int16 if bits <= 16 else np.int32)  # noqa: PLR2004
    block = np.empty((len(planes), len(planes[0])), dtype)
    for row, plane in zip(block, planes, strict=True):
        row[:] = plane
    if bits < 8 * dtype.itemsize:
        block <<= 8 * dtype.itemsize - bits
    return block.T


def starts_with_junk(structure: Structure) -> bool:
    """Tell whether bytes that are no frame stand in front of frame number 0."""
    with structure.path.open("rb") as file:
        _skip_metadata(file, structure.offset + len(MAGIC))
        front = file.read(TAIL_BYTES)
    for sync in SYNC.finditer(front):
        end = _frame_end(front, sync.start(), structure)
        if end:
            return sync.start() > 0 and end <= structure.largest_block
    return False


def _skip_metadata(file: BinaryIO, position: int) -> None:
    """Seek behind the last metadata block."""
    is_last = False
    while not is_last:
        file.seek(position)
        header = file.read(BLOCK_HEADER_BYTES)
        is_last = len(header) < BLOCK_HEADER_BYTES or header[0] & LAST_BLOCK > 0
        position += BLOCK_HEADER_BYTES + int.from_bytes(header[1:], "big")
    file.seek(position)


def _last_frame_end(structure: Structure) -> int:
    with structure.path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        tail = file.read()
    starts = [sync.start() for sync in SYNC.finditer(tail)]
    ends = (_frame_end(tail, start, structure) for start in reversed(starts))
    return next(filter(None, ends), 0)


def _frame_end(data: bytes, start: int, structure: Structure) -> int:
    """Return the sample at which a FLAC frame ends, or 0 without a valid header."""
    # The last frame of a silent file may be shorter than the longest header.
    header = data[start : start + FRAME_HEADER_BYTES].ljust(FRAME_HEADER_BYTES, b"\0")
    if not structure.allows(header):
        return 0
    coded = _coded_number(header)
    if coded is None:
        return 0
    number, position = coded
    code = header[2] >> 4
    block = BLOCK_SIZES[code]
    if code in (BYTE_BLOCK, WORD_BLOCK):
        width = 1 if code == BYTE_BLOCK else 2
        block = int.from_bytes(header[position : position + width], "big") + 1
        position += width
    position += RATE_BYTES.get(header[2] & 15, 0)
    if not block or _crc8(header[:position]) != header[position]:
        return 0
    if header[1] & 1:
        return number + block
    largest = structure.largest_block
    is_fixed = largest > 0 and structure.smallest_block == largest
    return number * (largest if is_fixed else block) + block


def _coded_number(header: bytes) -> tuple[int, int] | None:
    """Return a FLAC frame's number and its end in the header; None if invalid."""
    first = header[4]
    ones = 8 - (first ^ 0xFF).bit_length()
    if ones == 1 or ones > 7:  # noqa: PLR2004
        return None
    number = first & (0x7F >> ones)
    stop = 4 + max(1, ones)
    for byte in header[5:stop]:
        if byte & 0xC0 != 0x80:  # noqa: PLR2004
            return None
        number = number << 6 | byte & 0x3F
    return number, stop


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc
