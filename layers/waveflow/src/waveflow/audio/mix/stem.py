"""Decode one stem of a mix, and add its samples to the sum of all stems."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from math import floor
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.kernels import STEREO, mono
from waveflow.audio.mix.phase import ANTI_PHASE, PhaseCheck
from waveflow.audio.mix.route import Route
from waveflow.audio.mix.settings import StemSource
from waveflow.audio.resample import resample
from waveflow.audio.stream import (
    BLOCK_SAMPLES,
    CHANNELS_MIXED,
    FULL_SCALE,
    SMALL_BLOCK_SAMPLES,
    Samples,
    Stream,
)
from waveflow.errors import WaveflowError

# Short pieces: intermediate arrays stay in the processor's cache, and their memory
# is not mapped anew each time.
PIECE_FRAMES = 16_384
RESAMPLED = "RESAMPLED"
CUT_AWAY = "CUT_AWAY"
NOTHING: Samples = np.zeros((0, 1), np.float32)


@dataclass(frozen=True, slots=True)
class StemFindings:
    """Report length, peak and warnings of one stem in a mix.

    Parameters
    ----------
    duration
        Of the stem's file, in seconds.
    peak
        The largest magnitude of what the stem adds; 1.0 is full scale.
    warnings
        Sorted: the decoder's codes, RESAMPLED, CHANNELS_MIXED, CUT_AWAY, ANTI_PHASE.
    """

    duration: float
    peak: float
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Part:
    """Count what one decoder of a stem has read and added so far."""

    decoded: int = 0  # frames at the stem's own rate
    added: int = 0  # frames at the mix's rate
    peak: float = 0.0
    phase: PhaseCheck = field(default_factory=PhaseCheck)


class Stem:
    """Decode one stem of a mix once, and add it step by step to a sum.

    Parameters
    ----------
    stream
        The stem's opened file.
    sample_rate, channels
        Of the mix.
    measure
        Whether to find the peak of what the stem adds.
    deadline
        A value of `time.monotonic()` to end by.
    """

    def __init__(  # noqa: PLR0913 - the mix's format is two of them
        self,
        stream: Stream,
        source: StemSource,
        *,
        sample_rate: int,
        channels: int,
        measure: bool,
        deadline: float | None,
    ) -> None:
        self._stream, self._source, self.name = stream, source, source.name
        self.sample_rate, self._channels = sample_rate, channels
        self._deadline, self.is_measured = deadline, measure
        self._is_resampled = stream.sample_rate != sample_rate
        self._is_folded = channels == 1 or stream.channels > STEREO
        delay = source.settings.offset_ms * sample_rate / 1000
        self._offset = floor(delay + 0.5)  # as JavaScript's Math.round
        self._parts: list[_Part] = []
        self.seek(0)

    @property
    def seekable_frames(self) -> int:
        """Return where uncompressed samples end in the mix, 0 for all others."""
        return max(0, self._stream.frames + self._offset) if self._is_seekable else 0

    @property
    def _is_seekable(self) -> bool:
        is_pcm = self._stream.splittable and self._stream.kind in codec.UNCOMPRESSED
        return is_pcm and not self._is_resampled

    def starting_at(self, frame: int) -> Self:
        """Return a seekable stem with a decoder of its own, from a frame of the mix."""
        other = copy(self)
        other.seek(frame)
        return other

    def seek(self, frame: int) -> None:
        """Start decoding at a frame of the mix."""
        self._rest = NOTHING
        self._route = Route(self._source.settings, self._channels)
        self._here = _Part()
        self._parts.append(self._here)
        start = max(0, frame - self._offset)
        self._silence = max(0, self._offset - frame)  # frames before the stem's first
        if self._is_seekable:
            self._blocks = self._decode(start)
        else:
            self._blocks = _drop(self._at_rate(self._decode(0)), start)

    def _decode(self, start: int) -> Iterator[Samples]:
        """Yield the stem's finite samples from a frame on."""
        is_pcm = self._stream.kind in codec.UNCOMPRESSED  # holds one block, not a dozen
        decoded = codec.decode(
            self._stream,
            start=start,
            deadline=self._deadline,
            samples=BLOCK_SAMPLES if is_pcm else SMALL_BLOCK_SAMPLES,
        )
        for block in decoded:
            samples = block.samples
            self._here.decoded += len(samples)
            if self._is_folded:
                self._here.phase.add(samples)
            yield samples

    def _at_rate(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """Convert blocks to the mix's rate, folded first where they will be folded."""
        if not self._is_resampled:
            return blocks
        channels = 1 if self._is_folded else self._stream.channels
        floats = (
            mono(b)[:, np.newaxis] if channels == 1 else _floats(b) for b in blocks
        )
        rate = self._stream.sample_rate
        return resample(floats, channels, rate=rate, to=self.sample_rate)

    @property
    def warnings(self) -> set[str]:
        """Return the decoder's warning codes so far, and RESAMPLED, ANTI_PHASE."""
        phase = PhaseCheck()
        for part in self._parts:
            phase.merge(part.phase)
        found = {RESAMPLED: self._is_resampled, ANTI_PHASE: phase.is_anti_phase}
        return self._stream.warnings | {code for code, is_so in found.items() if is_so}

    def findings(self) -> StemFindings:
        """Return what became of the stem, after its last frame."""
        parts, stream = self._parts, self._stream
        decoded = sum(part.decoded for part in parts)
        frames = stream.frames if self._is_seekable else decoded
        found = {
            CHANNELS_MIXED: stream.channels > STEREO,
            CUT_AWAY: not any(part.added for part in parts),
        }
        codes = self.warnings | {code for code, is_so in found.items() if is_so}
        return StemFindings(
            duration=frames / stream.sample_rate,
            peak=max(part.peak for part in parts),
            warnings=tuple(sorted(codes)),
        )

    def peek(self) -> Samples:
        """Return the decoded frames that are added next, shape (frames, channels)."""
        if not len(self._rest):
            with _errors_name(self.name):
                self._rest = next(self._blocks, NOTHING)
        return self._rest

    def add_to(self, total: NDArray[np.float32]) -> int:
        """Add the stem's next frames to a sum, and return their number.

        Parameters
        ----------
        total
            Shape (frames, channels), in units of full scale.
        """
        silence = min(self._silence, len(total))
        self._silence -= silence
        rest, here = total[silence:], self._here
        for block in self._pieces(len(rest), most=PIECE_FRAMES):
            added = self._route.added(block)
            part, rest = rest[: len(added)], rest[len(added) :]
            part += added
            here.added += len(added)
            if self.is_measured:
                here.peak = max(here.peak, float(added.max()), -float(added.min()))
        return len(total) - len(rest)

    def add_integers_to(self, total: NDArray[np.int32]) -> int:
        """Add the stem's next frames of 16 bits as they lie; return their number.

        Parameters
        ----------
        total
            Shape (frames, channels), with the channels of the stem.
        """
        rest = total
        for block in self._pieces(len(total), most=len(total)):
            part, rest = rest[: len(block)], rest[len(block) :]
            np.add(part, block, out=part)
        return len(total) - len(rest)

    def _pieces(self, frames: int, *, most: int) -> Iterator[Samples]:
        """Yield the next frames in pieces, as many as there are."""
        while frames and len(block := self.peek()):
            piece = block[: min(frames, most)]
            self._rest = block[len(piece) :]
            frames -= len(piece)
            yield piece


def _drop(blocks: Iterator[Samples], frames: int) -> Iterator[Samples]:
    """Yield blocks without the first frames."""
    for block in blocks:
        kept = block[frames:]
        frames = max(0, frames - len(block))
        if len(kept):
            yield kept


def _floats(block: Samples) -> NDArray[np.float32]:
    """Convert samples to floats in units of full scale, of the same shape."""
    scale = np.float32(1 / FULL_SCALE[block.dtype.str[1:]])
    return np.multiply(block, scale, dtype=np.float32, casting="unsafe")


def open_source(source: StemSource) -> Stream:
    """Open a stem's file; errors name the stem."""
    with _errors_name(source.name):
        return codec.open_audio(source.path)


@contextmanager
def _errors_name(stem: str) -> Iterator[None]:
    """Put the stem's name before the message of every error raised in the block."""
    try:
        yield
    except WaveflowError as exc:
        raise type(exc)(f"{stem}: {exc}") from exc
