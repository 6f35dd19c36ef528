"""Mix stems to one mono WAV, in memory that does not grow with their length."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from waveflow.audio import codec
from waveflow.audio.mix.encode import WavFile
from waveflow.audio.mix.room import check_room, most_frames
from waveflow.audio.mix.settings import StemSource
from waveflow.audio.mix.stem import Stem, open_source
from waveflow.audio.mix.total import SUM_BYTES, Total
from waveflow.audio.stream import Kind, Listener, Rounding, Samples, Stream
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.audio.waveform.draw import Waveform, waveform_of
from waveflow.errors import InvalidMessageError

PEAK_CEILING = 0.95  # set by the platform
PEAKS_OF_A_MIX = 4_000  # set by the platform
INT16_SCALE = 32_767
SAMPLE_BYTES = 2


@dataclass(frozen=True, slots=True)
class Mix:
    """Describe a mixed WAV file and its waveform.

    Parameters
    ----------
    waveform
        Exactly what `draw` gives for the written file.
    warnings
        Sorted: codes of the stems as CODE:name, RESAMPLED and ANTI_PHASE among them.
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
    most = most_frames(SAMPLE_BYTES)
    try:
        stems = _open(paths, names or [path.name for path in paths], deadline=deadline)
        check_room(
            max(stem.seekable_frames for stem in stems),
            out.parent,
            most=most,
            frame_bytes=SUM_BYTES + SAMPLE_BYTES,
        )
        with tempfile.TemporaryFile(dir=out.parent, buffering=0) as scratch:
            total = Total(scratch, most=most)
            total.add(stems)
            stream = _mean(total, stems)
            canvas = Canvas(Plan(stream.frames, num_peaks, stream.rounding, 1))
            with out.open("wb") as file:
                wav = WavFile(file, stream, bits=8 * SAMPLE_BYTES)
                listeners = listen(stream)
                codec.decode_into(stream, [canvas, wav, *listeners], deadline=deadline)
                audio_hash = wav.finish()
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    warnings = sorted(f"{code}:{stem.name}" for stem in stems for code in stem.warnings)
    return Mix(waveform_of(canvas, stream), tuple(warnings), audio_hash)


def _open(
    paths: Sequence[Path], names: Sequence[str], *, deadline: float | None
) -> list[Stem]:
    """Open the stems' files, to be read at the first stem's sample rate."""
    stems: list[Stem] = []
    for path, name in zip(paths, names, strict=True):
        source = StemSource(path, name)
        stream = open_source(source)
        stem = Stem(
            stream,
            source,
            sample_rate=stems[0].sample_rate if stems else stream.sample_rate,
            channels=1,
            measure=False,
            deadline=deadline,
        )
        stems.append(stem)
    return stems


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
    step = np.empty((total.step_frames, 1), np.float32)
    pcm = np.empty(step.shape, "<i2")
    for at in range(0, total.frames, len(step)):
        block = step[: total.read(at, step)]
        block /= count
        block *= gain
        samples = pcm[: len(block)]
        np.rint(block, out=samples, casting="unsafe")
        yield samples
