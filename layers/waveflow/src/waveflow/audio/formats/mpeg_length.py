"""Measure to how many frames an MP3 file decodes, by walking its frame headers."""

import mmap
from dataclasses import dataclass
from pathlib import Path

from waveflow.audio.formats import mpeg
from waveflow.audio.formats.head import ID3_HEADER_BYTES, id3_size, read_head
from waveflow.audio.formats.mapped import FORGET_BYTES, forget, map_file
from waveflow.errors import EmptyAudioError

TAGS = (b"TAG", b"APE", b"LYR")  # tags stand behind the last frame
ENOUGH_SECONDS = 7 * 3600  # more samples than the limit of six hours allows
MAX_JUNK_BYTES = 1 << 20  # more junk is left to the decoder
DECODER_DELAY = 529  # samples that every MP3 decoder adds in front
LAME_OFFSET = 21  # bytes from the encoder's name to the two 12-bit trims


@dataclass(slots=True)
class Length:
    """Hold an MP3's decoded length, and whether the last frame is cut off.

    Parameters
    ----------
    promised
        The length by the Xing header where frames are missing, else 0.
    is_whole
        Whether all frames were counted.
    """

    frames: int = 0
    truncated: bool = False
    channels: int = 0
    promised: int = 0
    is_whole: bool = True


def measure(path: Path) -> Length:
    """Count an MP3's frames as decoded, without the encoder's delay and padding.

    Raises
    ------
    EmptyAudioError
        There is no frame but one that says so.
    """
    head, offset = read_head(path)
    first = mpeg.find_frame(head)
    frame = None if first is None else mpeg.read_header(head, first)
    if first is None or frame is None:
        raise EmptyAudioError("The mp3 file holds no frame of audio.")
    with map_file(path) as data:
        start = offset + first
        skip, claimed = _read_trims(data[start : start + 256])
        enough = frame.sample_rate * ENOUGH_SECONDS
        length = _count_samples(data, start, enough=enough)
    if skip is not None and length.is_whole:
        samples = length.frames - frame.samples
        missing = max(0, claimed * frame.samples - samples)
        length.truncated |= missing > frame.samples + skip
        length.frames = max(0, samples - skip)
        length.promised = length.frames + missing if missing else 0
    return length


def _count_samples(data: mmap.mmap, position: int, *, enough: int) -> Length:
    """Add up the samples of all frames, and notice whether the last one is cut."""
    # An hour has 138,000 frames but few different headers: look them up whole.
    known: dict[bytes, tuple[int, int]] = {}
    length, last = Length(), len(data) - mpeg.HEADER_BYTES
    junk_left, held = MAX_JUNK_BYTES, FORGET_BYTES
    while position <= last and length.frames < enough:
        if position > held:
            held = forget(data, position)
        seen = known.get(data[position : position + mpeg.HEADER_BYTES])
        if seen is None:
            frame = mpeg.read_header(data, position)
            if frame is None:
                if data[position : position + 3] in TAGS:
                    return length
                position += id3_size(data[position : position + ID3_HEADER_BYTES])
                following = _find_next_frame(data, position, position + junk_left)
                if following is None:
                    length.is_whole = position + junk_left >= last
                    return length
                junk_left -= following - position
                position = following
                continue
            seen = frame.samples, frame.size_bytes
            known[data[position : position + mpeg.HEADER_BYTES]] = seen
            length.channels = max(length.channels, frame.channels)
        length.frames += seen[0]
        position += seen[1]
    length.truncated = position > len(data)
    return length


def _find_next_frame(data: mmap.mmap, start: int, stop: int) -> int | None:
    for found in mpeg.HEADER.finditer(data, start, stop):
        frame = mpeg.read_header(data, found.start())
        if frame and mpeg.read_header(data, found.start() + frame.size_bytes):
            return found.start()
    return None


def _read_trims(first: bytes) -> tuple[int | None, int]:
    """Return the samples to trim and the frame count by an MP3's Xing header."""
    start = mpeg.find_xing(first)
    if start is None:
        return None, 0
    flags = int.from_bytes(first[start : start + 4], "big")
    claimed = int.from_bytes(first[start + 4 : start + 8], "big") if flags & 1 else 0
    sizes = (4, 4, 100, 4)
    lame = start + 4 + sum(size for bit, size in enumerate(sizes) if flags >> bit & 1)
    trims = int.from_bytes(first[lame + LAME_OFFSET : lame + LAME_OFFSET + 3], "big")
    if not trims or not first[lame : lame + 4].isalnum():
        return 0, claimed
    delay, padding = trims >> 12, trims & 0xFFF
    return delay + DECODER_DELAY + max(0, padding - DECODER_DELAY), claimed
