"""Find where a WAV file keeps its samples: RIFF, RIFX, RF64 and BW64."""

import struct
from dataclasses import dataclass, replace
from pathlib import Path

from waveflow.audio.formats import chunks
from waveflow.audio.formats.head import read_head, refusal_of
from waveflow.audio.formats.pcm import Encoding, Layout
from waveflow.audio.stream import Kind
from waveflow.errors import CorruptAudioError

PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
# Most frames in a byte of MS and IMA ADPCM, GSM 6.10 and MPEG layer III.
COMPRESSED = {0x02: 2, 0x11: 2, 0x31: 5, 0x55: 24}
CODECS = {
    PCM: "integers",
    FLOAT: "floating-point numbers",
    A_LAW: "A-law",
    MU_LAW: "mu-law",
    0x02: "MS ADPCM",
    0x11: "IMA ADPCM",
    0x31: "GSM 6.10",
    0x45: "G.726",
    0x50: "MPEG layer II",
    0x55: "MP3",
    0xFF: "AAC",
    0x0161: "WMA",
    0x0162: "WMA Professional",
    0x0163: "WMA Lossless",
    0x1602: "AAC",
    0x2000: "AC-3",
    0x2001: "DTS",
    0x5756: "WavPack",
    0xF1AC: "FLAC",
}
# Ends of the names of subformats: Microsoft's, and Ambisonic B-format's.
GUID_TAILS = (
    bytes.fromhex("000000001000800000aa00389b71"),
    bytes.fromhex("00002107d3118644c8c1ca000000"),
)
FMT_BYTES = 16
COOL_EDIT = b"\2\0\1\0"  # "16.8 float": tag 1, 32 bits, full scale 32,768
EXTENSIBLE_BYTES = 40
IN_DS64 = 0xFFFF_FFFF  # this size means: see the ds64 chunk
IN_DS64S = (IN_DS64, 0)  # some writers leave the size empty
FLOAT_WIDTHS = (4, 8)
# Below five bits writers pack two samples into a byte, against the format.
MIN_BITS, MAX_BITS = 5, 32


@dataclass(frozen=True, slots=True)
class _Format:
    tag: int
    channels: int
    sample_rate: int
    width: int
    bits: int
    scale: float = 1.0


def read_layout(path: Path) -> Layout:
    """Read from the header of a WAV file where its samples lie.

    Raises
    ------
    CorruptAudioError
        There is no usable format or no data.
    UnsupportedMediaError
        The codec inside is not accepted.
    """
    head, start = read_head(path)
    big_endian = head[:4] == b"RIFX"
    size = int.from_bytes(head[4:8], "big" if big_endian else "little")
    with path.open("rb") as file:
        form = chunks.Form(file, start + 8 + size, big_endian=big_endian)
        fmt, data, (form_size, data_size) = _find_chunks(form, start + 12)
        if size == IN_DS64:
            form = replace(form, end=start + 8 + form_size)
        extents, _ = chunks.measure(form, data)
    return Layout(
        path,
        kind=Kind.WAV,
        sample_rate=fmt.sample_rate,
        channels=fmt.channels,
        encoding=_encoding_of(fmt),
        width=fmt.width,
        big_endian=big_endian,
        extents=extents,
        frames_per_unit=COMPRESSED.get(fmt.tag, 1),
        scale=fmt.scale,
        short=data.size < data_size,
    )


def _find_chunks(
    form: chunks.Form, start: int
) -> tuple[_Format, chunks.Chunk, tuple[int, int]]:
    """Return a WAV file's format, its first data chunk, and the sizes in ds64."""
    fmt, sizes = None, (0, 0)
    for chunk in form.walk(start):
        if chunk.name == b"ds64":
            sizes = struct.unpack("<QQ", form.read(chunk.offset, 16).ljust(16, b"\0"))
        elif chunk.name == b"fmt ":
            raw = form.read(chunk.offset, min(chunk.size, EXTENSIBLE_BYTES))
            fmt = _read_format(raw, big=form.big_endian)
        elif chunk.name == b"data":
            if fmt is None:
                raise CorruptAudioError("The WAV file has data before its format.")
            size = sizes[1] if chunk.size in IN_DS64S and sizes[1] else chunk.size
            return fmt, replace(chunk, size=size), sizes
    raise CorruptAudioError("The WAV file has no data chunk.")


def _read_format(raw: bytes, *, big: bool) -> _Format:
    if len(raw) < FMT_BYTES:
        raise CorruptAudioError(f"The WAV format has {len(raw)} bytes, 16 at least.")
    order = ">" if big else "<"
    tag, channels, rate, _, align, bits = struct.unpack_from(f"{order}HHIIHH", raw)
    if tag == EXTENSIBLE:
        if len(raw) < EXTENSIBLE_BYTES or raw[26:40] not in GUID_TAILS:
            raise refusal_of("WAV of an unknown kind")
        tag = struct.unpack_from(f"{order}H", raw, 24)[0]
    if not channels:
        raise CorruptAudioError("The WAV format has no channels.")
    width = align // channels if align and align % channels == 0 else 0
    if (tag, bits, width, raw[16:20]) == (PCM, 32, 4, COOL_EDIT) and not big:
        return _Format(FLOAT, channels, rate, width, bits, scale=2.0**-15)
    return _Format(tag, channels, rate, _width_of(width, bits), bits)


def _width_of(width: int, bits: int) -> int:
    needed = (bits + 7) // 8
    return width if needed <= width <= MAX_BITS // 4 else needed


def _encoding_of(fmt: _Format) -> Encoding | None:
    if fmt.tag in COMPRESSED:
        return None
    is_whole = MIN_BITS <= fmt.bits <= MAX_BITS and fmt.width <= MAX_BITS // 8
    if fmt.tag == PCM and is_whole:
        return Encoding.UNSIGNED if fmt.width == 1 else Encoding.SIGNED
    if fmt.tag == FLOAT and fmt.width in FLOAT_WIDTHS:
        return Encoding.FLOAT
    if fmt.tag in (A_LAW, MU_LAW) and fmt.width == 1:
        return Encoding.A_LAW if fmt.tag == A_LAW else Encoding.MU_LAW
    if not fmt.bits:
        raise CorruptAudioError("The WAV format has samples of 0 bits.")
    codec = CODECS.get(fmt.tag, f"codec number {fmt.tag}")
    raise refusal_of(f"WAV with {codec} of {fmt.bits} bits")
