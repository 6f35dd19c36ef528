"""Draw the waveform of one file in bounded memory, and write it as a document."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.stream import Listener, Stream
from waveflow.audio.waveform import parallel
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.audio.waveform.parallel import DECODERS
from waveflow.errors import CorruptAudioError

MIN_PART_FRAMES = 500_000  # ten seconds: less is cheaper in one decoder
MAX_PASSES = 3  # by the guessed length, then by the decoded length
VERSION = 2  # version of audiowaveform's data format
ALGORITHM = 2  # version of the peaks; raised when the same bytes would give others


@dataclass(frozen=True, slots=True)
class Waveform:
    """Hold the waveform of a whole file, and the facts about the file.

    Parameters
    ----------
    duration
        In seconds.
    samples_per_pixel
        Frames per pair of `data`.
    data
        Shape (2 * length,): min, max, min, max … of the mono mix, by
        audiowaveform's rules.
    peaks
        Shape (num_peaks,), 0 to 1: largest magnitude over all channels, relative
        to the largest of the file.
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


def draw(  # noqa: PLR0913 - one parameter per choice
    path: Path,
    num_peaks: int,
    *,
    deadline: float | None = None,
    decoders: int = DECODERS,
    listen: Callable[[Stream], Sequence[Listener[object]]] = lambda _: (),
    open_audio: Callable[[Path], Stream] = codec.open_audio,
) -> Waveform:
    """Return the waveform of one audio file, recognised by its content.

    Parameters
    ----------
    num_peaks
        At least 1.
    deadline
        A value of `time.monotonic()` to end by.
    decoders
        How many parts of a long file to decode at once; the result is the same.
    listen
        Makes listeners of the opened file, which hear every block once, in order;
        then one decoder reads the whole file.
    open_audio
        Opens the file, or a part of the file as if that were all.

    Raises
    ------
    WaveflowError
        One of the audio errors, or RESOURCE_LIMIT past the deadline.
    """
    stream = open_audio(path)
    listeners = listen(stream)
    plan = Plan(stream.frames or 1, num_peaks, stream.rounding, stream.channels)
    long = stream.frames >= decoders * MIN_PART_FRAMES
    # Two decoders of PCM only share one memory bus.
    splits = stream.splittable and stream.kind not in codec.UNCOMPRESSED
    if decoders > 1 and splits and long and not listeners:
        canvas = parallel.paint(stream, plan, deadline=deadline, parts=decoders)
        if canvas is not None:
            return waveform_of(canvas, stream)
        stream = open_audio(path)
    at_first = frozenset(stream.warnings)
    for _ in range(MAX_PASSES):
        stream.warnings.intersection_update(at_first)
        canvas = Canvas(plan)
        codec.decode_into(stream, [canvas, *listeners], deadline=deadline)
        if canvas.position == plan.frames:
            return waveform_of(canvas, stream)
        plan = replace(plan, frames=canvas.position)
        listeners = ()  # every listener has heard the whole file
    raise CorruptAudioError("Decoding gives another length each time.")


def waveform_of(canvas: Canvas, stream: Stream) -> Waveform:
    """Return the waveform of a stream that a canvas has heard whole."""
    drawing, plan = canvas.finish(), canvas.plan
    return Waveform(
        sample_rate=stream.sample_rate,
        channels=stream.channels,
        frames=plan.frames,
        duration=plan.frames / stream.sample_rate,
        format=str(stream.kind),
        samples_per_pixel=plan.samples_per_pixel,
        data=drawing.data,
        peaks=drawing.peaks,
        peak=drawing.peak,
        warnings=tuple(sorted(stream.warnings)),
    )


def waveform_document(waveform: Waveform, *, audio_hash: str, created_at: str) -> bytes:
    """Return the JSON document for peaks.js, waveform-data.js and wavesurfer.js.

    Parameters
    ----------
    audio_hash
        SHA-256 of the source, hexadecimal.
    created_at
        The message's time, ISO 8601.

    Returns
    -------
    bytes
        Minified UTF-8 JSON without NaN or Infinity.
    """
    document: dict[str, object] = {
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
