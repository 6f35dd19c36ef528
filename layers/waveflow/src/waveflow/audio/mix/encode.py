"""Write a mixed file as WAV or FLAC while its blocks pass by, and hash the file."""

import hashlib
import struct
from io import BufferedRandom
from typing import BinaryIO, Protocol

import numpy as np

from waveflow.audio.mix.settings import MixFormat
from waveflow.audio.stream import Block, Kind, Samples, Stream

PCM, FLOAT = 1, 3  # format tags
BYTE_BITS = 8
WIDTH_24 = 3  # bytes of a sample


class HashedFile(Protocol):
    """Describe a listener that writes one file and gives the file's SHA-256."""

    def add(self, block: Block) -> None:
        """Write the next samples."""
        ...

    def finish(self) -> str:
        """Complete the file, and return its SHA-256, hexadecimal."""
        ...


def file_writer(file: BufferedRandom, stream: Stream, form: MixFormat) -> HashedFile:
    """Return the writer of a stream into a file that is open for reading and writing.

    Parameters
    ----------
    stream
        Of int16, of int32 with 24 bits, or of float32, as the format says; its number
        of frames is exact.
    """
    if form.kind is Kind.FLAC:
        return _FlacFile(file, stream, bits=form.bits)
    return WavFile(file, stream, bits=form.bits)


class WavFile:
    """Write and hash a WAV file: 16 or 24 bits, or floats of 32 bits."""

    def __init__(self, file: BinaryIO, stream: Stream, *, bits: int) -> None:
        self._file, self._digest = file, hashlib.sha256()
        self._width = bits // BYTE_BITS
        self._pad = b"\0" * (stream.frames * stream.channels * self._width % 2)
        self._write(_wav_header(stream, self._width))

    def add(self, block: Block) -> None:
        """Write the next samples."""
        samples = np.ascontiguousarray(block.samples).reshape(-1)
        is_24 = self._width == WIDTH_24
        self._write(_packed_24(samples) if is_24 else samples.data)

    def finish(self) -> str:
        """Complete the file, and return its SHA-256, hexadecimal."""
        self._write(self._pad)
        return self._digest.hexdigest()

    def _write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self._digest.update(data)


def _wav_header(stream: Stream, width: int) -> bytes:
    """Return the header of a WAV file up to its samples of so many bytes each."""
    tag = FLOAT if width > WIDTH_24 else PCM
    frame_bytes, rate = width * stream.channels, stream.sample_rate
    fmt = struct.pack("<HHII", tag, stream.channels, rate, rate * frame_bytes)
    fmt += struct.pack("<HH", frame_bytes, width * BYTE_BITS)
    size = frame_bytes * stream.frames
    if tag == FLOAT:  # formats other than PCM need an extension and a count of frames
        chunks = _chunk(b"fmt ", fmt + b"\0\0")
        chunks += _chunk(b"fact", struct.pack("<I", stream.frames))
    else:
        chunks = _chunk(b"fmt ", fmt)
    chunks = b"WAVE" + chunks + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(chunks) + size + size % 2) + chunks


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body


def _packed_24(samples: Samples) -> memoryview:
    """Return the upper three bytes of each left-justified sample, shape (n,)."""
    packed = np.empty((len(samples), WIDTH_24), np.uint8)
    upper = samples.view(np.uint8).reshape(-1, 4)
    for byte in range(WIDTH_24):  # three long copies are faster than n short ones
        packed[:, byte] = upper[:, byte + 1]
    return packed.reshape(-1).data


class _FlacFile:
    """Write a FLAC file with libFLAC, and hash the file when its head is complete."""

    def __init__(self, file: BufferedRandom, stream: Stream, *, bits: int) -> None:
        import plibflac

        self._file, self._bits = file, bits
        self._encoder = plibflac.Encoder(
            file,
            channels=stream.channels,
            bits_per_sample=bits,
            sample_rate=stream.sample_rate,
            total_samples_estimate=stream.frames,
            # The subset has no sample rates such as 65,537 Hz.
            streamable_subset=False,
        )

    def add(self, block: Block) -> None:
        """Encode the next samples."""
        samples = block.samples
        planes = np.empty(samples.shape[::-1], np.int32)
        shift = BYTE_BITS * samples.dtype.itemsize - self._bits
        np.right_shift(samples.T, shift, out=planes)
        self._encoder.write([plane.data for plane in planes])

    def finish(self) -> str:
        """Complete the file, and return its SHA-256, hexadecimal."""
        self._encoder.close()
        self._file.flush()
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()
