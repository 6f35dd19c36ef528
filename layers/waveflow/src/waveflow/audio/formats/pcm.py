"""Read the uncompressed samples (PCM) of a file block by block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.formats.chunks import Extent
from waveflow.audio.stream import Kind, Samples

LOW_BYTE = -256  # masks the byte that a 24-bit sample shares with its neighbour

Convert = Callable[[bytearray, int], Samples]


class Encoding(Enum):
    """Name the encodings of one PCM sample, such as integer, float and A-law."""

    UNSIGNED = "u"
    SIGNED = "i"
    FLOAT = "f"
    A_LAW = "a-law"
    MU_LAW = "mu-law"


@dataclass(frozen=True, slots=True)
class Layout:
    """Say where the samples of a WAV or AIFF file lie, and how they are written.

    `encoding` is None if they are compressed; then `frames_per_unit` is the most that
    one byte holds. `scale` is the value that one unit of a float sample has. `short`
    says that the header counts more frames than there are.
    """

    path: Path
    kind: Kind
    sample_rate: int
    channels: int
    encoding: Encoding | None
    width: int
    big_endian: bool
    extents: tuple[Extent, ...]
    frames_per_unit: int = 1
    scale: float = 1.0
    short: bool = False

    @property
    def frame_bytes(self) -> int:
        """Return the size in bytes of one audio frame; of compressed ones 1."""
        return 1 if self.encoding is None else self.width * self.channels

    @property
    def frames(self) -> int:
        """Return the number of whole frames, an upper bound for compressed samples."""
        units = sum(extent.size // self.frame_bytes for extent in self.extents)
        return units * self.frames_per_unit

    @property
    def truncated(self) -> bool:
        """Tell whether samples are missing, or the last of them is cut."""
        return self.short or any(
            extent.truncated or extent.size % self.frame_bytes
            for extent in self.extents
        )


def read_blocks(layout: Layout, *, start: int, samples: int) -> Iterator[Samples]:
    """Read PCM in blocks of so many samples, from the frame `start` on.

    Yields
    ------
    Samples
        Shape (frames, channels), int16, int32 or float32; only valid until the
        next block is asked for.
    """
    for extent in layout.extents:
        frames = extent.size // layout.frame_bytes
        skipped = min(start, frames)
        start -= skipped
        offset = extent.offset + skipped * layout.frame_bytes
        left = (frames - skipped) * layout.frame_bytes
        yield from _read_extent(layout, offset=offset, left=left, samples=samples)


def _read_extent(
    layout: Layout, *, offset: int, left: int, samples: int
) -> Iterator[Samples]:
    block_bytes = max(1, samples // layout.channels) * layout.frame_bytes
    buffer = bytearray(block_bytes + 1)  # a 24-bit read looks one byte further
    view = memoryview(buffer)
    convert = converter(layout)
    with layout.path.open("rb") as file:
        file.seek(offset)
        while left > 0:
            count = file.readinto(view[: min(block_bytes, left)])
            count -= count % layout.frame_bytes
            if not count:
                return
            left -= count
            yield convert(buffer, count // layout.width).reshape(-1, layout.channels)


def converter(layout: Layout) -> Convert:
    """Return the function that converts a file's raw bytes into samples.

    Returns
    -------
    Callable
        Takes a buffer and a number of samples; gives int16 for up to 16 bits
        and companded samples, int32 (left-justified) beyond, else float32.
    """
    order = ">" if layout.big_endian else "<"
    width = layout.width
    if layout.encoding in (Encoding.A_LAW, Encoding.MU_LAW):
        table = _a_law() if layout.encoding is Encoding.A_LAW else _mu_law()
        return lambda raw, n: table[np.frombuffer(raw, np.uint8, n)]
    if layout.encoding is Encoding.FLOAT:
        return lambda raw, n: _to_float32(
            np.frombuffer(raw, f"{order}f{width}", n), layout.scale
        )
    if layout.encoding is Encoding.UNSIGNED:
        return lambda raw, n: (
            (np.frombuffer(raw, np.uint8, n).astype(np.int16) - 128) << 8
        )
    if width == 1:
        return lambda raw, n: np.frombuffer(raw, np.int8, n).astype(np.int16) << 8
    if width == 3:  # noqa: PLR2004
        return _big_24 if layout.big_endian else _little_24
    native = np.int16 if width == 2 else np.int32  # noqa: PLR2004
    return lambda raw, n: np.frombuffer(raw, f"{order}i{width}", n).astype(
        native, copy=False
    )


def _little_24(raw: bytearray, count: int) -> NDArray[np.int32]:
    # Unaligned views three bytes apart; the first sample has no byte before it.
    out = np.empty(count, np.int32)
    out[1:] = np.ndarray(count - 1, "<i4", raw, offset=2, strides=(3,))
    out[0] = int.from_bytes(raw[:3], "little", signed=True) << 8
    out &= LOW_BYTE
    return out


def _to_float32(
    samples: NDArray[np.floating[Any]], scale: float
) -> NDArray[np.float32]:
    # A double beyond float32 becomes an infinity, which counts as no sample;
    # of a signalling NaN NumPy would warn on standard error.
    with np.errstate(over="ignore", invalid="ignore"):
        floats = samples.astype(np.float32, copy=False)
        return floats if scale == 1 else floats * np.float32(scale)


def _big_24(raw: bytearray, count: int) -> NDArray[np.int32]:
    view = np.ndarray(count, ">i4", raw, strides=(3,))
    return view.astype(np.int32) & np.int32(LOW_BYTE)


def _a_law() -> NDArray[np.int16]:
    """Return the table from ITU-T G.711 A-law bytes to 16-bit samples."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = code >> 4 & 7, (code & 15) << 4
    value = np.where(
        exponent > 0,
        (mantissa + 0x108) << np.maximum(exponent - 1, 0),
        mantissa + 8,
    )
    return np.where(code & 0x80, value, -value).astype(np.int16)


def _mu_law() -> NDArray[np.int16]:
    """Return the table from ITU-T G.711 mu-law bytes to 16-bit samples."""
    code = ~np.arange(256) & 0xFF
    value = ((((code & 15) << 3) + 0x84) << (code >> 4 & 7)) - 0x84
    return np.where(code & 0x80, -value, value).astype(np.int16)
