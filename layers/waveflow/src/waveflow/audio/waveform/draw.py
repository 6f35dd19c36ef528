"""Draw the waveform of one file in bounded memory."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.stream import Samples, Stream
from waveflow.audio.waveform import parallel
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.audio.waveform.parallel import DECODERS
from waveflow.errors import CorruptAudioError

MIN_PART_FRAMES = 500_000  # below ten seconds a second decoder costs more than it saves
MAX_PASSES = 3  # the guess, the truth, and no third answer from the same bytes
VERSION = 2  # of audiowaveform's data format
ALGORITHM = 1  # of the peaks; raised when the same bytes would give others

Tap = Callable[[Stream, Iterator[Samples]], Iterator[Samples]]


@dataclass(frozen=True, slots=True)
class Waveform:
    """What a file looks like.

    Parameters
    ----------
    sample_rate
        In Hz.
    channels
        Of the source.
    frames
        Decoded length.
    duration
        In seconds.
    format
        One of wav, aiff, flac, mp3, ogg, opus, m4a.
    samples_per_pixel
        Frames per pair of `data`.
    data
        int8, shape (2 * length,): min, max, min, max … of the mono mix, by
        audiowaveform's rules.
    peaks
        float64, shape (num_peaks,), 0 to 1: largest magnitude over all
        channels, relative to the largest of the file.
    peak
        The largest magnitude; 1.0 is full scale, lossy files may exceed it.
    warnings
        TRUNCATED, NON_FINITE_SAMPLES; sorted.
    """

    sample_rate: int
    channels: int
    frames: int
    duration: float
    format: str
    samples_per_pixel: int
    data: NDArray[np.int8]
    peaks: NDArray[np.float64]
    peak: float
    warnings: tuple[str, ...]


def draw(
    path: Path,
    num_peaks: int,
    *,
    deadline: float | None = None,
    decoders: int = DECODERS,
    tap: Tap | None = None,
) -> Waveform:
    """Draw one file.

    Parameters
    ----------
    path
        The file; its content decides what it is.
    num_peaks
        How many peaks, at least 1.
    deadline
        A value of `time.monotonic()`; past it drawing ends.
    decoders
        How many parts of a long file to decode at once; the result is the same.
    tap
        Passes on the blocks that it is given, each whole file in one pass from
        the start; of several passes the last one counts.

    Returns
    -------
    Waveform
        The whole file's.

    Raises
    ------
    WaveflowError
        One of the audio errors, or RESOURCE_LIMIT past the deadline.
    """
    stream = codec.open_audio(path)
    plan = Plan(stream.frames or 1, num_peaks, rounding=stream.rounding)
    long = stream.frames >= decoders * MIN_PART_FRAMES
    if stream.splittable and long and tap is None:
        canvas = parallel.paint(stream, plan, deadline=deadline, parts=decoders)
        if canvas is not None:
            return _waveform(canvas, stream)
        stream = codec.open_audio(path)
    at_first = frozenset(stream.warnings)
    for _ in range(MAX_PASSES):
        stream.warnings.intersection_update(at_first)
        canvas = Canvas(plan)
        blocks = codec.blocks(stream, deadline=deadline)
        canvas.add_all(tap(stream, blocks) if tap else blocks)
        if canvas.position == plan.frames:
            return _waveform(canvas, stream)
        plan = Plan(canvas.position, num_peaks, rounding=stream.rounding)
    raise CorruptAudioError("Decoding gives another length each time.")


def _waveform(canvas: Canvas, stream: Stream) -> Waveform:
    peaks, peak = canvas.peaks()
    return Waveform(
        sample_rate=stream.sample_rate,
        channels=stream.channels,
        frames=canvas.plan.frames,
        duration=canvas.plan.frames / stream.sample_rate,
        format=str(stream.kind),
        samples_per_pixel=canvas.plan.samples_per_pixel,
        data=canvas.data(stream.channels),
        peaks=peaks,
        peak=peak,
        warnings=tuple(sorted(stream.warnings)),
    )


def waveform_document(waveform: Waveform, *, audio_hash: str, created_at: str) -> bytes:
    """Write one document for peaks.js, waveform-data.js and wavesurfer.js.

    Parameters
    ----------
    waveform
        What was drawn.
    audio_hash
        SHA-256 of the source, hexadecimal.
    created_at
        The message's time, ISO 8601.

    Returns
    -------
    bytes
        Minified UTF-8 JSON without NaN or Infinity.
    """
    document: dict[str, Any] = {
        "version": VERSION,
        "channels": 1,
        "sample_rate": waveform.sample_rate,
        "samples_per_pixel": waveform.samples_per_pixel,
        "bits": 8,
        "length": len(waveform.data) // 2,
        "data": waveform.data.tolist(),
        "peaks": [round(value, 4) for value in waveform.peaks.tolist()],
        "duration": round(waveform.duration, 6),
        "num_peaks": len(waveform.peaks),
        "peak": round(waveform.peak, 6),
        "audio_hash": audio_hash,
        "created_at": created_at,
        "algorithm": ALGORITHM,
    }
    text = json.dumps(
        document, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()
