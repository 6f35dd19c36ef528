"""Decode one stem of a mix, and add its samples to the sum of all stems."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.kernels import mono
from waveflow.audio.resample import resample
from waveflow.audio.stream import BLOCK_SAMPLES, SMALL_BLOCK_SAMPLES, Samples
from waveflow.errors import WaveflowError

# Short pieces: intermediate arrays stay in the processor's cache, and their memory
# is not mapped anew each time.
MONO_FRAMES = 16_384
RESAMPLED = "RESAMPLED"
NOTHING: Samples = np.zeros((0, 1), np.float32)


class Stem:
    """Decode one stem of a mix once, and add it step by step to a sum.

    Parameters
    ----------
    path
        The stem's file.
    name
        The stem's name in errors and warnings.
    sample_rate
        Of the mix, in Hz; None for the stem's own.
    deadline
        A value of `time.monotonic()` to end by.
    """

    def __init__(
        self, path: Path, name: str, *, sample_rate: int | None, deadline: float | None
    ) -> None:
        self._name, self._deadline = name, deadline
        with _errors_name(name):
            self._stream = codec.open_audio(path)
        self.sample_rate = sample_rate or self._stream.sample_rate
        self._is_resampled = self._stream.sample_rate != self.sample_rate
        self.seek(0)

    @property
    def seekable_frames(self) -> int:
        """Return the length of uncompressed samples at the mix's rate, else 0."""
        is_pcm = self._stream.splittable and self._stream.kind in codec.UNCOMPRESSED
        return self._stream.frames if is_pcm and not self._is_resampled else 0

    def starting_at(self, frame: int) -> Self:
        """Return a seekable stem with a decoder of its own, which starts at a frame."""
        other = copy(self)
        other.seek(frame)
        return other

    def seek(self, frame: int) -> None:
        """Start decoding at a frame."""
        self._rest = NOTHING
        is_pcm = self._stream.kind in codec.UNCOMPRESSED  # holds one block, not a dozen
        decoded = codec.decode(
            self._stream,
            start=frame,
            deadline=self._deadline,
            samples=BLOCK_SAMPLES if is_pcm else SMALL_BLOCK_SAMPLES,
        )
        blocks: Iterator[Samples] = (block.samples for block in decoded)
        if self._is_resampled:
            averaged = (mono(block)[:, np.newaxis] for block in blocks)
            rate = self._stream.sample_rate
            blocks = resample(averaged, 1, rate=rate, to=self.sample_rate)
        self._blocks = blocks

    @property
    def warnings(self) -> set[str]:
        """Return the decoder's warning codes so far, each with the stem's name."""
        codes = self._stream.warnings | ({RESAMPLED} if self._is_resampled else set())
        return {f"{code}:{self._name}" for code in codes}

    def peek(self) -> Samples:
        """Return the decoded frames that are added next, shape (frames, channels)."""
        if not len(self._rest):
            with _errors_name(self._name):
                self._rest = next(self._blocks, NOTHING)
        return self._rest

    def add_to(self, total: NDArray[np.float32 | np.int32]) -> int:
        """Add the stem's next frames to a sum, and return their number.

        Parameters
        ----------
        total
            float32, shape (frames,), in units of full scale: takes the mean of the
            channels. Or int32, shape (frames, channels): takes 16-bit samples.
        """
        filled, most = 0, len(total) if total.ndim > 1 else MONO_FRAMES
        while filled < len(total) and len(block := self.peek()):
            part = total[filled : filled + min(len(block), most)]
            block = block[: len(part)]
            np.add(part, block if part.ndim > 1 else mono(block), out=part)
            self._rest = self._rest[len(part) :]
            filled += len(part)
        return filled


@contextmanager
def _errors_name(stem: str) -> Iterator[None]:
    """Put the stem's name before the message of every error raised in the block."""
    try:
        yield
    except WaveflowError as exc:
        raise type(exc)(f"{stem}: {exc}") from exc
