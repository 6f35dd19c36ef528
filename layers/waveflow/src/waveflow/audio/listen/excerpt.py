"""Read the excerpt of an audio file in which tempo and key are searched."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.kernels import mono
from waveflow.audio.listen.stem_check import SILENT_LEVEL
from waveflow.audio.stream import Block

SAMPLE_RATE = 22_050  # Hz; librosa's own, far above what beat and pitch need
MAX_SECONDS = 90
VANISHED = 0.1  # share of one channel's power: below, the channels cancel out


def read_excerpt(path: Path, *, deadline: float | None = None) -> NDArray[np.float32]:
    """Return at most the first 90 s of an audio file as one channel.

    Parameters
    ----------
    deadline
        A value of `time.monotonic()` to end by.

    Returns
    -------
    NDArray
        Shape (frames,), at 22,050 Hz: the mean of the channels, or the first of
        them where the channels cancel each other out.

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
    """Tell whether an audio excerpt stays below -80 dBFS."""
    return float(np.abs(excerpt).max(initial=0.0)) < SILENT_LEVEL
