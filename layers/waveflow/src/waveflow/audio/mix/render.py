"""Render the sum of stems into a file, in one pass over the sum."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from waveflow.audio import codec
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.loudness import LoudnessMeter
from waveflow.audio.mix.classic import PEAKS_OF_A_MIX
from waveflow.audio.mix.encode import file_writer
from waveflow.audio.mix.mastering import Mastering, mastering_of
from waveflow.audio.mix.quantise import Quantiser
from waveflow.audio.mix.room import translate_full_disk
from waveflow.audio.mix.settings import LoudnessTarget, MixSettings
from waveflow.audio.mix.summing import StemSum
from waveflow.audio.stream import Listener, Rounding, Samples, Stream
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.audio.waveform.draw import Waveform, waveform_of

TOLERANCE_LU = 0.1  # of the written file
LOUDNESS_LIMITED = "LOUDNESS_LIMITED"
LOUDNESS_UNKNOWN = "LOUDNESS_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Rendered:
    """Describe a mixed file.

    Parameters
    ----------
    waveform
        Exactly what `draw` gives for the written file.
    audio_hash
        SHA-256 of the written file, hexadecimal.
    applied_gain_db
        The gain of the whole mix in dB, without the limiter's reduction; 0.0 where the
        sum is as the stems gave it.
    limiter_db
        The deepest reduction by the limiter in dB, 0 to 12.
    loudness
        Of the written samples.
    warnings
        LOUDNESS_LIMITED or LOUDNESS_UNKNOWN.
    """

    waveform: Waveform
    audio_hash: str
    applied_gain_db: float
    limiter_db: float
    loudness: Loudness
    warnings: tuple[str, ...]


def render(  # noqa: PLR0913 - each has a default but the first three
    summed: StemSum,
    out: Path,
    settings: MixSettings,
    *,
    num_peaks: int = PEAKS_OF_A_MIX,
    deadline: float | None = None,
    listen: Callable[[Stream], Sequence[Listener[object]]] = lambda _: (),
) -> Rendered:
    """Write the sum of stems as the settings ask for, and measure what is written.

    Parameters
    ----------
    out
        The file to write; removed again when anything fails.
    deadline
        A value of `time.monotonic()` to end by.
    listen
        Makes listeners that hear the written samples once, in order.

    Raises
    ------
    ResourceLimitError
        The disk is full, or time ran out.
    """
    with (
        translate_full_disk(),
        tempfile.TemporaryFile(dir=summed.folder, buffering=0) as scratch,
    ):
        try:
            mastering = mastering_of(summed, settings, scratch, deadline=deadline)
            stream = _stream(summed, settings, mastering)
            canvas = Canvas(
                Plan(stream.frames, num_peaks, stream.rounding, stream.channels)
            )
            meter = LoudnessMeter(stream.sample_rate, stream.channels)
            with out.open("wb+") as file:
                writer = file_writer(file, stream, settings.format)
                listeners: list[Listener[object]] = [canvas, writer, meter]
                listeners += listen(stream)
                codec.decode_into(stream, listeners, deadline=deadline)
                audio_hash = writer.finish()
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    loudness = meter.finish()
    return Rendered(
        waveform=waveform_of(canvas, stream),
        audio_hash=audio_hash,
        applied_gain_db=round(mastering.gain_db, 3),
        limiter_db=round(mastering.reduction_db, 2),
        loudness=loudness,
        warnings=_warnings(settings.loudness, mastering, loudness),
    )


def _stream(summed: StemSum, settings: MixSettings, mastering: Mastering) -> Stream:
    """Return the samples of the mixed file as a stream."""
    form = settings.format
    return Stream(
        kind=form.kind,
        sample_rate=summed.sample_rate,
        channels=summed.channels,
        frames=summed.frames,
        rounding=Rounding.TRUNCATE if form.is_float else Rounding.SHIFT,
        read=lambda *_: _read(summed, mastering, Quantiser(form)),
    )


def _read(
    summed: StemSum, mastering: Mastering, quantiser: Quantiser
) -> Iterator[Samples]:
    for at, block in summed.blocks():
        mastering.apply(block, at)
        yield quantiser.samples(block)


def _warnings(
    target: LoudnessTarget | None, mastering: Mastering, loudness: Loudness
) -> tuple[str, ...]:
    """Return the warnings about the loudness of the mix."""
    if target is None:
        return ()
    if not mastering.is_known:
        return (LOUDNESS_UNKNOWN,)
    reached = loudness.integrated
    if reached is None or abs(reached - target.integrated) > TOLERANCE_LU:
        return (LOUDNESS_LIMITED,)
    return ()
