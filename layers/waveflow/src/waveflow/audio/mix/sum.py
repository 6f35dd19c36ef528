"""Mix stems to one mono WAV, in memory that does not grow with their length."""

import hashlib
import wave
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.mix.stem import MIX_FRAMES, STEP_FRAMES, StemReader
from waveflow.audio.waveform.draw import Waveform, draw
from waveflow.audio.waveform.parallel import DECODERS
from waveflow.errors import AudioTooLongError, InvalidMessageError

PEAK_CEILING = 0.95  # set by the platform
PEAKS_OF_A_MIX = 4_000  # set by the platform
INT16_SCALE = 32_767
SAMPLE_BYTES = 2
HEADER_BYTES = 44  # header of a plain WAV
MAX_WAV_BYTES = 0xFFFF_FFFF  # RIFF counts the file in 32 bits


@dataclass(frozen=True, slots=True)
class Mix:
    """Describe a mixed WAV file and its waveform.

    Parameters
    ----------
    sample_rate
        Of the first stem, in Hz.
    channels
        Always 1.
    frames
        Of the longest stem.
    duration
        In seconds.
    waveform
        Exactly what `draw` gives for the written file.
    warnings
        Sorted: codes of the stems as CODE:name, RESAMPLED:name among them.
    audio_hash
        SHA-256 of the written file, hexadecimal.
    """

    sample_rate: int
    channels: int
    frames: int
    duration: float
    waveform: Waveform
    warnings: tuple[str, ...]
    audio_hash: str


def mix(
    paths: Sequence[Path],
    out: Path,
    *,
    names: Sequence[str] = (),
    num_peaks: int = PEAKS_OF_A_MIX,
    deadline: float | None = None,
) -> Mix:
    """Mix stems into a mono WAV: their mean, scaled down where it exceeds 0.95.

    Mono per stem, zero-padded, summed, divided by their number, scaled down
    where the peak exceeds 0.95; 16-bit PCM at the first stem's rate.

    Parameters
    ----------
    paths
        The stems' files, at least one.
    out
        The WAV to write; removed again when anything fails.
    names
        The stems' names in errors and warnings; the paths' names if empty.
    num_peaks
        Of the waveform.
    deadline
        A value of `time.monotonic()` to end by.

    Raises
    ------
    WaveflowError
        One of the audio errors, naming the stem.
    """
    if not paths:
        raise InvalidMessageError("A mix needs at least one stem.")
    job = _Job(paths, names or [path.name for path in paths], deadline)
    try:
        peak, frames, warnings = job.write(out, gain=1.0)
        if peak > PEAK_CEILING:
            peak, frames, warnings = job.write(out, gain=PEAK_CEILING / peak)
        waveform = draw(out, num_peaks, deadline=deadline)
        return Mix(
            sample_rate=waveform.sample_rate,
            channels=1,
            frames=frames,
            duration=waveform.duration,
            waveform=waveform,
            warnings=warnings,
            audio_hash=_hash_of(out),
        )
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class _Job:
    """Write the mix of the same stems once, or a second time at another gain."""

    paths: Sequence[Path]
    names: Sequence[str]
    deadline: float | None

    def write(self, out: Path, *, gain: float) -> tuple[float, int, tuple[str, ...]]:
        """Write the mixed WAV; return its peak before the gain, length and warnings."""
        stems = self._open()
        rate, peak, frames = stems[0].sample_rate, 0.0, 0
        decoders = min(DECODERS, len(stems))
        with wave.open(str(out), "wb") as wav, ThreadPoolExecutor(decoders) as pool:
            wav.setparams((1, SAMPLE_BYTES, rate, 0, "NONE", ""))
            for block in _sum_blocks(stems, pool):
                peak = max(peak, float(block.max()), -float(block.min()))
                frames += len(block)
                if HEADER_BYTES + SAMPLE_BYTES * frames > MAX_WAV_BYTES:
                    raise AudioTooLongError("The mix is longer than 4 GiB of WAV.")
                for start in range(0, len(block), STEP_FRAMES):
                    wav.writeframesraw(
                        _to_pcm(block[start : start + STEP_FRAMES], gain)
                    )
        return peak, frames, _warnings_of(stems)

    def _open(self) -> list[StemReader]:
        """Open the stems' files, read at the first stem's sample rate."""
        stems: list[StemReader] = []
        for path, name in zip(self.paths, self.names, strict=True):
            rate = stems[0].sample_rate if stems else None
            stems.append(
                StemReader(path, name, sample_rate=rate, deadline=self.deadline)
            )
        return stems


def _warnings_of(stems: Sequence[StemReader]) -> tuple[str, ...]:
    return tuple(sorted(code for stem in stems for code in stem.warnings))


def _sum_blocks(
    stems: Sequence[StemReader], pool: ThreadPoolExecutor
) -> Iterator[NDArray[np.float32]]:
    """Yield the mean of all stems, block by block."""
    count = np.float32(len(stems))
    total = np.empty(MIX_FRAMES, np.float32)
    while True:
        total[:] = 0
        longest = 0
        for block in pool.map(StemReader.next_block, stems):
            longest = max(longest, len(block))
            total[: len(block)] += block
        if not longest:
            return
        total /= count
        yield total[:longest]


def _to_pcm(block: NDArray[np.float32], gain: float) -> bytes:
    scaled = block * np.float32(gain * INT16_SCALE)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -INT16_SCALE - 1, INT16_SCALE, out=scaled)
    return scaled.astype(np.int16).tobytes()
