"""Find where an AIFF or AIFF-C file keeps its samples."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from waveflow.audio.formats import chunks
from waveflow.audio.formats.head import read_head, refusal_of
from waveflow.audio.formats.pcm import Encoding, Layout
from waveflow.audio.stream import Kind
from waveflow.errors import CorruptAudioError, EmptyAudioError

COMM_BYTES = 18
SSND_BYTES = 8
# AIFF-C's compression type: encoding, little-endian, width (0: from the bits).
TYPES: dict[bytes, tuple[Encoding, bool, int]] = {
    **dict.fromkeys((b"NONE", b"twos"), (Encoding.SIGNED, False, 0)),
    b"sowt": (Encoding.SIGNED, True, 0),
    b"in24": (Encoding.SIGNED, False, 3),
    b"in32": (Encoding.SIGNED, False, 4),
    **dict.fromkeys((b"42ni", b"42n1"), (Encoding.SIGNED, True, 3)),
    b"23ni": (Encoding.SIGNED, True, 4),
    b"raw ": (Encoding.UNSIGNED, False, 1),
    **dict.fromkeys((b"fl32", b"FL32"), (Encoding.FLOAT, False, 4)),
    **dict.fromkeys((b"fl64", b"FL64"), (Encoding.FLOAT, False, 8)),
    **dict.fromkeys((b"alaw", b"ALAW"), (Encoding.A_LAW, False, 1)),
    **dict.fromkeys((b"ulaw", b"ULAW"), (Encoding.MU_LAW, False, 1)),
}
CODECS = {
    b"ADP4": "ADPCM",
    b"DWVW": "DWVW",
    b"GSM ": "GSM 6.10",
    b"MAC3": "MACE 3:1",
    b"MAC6": "MACE 6:1",
    b"QDM2": "QDesign Music",
    b"QDMC": "QDesign Music",
    b"Qclp": "Qualcomm PureVoice",
    b"ima4": "IMA ADPCM",
}
MIN_BITS, MAX_BITS = 8, 32
# Types whose order of bytes QuickTime may turn round in the chunk "wave".
TURNABLE = (b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64")
ENDA = b"\0\0\0\x0aenda\0\1"
WAVE_BYTES = 4_096  # the atoms of a real file take 38 bytes
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
    with path.open("rb") as file:
        form = chunks.Form(file, form_end, big_endian=True, preamble=SSND_BYTES)
        comm, sound, before = _find_chunks(form, start + 12)
        if comm and sound is None and not comm.frames:
            raise EmptyAudioError("The AIFF file holds no frame of audio.")
        if comm is None or sound is None:
            raise CorruptAudioError("The AIFF file lacks its format or its samples.")
        found, behind = chunks.measure(form, sound)
        extents = tuple(_skip_preamble(form, extent) for extent in found)
        turned = _is_turned(form, (*before, *behind))
    layout = _layout_of(path, comm, extents=extents, turned=turned)
    if layout.frames < comm.frames and not chunks.is_streamed(sound.size):
        return replace(layout, short=True)
    return layout


def _find_chunks(
    form: chunks.Form, start: int
) -> tuple[_Common | None, chunks.Chunk | None, list[chunks.Chunk]]:
    """Return an AIFF file's format, its first SSND chunk, and all chunks up to both."""
    comm, sound, passed = None, None, []
    for chunk in form.walk(start):
        passed.append(chunk)
        if chunk.name == b"COMM" and comm is None:
            raw = form.read(chunk.offset, min(chunk.size, COMM_BYTES + 4))
            comm = _read_common(raw)
        elif chunk.name == b"SSND" and sound is None:
            sound = chunk
        if comm and sound:
            break
    return comm, sound, passed


def _skip_preamble(form: chunks.Form, sound: chunks.Extent) -> chunks.Extent:
    """Leave out the eight bytes of SSND's own header, and its `offset` bytes more."""
    skip = SSND_BYTES + int.from_bytes(form.read(sound.offset, 4), "big")
    size = max(0, sound.size - skip)
    return chunks.Extent(sound.offset + skip, size, truncated=sound.truncated)


def _is_turned(form: chunks.Form, passed: Iterable[chunks.Chunk]) -> bool:
    """Tell whether a chunk "wave" holds QuickTime's atom for little-endian samples."""
    return any(
        ENDA in form.read(chunk.offset, min(chunk.size, WAVE_BYTES))
        for chunk in passed
        if chunk.name == b"wave"
    )


def _layout_of(
    path: Path, comm: _Common, *, extents: tuple[chunks.Extent, ...], turned: bool
) -> Layout:
    known = TYPES.get(comm.compression)
    if known is None or not MIN_BITS <= (comm.bits or MIN_BITS) <= 2 * MAX_BITS:
        default = "an unknown codec" if known is None else "samples"
        codec = CODECS.get(comm.compression, default)
        raise refusal_of(f"AIFF with {codec} of {comm.bits} bits")
    encoding, little_endian, width = known
    width = width or (comm.bits + 7) // 8
    if not width or (width > MAX_BITS // 8 and encoding is not Encoding.FLOAT):
        raise CorruptAudioError(f"The AIFF file has samples of {comm.bits} bits.")
    return Layout(
        path,
        kind=Kind.AIFF,
        sample_rate=comm.sample_rate,
        channels=comm.channels,
        encoding=encoding,
        width=width,
        big_endian=not (little_endian or (turned and comm.compression in TURNABLE)),
        extents=extents,
    )


def _read_common(raw: bytes) -> _Common:
    if len(raw) < COMM_BYTES:
        raise CorruptAudioError(f"The AIFF format has {len(raw)} bytes, 18 at least.")
    channels, frames, bits, exponent, mantissa = struct.unpack_from(">HIHHQ", raw)
    if not channels:
        raise CorruptAudioError("The AIFF format has no channels.")
    shift = EXPONENT_BIAS - (exponent & 0x7FFF)
    known = 0 <= shift < 64  # noqa: PLR2004
    rate = mantissa + (1 << shift >> 1) >> shift if known else 0
    return _Common(channels, frames, bits, rate, raw[18:22] or b"NONE")
