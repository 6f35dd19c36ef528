"""Read one stem of a mix as mono blocks of one length at one sample rate."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from waveflow.audio import codec
from waveflow.audio.kernels import mono

MIX_FRAMES = 65_536
RESAMPLED = "RESAMPLED"
QUALITY = "VHQ"  # alias rejection of 155 dB at a tenth more time than HQ


class Stem:
    """One stem, opened.

    Parameters
    ----------
    path
        Its file.
    name
        What errors and warnings call it.
    sample_rate
        Of the mix, in Hz.
    deadline
        A value of `time.monotonic()` to end by.
    """

    def __init__(
        self, path: Path, name: str, *, sample_rate: int, deadline: float | None
    ) -> None:
        self.name = name
        self.sample_rate = sample_rate
        self._stream = codec.named(name, codec.open_audio, path)
        self._blocks = self._mono(deadline)
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)

    @property
    def warnings(self) -> set[str]:
        """Give the codes seen so far, each with the stem's name."""
        codes = set(self._stream.warnings)
        if self._stream.sample_rate != self.sample_rate:
            codes.add(RESAMPLED)
        return {f"{code}:{self.name}" for code in codes}

    def next_block(self) -> NDArray[np.float32]:
        """Give the next block.

        Returns
        -------
        NDArray
            float32, shape (MIX_FRAMES,), shorter at the end, then empty.
        """
        return codec.named(self.name, self._gather)

    def _gather(self) -> NDArray[np.float32]:
        parts, count = [self._rest], len(self._rest)
        while count < MIX_FRAMES:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(block)
            count += len(block)
        whole = np.concatenate(parts)
        self._rest = whole[MIX_FRAMES:].copy()  # a view would keep all of it
        return whole[:MIX_FRAMES]

    def _mono(self, deadline: float | None) -> Iterator[NDArray[np.float32]]:
        blocks = (mono(b) for b in codec.blocks(self._stream, deadline=deadline))
        if self._stream.sample_rate == self.sample_rate:
            return blocks
        return self._resampled(blocks)

    def _resampled(
        self, blocks: Iterator[NDArray[np.float32]]
    ) -> Iterator[NDArray[np.float32]]:
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
                yield resampler.resample_chunk(block[start : start + step])
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
