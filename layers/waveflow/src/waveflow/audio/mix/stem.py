"""Read one stem of a mix as mono blocks of one length at one sample rate."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.kernels import mono
from waveflow.audio.stream import Samples
from waveflow.errors import WaveflowError

MIX_FRAMES = 65_536
# Short steps: intermediate arrays stay in the processor's cache, and their memory
# is not mapped anew each time.
STEP_FRAMES = 16_384
RESAMPLED = "RESAMPLED"
QUALITY = "VHQ"  # alias rejection of 155 dB at a tenth more time than HQ


class StemReader:
    """Read one stem of a mix in mono blocks of MIX_FRAMES.

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
        self._name = name
        with _errors_name(name):
            self._stream = codec.open_audio(path)
        self.sample_rate = sample_rate or self._stream.sample_rate
        self._blocks = self._at_mix_rate(codec.blocks(self._stream, deadline=deadline))
        self._rest: Samples = np.zeros((0, 1), np.float32)
        self._out = np.empty(MIX_FRAMES, np.float32)

    @property
    def warnings(self) -> set[str]:
        """Return the decoder's warning codes so far, each with the stem's name."""
        codes = set(self._stream.warnings)
        if self._stream.sample_rate != self.sample_rate:
            codes.add(RESAMPLED)
        return {f"{code}:{self._name}" for code in codes}

    def next_block(self) -> NDArray[np.float32]:
        """Return the next MIX_FRAMES mono samples of the stem.

        Returns
        -------
        NDArray
            Shape (MIX_FRAMES,), shorter at the end, then empty; only valid until
            the next.
        """
        filled = 0
        while filled < MIX_FRAMES:
            if not len(self._rest):
                with _errors_name(self._name):
                    block = next(self._blocks, None)
                if block is None:
                    break
                self._rest = block
            count = min(len(self._rest), MIX_FRAMES - filled, STEP_FRAMES)
            self._out[filled : filled + count] = mono(self._rest[:count])
            self._rest = self._rest[count:]
            filled += count
        return self._out[:filled]

    def _at_mix_rate(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        if self._stream.sample_rate == self.sample_rate:
            return blocks
        return self._resample(mono(block) for block in blocks)

    def _resample(self, blocks: Iterator[NDArray[np.float32]]) -> Iterator[Samples]:
        import soxr

        resampler = soxr.ResampleStream(
            self._stream.sample_rate,
            self.sample_rate,
            1,
            dtype="float32",
            quality=QUALITY,
        )
        # Pieces that become about one block: 8 kHz to 192 kHz is 24 times as much.
        step = max(1, MIX_FRAMES * self._stream.sample_rate // self.sample_rate)
        for block in blocks:
            for start in range(0, len(block), step):
                yield resampler.resample_chunk(block[start : start + step])[:, None]
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)[:, None]


@contextmanager
def _errors_name(stem: str) -> Iterator[None]:
    """Put the stem's name before the message of every error raised in the block."""
    try:
        yield
    except WaveflowError as exc:
        raise type(exc)(f"{stem}: {exc}") from exc
