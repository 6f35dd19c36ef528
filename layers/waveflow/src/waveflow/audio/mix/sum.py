"""Mix stems to one mono WAV, in memory that does not grow with their length."""

import hashlib
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from waveflow.audio import codec
from waveflow.audio.mix.stem import Stem
from waveflow.audio.mix.total import STEP_FRAMES, SUM_BYTES, TOO_LONG, Total
from waveflow.audio.stream import (
    Block,
    Kind,
    Listener,
    Rounding,
    Samples,
    Stream,
)
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.audio.waveform.draw import Waveform, waveform_of
from waveflow.errors import AudioTooLongError, InvalidMessageError, ResourceLimitError

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
    waveform
        Exactly what `draw` gives for the written file.
    warnings
        Sorted: codes of the stems as CODE:name, RESAMPLED:name among them.
    audio_hash
        SHA-256 of the written file, hexadecimal.
    """

    waveform: Waveform
    warnings: tuple[str, ...]
    audio_hash: str


def mix(  # noqa: PLR0913 - each has a default but the first two
    paths: Sequence[Path],
    out: Path,
    *,
    names: Sequence[str] = (),
    num_peaks: int = PEAKS_OF_A_MIX,
    deadline: float | None = None,
    listen: Callable[[Stream], Sequence[Listener[object]]] = lambda _: (),
) -> Mix:
    """Mix stems into a mono WAV of 16 bits at the first stem's sample rate.

    The mix is the mean of the stems, scaled down where it exceeds 0.95.

    Parameters
    ----------
    paths
        At least one.
    out
        The WAV to write; removed again when anything fails.
    names
        The stems' names in errors and warnings; the paths' names if empty.
    deadline
        A value of `time.monotonic()` to end by.
    listen
        Makes listeners that hear the written samples once, in order.

    Raises
    ------
    WaveflowError
        One of the audio errors, naming the stem.
    """
    if not paths:
        raise InvalidMessageError("A mix needs at least one stem.")
    most = (MAX_WAV_BYTES - HEADER_BYTES) // SAMPLE_BYTES
    try:
        stems = _open(paths, names or [path.name for path in paths], deadline=deadline)
        _check_room(max(stem.seekable_frames for stem in stems), out.parent, most=most)
        with tempfile.TemporaryFile(dir=out.parent, buffering=0) as scratch:
            total = Total(scratch, most=most)
            total.add(stems)
            stream = _mean(total, stems)
            canvas = Canvas(Plan(stream.frames, num_peaks, stream.rounding, 1))
            with out.open("wb") as file:
                wav = _WavFile(file, stream)
                listeners = listen(stream)
                codec.decode_into(stream, [canvas, wav, *listeners], deadline=deadline)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    warnings = sorted(code for stem in stems for code in stem.warnings)
    return Mix(waveform_of(canvas, stream), tuple(warnings), wav.finish())


def _open(
    paths: Sequence[Path], names: Sequence[str], *, deadline: float | None
) -> list[Stem]:
    """Open the stems' files, to be read at the first stem's sample rate."""
    stems: list[Stem] = []
    for path, name in zip(paths, names, strict=True):
        rate = stems[0].sample_rate if stems else None
        stems.append(Stem(path, name, sample_rate=rate, deadline=deadline))
    return stems


def _check_room(frames: int, folder: Path, *, most: int) -> None:
    """Refuse a mix of so many frames that the WAV or the disk cannot hold."""
    if frames > most:
        raise AudioTooLongError(TOO_LONG)
    needed = frames * (SUM_BYTES + SAMPLE_BYTES)
    if needed > shutil.disk_usage(folder).free:
        raise ResourceLimitError(f"The sum and the mix need {needed} bytes of disk.")


def _mean(total: Total, stems: Sequence[Stem]) -> Stream:
    """Return the mean of summed stems, below the ceiling, as a stream of 16 bits."""
    count = np.float32(len(stems))
    loudest = max(PEAK_CEILING, float(np.float32(total.peak) / count))
    gain = np.float32(PEAK_CEILING / loudest * INT16_SCALE)
    return Stream(
        kind=Kind.WAV,
        sample_rate=stems[0].sample_rate,
        channels=1,
        frames=total.frames,
        rounding=Rounding.SHIFT,
        read=lambda *_: _read(total, count, gain),
    )


def _read(total: Total, count: np.float32, gain: np.float32) -> Iterator[Samples]:
    """Yield the sum divided and multiplied, as two roundings of float32."""
    step, pcm = np.empty(STEP_FRAMES, np.float32), np.empty((STEP_FRAMES, 1), "<i2")
    for at in range(0, total.frames, STEP_FRAMES):
        block = step[: total.read(at, step)]
        block /= count
        block *= gain
        samples = pcm[: len(block)]
        np.rint(block, out=samples[:, 0], casting="unsafe")
        yield samples


class _WavFile:
    """Write and hash a WAV file from blocks of mono 16-bit samples."""

    def __init__(self, file: BinaryIO, stream: Stream) -> None:
        self._file, self._digest = file, hashlib.sha256()
        size, rate = SAMPLE_BYTES * stream.frames, stream.sample_rate
        fmt = struct.pack("<IHHIIHH", 16, 1, 1, rate, SAMPLE_BYTES * rate, 2, 16)
        riff = struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + size, b"WAVE")
        self._write(riff + b"fmt " + fmt + struct.pack("<4sI", b"data", size))

    def add(self, block: Block) -> None:
        """Write the next samples."""
        self._write(block.samples.reshape(-1).data)

    def finish(self) -> str:
        """Return the SHA-256 of the file, hexadecimal."""
        return self._digest.hexdigest()

    def _write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self._digest.update(data)
