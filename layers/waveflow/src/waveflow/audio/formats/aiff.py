"""Find where an AIFF or AIFF-C file keeps its samples."""

import struct
from dataclasses import dataclass
from pathlib import Path

from waveflow.audio.formats import chunks
from waveflow.audio.formats.head import read_head
from waveflow.audio.formats.pcm import Encoding, Layout
from waveflow.audio.stream import Kind
from waveflow.errors import CorruptAudioError, EmptyAudioError, UnsupportedMediaError

COMM_BYTES = 18
SSND_BYTES = 8
# AIFF-C's compression type: encoding, little-endian, width (0: from the bits).
TYPES: dict[bytes, tuple[Encoding, bool, int]] = {
    b"NONE": (Encoding.SIGNED, False, 0),
    b"twos": (Encoding.SIGNED, False, 0),
    b"sowt": (Encoding.SIGNED, True, 0),
    b"in24": (Encoding.SIGNED, False, 3),
    b"in32": (Encoding.SIGNED, False, 4),
    b"raw ": (Encoding.UNSIGNED, False, 1),
    b"fl32": (Encoding.FLOAT, False, 4),
    b"FL32": (Encoding.FLOAT, False, 4),
    b"fl64": (Encoding.FLOAT, False, 8),
    b"FL64": (Encoding.FLOAT, False, 8),
    b"alaw": (Encoding.A_LAW, False, 1),
    b"ALAW": (Encoding.A_LAW, False, 1),
    b"ulaw": (Encoding.MU_LAW, False, 1),
    b"ULAW": (Encoding.MU_LAW, False, 1),
}
MIN_BITS, MAX_BITS = 8, 32
EXPONENT_BIAS = 16_383 + 63  # 80-bit floats have an explicit leading one


@dataclass(frozen=True, slots=True)
class _Common:
    channels: int
    frames: int
    bits: int
    sample_rate: int
    compression: bytes


def read_layout(path: Path) -> Layout:
    """Read from the header of an AIFF file where its samples lie.

    Raises
    ------
    CorruptAudioError
        The common chunk or the sound data is missing or broken.
    EmptyAudioError
        The sound data is absent because there are no frames.
    UnsupportedMediaError
        The codec inside is not accepted.
    """
    head, start = read_head(path)
    form_end = start + 8 + int.from_bytes(head[4:8], "big")
    comm, sound = None, None
    with path.open("rb") as file:
        for chunk in chunks.walk(file, start + 12, big_endian=True):
            file.seek(chunk.offset)
            if chunk.name == b"COMM" and comm is None:
                comm = _read_common(file.read(min(chunk.size, COMM_BYTES + 4)))
            elif chunk.name == b"SSND" and sound is None:
                skip = int.from_bytes(file.read(4), "big")
                sound = chunks.Chunk(
                    chunk.name,
                    chunk.offset + SSND_BYTES + skip,
                    max(0, chunk.size - SSND_BYTES - skip),
                )
            if comm and sound:
                break
        if comm and sound is None and not comm.frames:
            raise EmptyAudioError("The AIFF file holds no frame of audio.")
        if comm is None or sound is None:
            raise CorruptAudioError("The AIFF file lacks its format or its samples.")
        extent = chunks.measure(file, sound, form_end=form_end, big_endian=True)
    return _layout_of(comm, extent)


def _layout_of(comm: _Common, extent: chunks.Extent) -> Layout:
    known = TYPES.get(comm.compression)
    if known is None or not MIN_BITS <= (comm.bits or MIN_BITS) <= 2 * MAX_BITS:
        name = comm.compression.decode("ascii", "replace")
        raise UnsupportedMediaError(
            f"The content is AIFF with codec {name!r} of {comm.bits} bits, "
            "which is not accepted."
        )
    encoding, little_endian, width = known
    width = width or (comm.bits + 7) // 8
    if not width or (width > MAX_BITS // 8 and encoding is not Encoding.FLOAT):
        raise CorruptAudioError(f"The AIFF file has samples of {comm.bits} bits.")
    return Layout(
        kind=Kind.AIFF,
        sample_rate=comm.sample_rate,
        channels=comm.channels,
        encoding=encoding,
        width=width,
        big_endian=not little_endian,
        offset=extent.offset,
        size=extent.size,
        truncated=extent.truncated or extent.size % (width * comm.channels) > 0,
    )


def _read_common(raw: bytes) -> _Common:
    if len(raw) < COMM_BYTES:
        raise CorruptAudioError(f"The AIFF format has {len(raw)} bytes, 18 at least.")
    channels, frames, bits, exponent, mantissa = struct.unpack_from(">HIHHQ", raw)
    if not channels:
        raise CorruptAudioError("The AIFF format has no channels.")
    shift = EXPONENT_BIAS - (exponent & 0x7FFF)
    rate = mantissa >> shift if 0 <= shift < 64 else 0  # noqa: PLR2004
    return _Common(channels, frames, bits, rate, raw[18:22] or b"NONE")
