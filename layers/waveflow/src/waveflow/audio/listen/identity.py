"""Identify a recording by its sound: equal strings mean equal samples or packets."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.listen.packets import packet_identity
from waveflow.audio.stream import (
    NON_FINITE_SAMPLES,
    TRUNCATED,
    Block,
    Kind,
    Rounding,
    Samples,
    Stream,
)

RUN_FRAMES = 1 << 20  # a SHA-256 of each run lets runs be hashed in parallel
UNCERTAIN = {TRUNCATED, NON_FINITE_SAMPLES}
LOSSY = (Kind.MP3, Kind.OGG, Kind.OPUS)
HIGHEST = 2**31 - 1


class AudioIdentity:
    """Compute the identity of a file while its blocks are decoded.

    Lossless audio is identified by its samples (`pcm1:…`), other audio by its packets
    (`pkt1:…`), which are read from the file at the end.

    Parameters
    ----------
    path
        The file that is decoded.
    """

    def __init__(self, stream: Stream, path: Path) -> None:
        self._stream = stream
        self._path = path
        self._samples = SampleHash(stream.sample_rate, stream.channels)
        self._is_lossy = stream.kind in LOSSY

    def add(self, block: Block) -> None:
        """Take in a block of samples, which only lossless audio is known by."""
        if self._stream.kind is Kind.M4A:  # AAC decodes to floats, ALAC to integers
            self._is_lossy = block.samples.dtype == np.float32
        if not self._is_lossy:
            self._samples.add(block.samples)

    def finish(self) -> str | None:
        """Return the identity, or None where the sound is not known for certain."""
        stream = self._stream
        if stream.warnings & UNCERTAIN or _is_compressed_wav(stream):
            return None
        if self._is_lossy:
            return packet_identity(self._path, stream.kind)
        return self._samples.finish()


class SampleHash:
    """Hash samples as 32-bit integers, in runs of 2^20 frames.

    Parameters
    ----------
    sample_rate
        In Hz.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._sample_rate, self._channels = sample_rate, channels
        self._frames = 0
        self._is_clear = True  # false from the first float beyond full scale on
        self._runs: list[bytes] = []
        self._run = hashlib.sha256()
        self._pool = ThreadPoolExecutor(1)
        self._running: Future[None] | None = None

    def add(self, samples: Samples) -> None:
        """Take in samples, shape (frames, channels); their order is what is hashed."""
        if not self._is_clear:
            return
        values = _left_justified(samples)
        if values is None:
            self._is_clear = False
            return
        self._wait()  # a longer queue would fill the memory with blocks
        self._running = self._pool.submit(self._hash, values)

    def finish(self) -> str | None:
        """Return `pcm1:` and 64 digits, or None where a float was beyond full scale."""
        self._wait()
        self._pool.shutdown()
        if not self._is_clear:
            return None
        if self._frames % RUN_FRAMES:
            self._runs.append(self._run.digest())
        head = f"pcm1 {self._sample_rate} {self._channels} {self._frames}\n"
        whole = hashlib.sha256(head.encode() + b"".join(self._runs))
        return f"pcm1:{whole.hexdigest()}"

    def _wait(self) -> None:
        if self._running is not None:
            self._running.result()

    def _hash(self, values: NDArray[np.int32]) -> None:
        """Hash one block, cut where a run ends; the library lets other threads run."""
        while len(values):
            room = RUN_FRAMES - self._frames % RUN_FRAMES
            piece, values = values[:room], values[room:]
            self._run.update(piece.data)
            self._frames += len(piece)
            if not self._frames % RUN_FRAMES:
                self._runs.append(self._run.digest())
                self._run = hashlib.sha256()


def _left_justified(samples: Samples) -> NDArray[np.int32] | None:
    """Return a copy as 32-bit little-endian integers, frame by frame.

    Returns
    -------
    NDArray or None
        C-contiguous, of the same shape; None where a float is beyond full scale.
    """
    values = np.empty(samples.shape, "<i4")
    if samples.dtype == np.int16:
        np.left_shift(samples, 16, out=values, dtype=np.int32)
    elif samples.dtype == np.int32:
        values[...] = samples
    elif samples.max(initial=0) > 1 or samples.min(initial=0) < -1:
        return None
    else:
        scaled = np.rint(samples.astype(np.float64) * 2.0**31)
        np.minimum(scaled, HIGHEST, out=values, casting="unsafe")
    return values


def _is_compressed_wav(stream: Stream) -> bool:
    """Tell whether WAV holds ADPCM, GSM or MP3, whose decoders round floats."""
    return stream.kind is Kind.WAV and stream.rounding is Rounding.NEAREST
