"""Bring the beginning of a file to where tempo and key are looked for."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.kernels import mono
from waveflow.audio.listen.stem_check import SILENT_LEVEL
from waveflow.audio.stream import Block

SAMPLE_RATE = 22_050  # Hz; librosa's own, far above what beat and pitch need
MAX_SECONDS = 90
VANISHED = 0.1  # of one channel's power: the mean of the channels cancels out


def read_excerpt(path: Path, *, deadline: float | None = None) -> NDArray[np.float32]:
    """Read at most the first 90 s as one channel.

    Parameters
    ----------
    path
        The file.
    deadline
        A value of `time.monotonic()` to end by.

    Returns
    -------
    NDArray
        float32, shape (frames,), at 22,050 Hz: the mean of the channels, or the
        first of them where they cancel each other out.

    Raises
    ------
    WaveflowError
        One of the audio errors.
    """
    import soxr

    stream = codec.open_audio(path)
    resampler = soxr.ResampleStream(
        stream.sample_rate, SAMPLE_RATE, 2, dtype="float32", quality="HQ"
    )
    left, parts = MAX_SECONDS * stream.sample_rate, []
    for block in codec.blocks(stream, deadline=deadline):
        first = Block(block[:, :1], stream.sample_rate).planar[0]
        both = np.stack((mono(block), first), axis=1)[:left]
        parts.append(resampler.resample_chunk(both))
        left -= len(both)
        if left <= 0:
            break
    end = np.zeros((0, 2), np.float32)
    mean, first = np.concatenate([*parts, resampler.resample_chunk(end, last=True)]).T
    cancelled = float(mean @ mean) < VANISHED * float(first @ first)
    return np.ascontiguousarray(first if cancelled else mean)


def is_silent(excerpt: NDArray[np.float32]) -> bool:
    """Tell whether nothing can be heard.

    Parameters
    ----------
    excerpt
        float32, shape (frames,).

    Returns
    -------
    bool
        True below -80 dBFS.
    """
    return float(np.abs(excerpt).max(initial=0.0)) < SILENT_LEVEL
