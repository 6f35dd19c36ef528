"""Stems made of integers alone, so that every machine writes the same samples."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile


class FixedStem(NamedTuple):
    """Say which samples a stem holds, and in which kind of file."""

    seed: int
    frames: int
    channels: int = 2
    kind: str = "PCM_16"
    suffix: str = "wav"
    quiet: int = 0  # bits by which the samples are shifted down


STEMS = {
    "one, loud": [FixedStem(1, 30_000, 1)],
    "two alike, loud": [
        FixedStem(1, 70_000, 1),
        FixedStem(1, 69_000, 1, suffix="flac"),
    ],
    "one, quiet": [FixedStem(1, 30_000, quiet=3)],
    "eight of 16 bits": [FixedStem(n, 70_000 - n, quiet=1) for n in range(8)],
    "eight of FLAC": [FixedStem(n, 70_000, suffix="flac") for n in range(8)],
    "one channel and two": [FixedStem(n, 66_000, 1 + n % 2) for n in range(5)],
    "six channels": [FixedStem(n, 20_000, 6) for n in range(3)],
    "eight channels": [FixedStem(n, 20_000, 8) for n in range(4)],
    "WAV beside FLAC": [
        FixedStem(n, 140_000, suffix=("wav", "flac")[n % 2]) for n in range(4)
    ],
    "24 bits": [FixedStem(n, 70_000, kind="PCM_24") for n in range(5)],
    "24 bits of FLAC": [FixedStem(n, 9_000, 2, "PCM_24", "flac") for n in range(3)],
    "floats": [FixedStem(n, 70_000, kind="FLOAT") for n in range(7)],
    "every kind": [
        *(
            FixedStem(n, 65_536, 1 + n % 3, kind)
            for n, kind in enumerate(
                ["PCM_16", "PCM_24", "FLOAT", "PCM_16", "PCM_32", "DOUBLE", "PCM_16"]
            )
        ),
        FixedStem(9, 65_537, 2, "PCM_16", "flac"),
    ],
    "sixty-four": [FixedStem(n, 1_000 + n, quiet=n % 3) for n in range(64)],
    "sixty-four floats": [FixedStem(n, 1_000 + n, 3, "FLOAT") for n in range(64)],
}


def write_stems(folder: Path, case: str) -> list[Path]:
    """Write the stems of one case, and return their paths."""
    paths = []
    for number, stem in enumerate(STEMS[case]):
        path = folder / f"{number}.{stem.suffix}"
        soundfile.write(path, _samples_of(stem), 8_000, subtype=stem.kind)
        paths.append(path)
    return paths


def _samples_of(stem: FixedStem) -> np.ndarray:
    """Return noise from a linear congruence, shape (frames, channels)."""
    count = np.arange(stem.frames * stem.channels, dtype=np.int64)
    mixed = (count + 977 * stem.seed + 1) * 1_103_515_245
    wide = ((mixed ^ mixed >> 13) % 2**32 - 2**31) >> stem.quiet
    if stem.kind == "PCM_16":
        samples = (wide >> 16).astype(np.int16)
    elif stem.kind in ("FLOAT", "DOUBLE"):
        samples = (wide >> 8).astype(np.float32) / np.float32(2**22)  # up to +6 dB
    else:
        samples = wide.astype(np.int32)
    return samples.reshape(-1, stem.channels)
