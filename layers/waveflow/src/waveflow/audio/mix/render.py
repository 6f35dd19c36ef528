"""Render the sum of stems into a file, in one pass over the sum."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import numpy as np

from waveflow.audio import codec
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.loudness import LoudnessMeter
from waveflow.audio.mix.encode import file_writer
from waveflow.audio.mix.levels import Levels
from waveflow.audio.mix.limiter import Limiter
from waveflow.audio.mix.quantise import Floats, Quantiser
from waveflow.audio.mix.room import full_disk_told
from waveflow.audio.mix.settings import LoudnessTarget, MixSettings
from waveflow.audio.mix.sum import PEAKS_OF_A_MIX
from waveflow.audio.mix.summing import StemSum
from waveflow.audio.mix.target import TOLERANCE_LU, Aim, aim, decibels
from waveflow.audio.stream import Listener, Rounding, Samples, Stream
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.audio.waveform.draw import Waveform, waveform_of

PEAK_CEILING = 0.99  # of a mix without a target of loudness
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
    total: StemSum,
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
        full_disk_told(),
        tempfile.TemporaryFile(dir=total.folder, buffering=0) as scratch,
    ):
        try:
            level = _level_of(total, settings, scratch, deadline=deadline)
            stream = _stream(total, settings, level)
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
        applied_gain_db=round(level.gain_db, 3),
        limiter_db=round(level.reduction_db, 2),
        loudness=loudness,
        warnings=_warnings(settings.loudness, level, loudness),
    )


class _Level(Protocol):
    """Describe how the level of a sum becomes that of the mix."""

    gain_db: float
    is_known: bool  # whether a loudness could be aimed at

    @property
    def reduction_db(self) -> float:
        """Return the limiter's deepest reduction so far."""
        ...

    def apply(self, block: Floats, at: int) -> None:
        """Change a block of the sum that starts at a frame."""
        ...


class _Scaled:
    """Hold the sample peak of the whole below the ceiling by one gain."""

    reduction_db = 0.0
    is_known = True

    def __init__(self, total: StemSum, settings: MixSettings) -> None:
        loudest = max(PEAK_CEILING, total.peak)
        gain = 1.0 if settings.format.is_float else PEAK_CEILING / loudest
        self._gain, self.gain_db = np.float32(gain), decibels(gain)

    def apply(self, block: Floats, _at: int) -> None:
        """Multiply a block by the gain."""
        block *= self._gain


class _Limited:
    """Bring the sum to a loudness target with one gain and a limiter."""

    def __init__(self, levels: Levels, found: Aim) -> None:
        self.gain_db, self.is_known = found.gain_db, found.is_known
        self._limiter = Limiter(
            levels, gain_db=found.gain_db, ceiling_db=found.ceiling_db
        )

    @property
    def reduction_db(self) -> float:
        """Return the limiter's deepest reduction so far."""
        return 0.0 - decibels(self._limiter.lowest)

    def apply(self, block: Floats, at: int) -> None:
        """Limit a block of the sum that starts at a frame."""
        self._limiter.apply(block, at)


def _level_of(
    total: StemSum,
    settings: MixSettings,
    scratch: IO[bytes],
    *,
    deadline: float | None,
) -> _Level:
    """Return what brings the sum to the level that is asked for."""
    if settings.loudness is None:
        return _Scaled(total, settings)
    levels = Levels(scratch, total)
    levels.measure(total, deadline=deadline)
    found = aim(total, levels, settings.loudness, deadline=deadline)
    return _Limited(levels, found)


def _stream(total: StemSum, settings: MixSettings, level: _Level) -> Stream:
    """Return the samples of the mixed file as a stream."""
    form = settings.format
    return Stream(
        kind=form.kind,
        sample_rate=total.sample_rate,
        channels=total.channels,
        frames=total.frames,
        rounding=Rounding.TRUNCATE if form.is_float else Rounding.SHIFT,
        read=lambda *_: _read(total, level, Quantiser(form)),
    )


def _read(total: StemSum, level: _Level, quantiser: Quantiser) -> Iterator[Samples]:
    for at, block in total.blocks():
        level.apply(block, at)
        yield quantiser.samples(block)


def _warnings(
    target: LoudnessTarget | None, level: _Level, loudness: Loudness
) -> tuple[str, ...]:
    """Return the warnings about the loudness of the mix."""
    if target is None:
        return ()
    if not level.is_known:
        return (LOUDNESS_UNKNOWN,)
    reached = loudness.integrated
    if reached is None or abs(reached - target.integrated) > TOLERANCE_LU:
        return (LOUDNESS_LIMITED,)
    return ()
