"""Check a stem for faults that a sound engineer hears, while blocks pass by."""

import math

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.kernels import STEREO
from waveflow.audio.listen.findings import StemWarning
from waveflow.audio.stream import Block, Samples

SILENT_LEVEL = 1e-4  # -80 dBFS: above the dither of 16 bits
LEADING_SECONDS = 0.5
LEADING_RANGE = 0.01  # 40 dB below the file's peak, a beginning is heard
# A sound begins above -60 dBFS, in quiet files above -65 … -80.
LEADING_LEVELS = (1e-3, 10**-3.25, 10**-3.5, 10**-3.75, SILENT_LEVEL)
INT16_STEPS = 32_768  # 16-bit levels on each side of 0
COARSEST_STEP = 256  # 16-bit levels from one 8-bit level to the next
# A sine of 30 Hz at full scale stays there for five samples at 48 kHz, in coarser
# steps for longer, by the square root.
CLIPPED_RUN = 6  # samples at up to 48 kHz, more above
CLIPPED_RUN_HZ = 48_000
DC_LEVEL = 0.005  # -46 dBFS
DC_SECONDS = 2.0  # half a period of 32 Hz at the file's end has this mean
DUAL_MONO_RATIO = 1e-6  # the difference is 60 dB below the sum
ANTI_PHASE_RATIO = 0.1  # the sum is 10 dB below the difference
LOW_BITS = 0xFFFF  # bits of a left-justified sample that 16 bits do not reach


class StemCheck:
    """Check decoded audio for faults of a stem, such as clipping or silence."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate = sample_rate
        self._runs = _Runs(sample_rate, channels)
        self._sums = np.zeros(channels)
        self._sum_energy = self._difference_energy = 0.0
        self._frames = 0
        self._loudest = 0.0
        self._begins: dict[float, int] = {}
        self._low_bits: int | None = None
        self._bits = 0

    def add(self, block: Block) -> None:
        """Check the next block of decoded samples for faults of the stem."""
        samples, x = block.samples, block.planar
        loudest = max(float(x.max(initial=0)), -float(x.min(initial=0)))
        self._loudest = max(self._loudest, loudest)
        self._sums += x.sum(axis=1, dtype=np.float64)
        self._runs.add(x, loudest, step=self._step(samples))
        self._note_beginnings(x, loudest)
        if len(x) == STEREO:
            both, apart = x[0] + x[1], x[0] - x[1]
            self._sum_energy += float(both @ both)
            self._difference_energy += float(apart @ apart)
        if samples.dtype == np.int32:
            used = int(np.bitwise_or.reduce(samples, axis=None))
            self._low_bits = (self._low_bits or 0) | used & LOW_BITS
        self._frames += x.shape[1]

    def _step(self, samples: Samples) -> int:
        """Return the smallest difference of two levels: 256 for 8-bit audio, else 1."""
        if samples.dtype == np.int16 and not self._bits & 1:
            self._bits |= int(np.bitwise_or.reduce(samples, axis=None))
        # A gate of 0 and 16,384 uses one bit, but no format has fewer than eight.
        return min(self._bits & -self._bits, COARSEST_STEP) or 1

    def _note_beginnings(self, x: NDArray[np.float32], loudest: float) -> None:
        """Note at which frame the sound first reaches each loudness level."""
        new = [at for at in LEADING_LEVELS if at <= loudest and at not in self._begins]
        if new:
            heard = np.abs(x).max(axis=0)
            for level in new:
                self._begins[level] = self._frames + int((heard >= level).argmax())

    def _leading_seconds(self) -> float:
        reached = max(LEADING_RANGE * self._loudest, LEADING_LEVELS[-1])
        level = next(at for at in LEADING_LEVELS if at <= reached)
        return round(self._begins[level] / self._rate, 3)

    def finish(self) -> list[StemWarning]:
        """Return the stem's warnings in the order of codes; SILENT stands alone."""
        if self._loudest < SILENT_LEVEL:
            return [StemWarning(code="SILENT")]
        silence = self._leading_seconds()
        clipped = self._runs.finish()
        offset = float(np.abs(self._sums).max()) / self._frames
        long = self._frames >= DC_SECONDS * self._rate
        stereo = len(self._sums) == STEREO
        both, apart = self._sum_energy, self._difference_energy
        found = {
            StemWarning(code="CLIPPED", count=clipped): clipped > 0,
            StemWarning(code="DC_OFFSET"): long and offset > DC_LEVEL,
            StemWarning(code="DUAL_MONO"): stereo and apart < DUAL_MONO_RATIO * both,
            StemWarning(code="ANTI_PHASE"): stereo and both < ANTI_PHASE_RATIO * apart,
            StemWarning(code="LEADING_SILENCE", seconds=silence): (
                silence > LEADING_SECONDS
            ),
            StemWarning(code="UPSAMPLED_BITS"): self._low_bits == 0,
        }
        return [warning for warning, is_so in found.items() if is_so]


class _Runs:
    """Count the clipped samples: long runs at full scale, across blocks."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate = max(sample_rate, CLIPPED_RUN_HZ) / CLIPPED_RUN_HZ
        self._least = 0
        self._open = [0] * channels
        self._count = 0

    def add(self, x: NDArray[np.float32], loudest: float, *, step: int) -> None:
        """Count the clipped samples of the next block; its levels lie `step` apart."""
        self._least = math.ceil(CLIPPED_RUN * self._rate * math.sqrt(step))
        top = np.float32(1 - step / INT16_STEPS)
        for channel, samples in enumerate(x):
            if loudest >= top:
                self._add(channel, samples, top=top)
            else:
                self._close(channel)

    def finish(self) -> int:
        """Close the last run at full scale, and return the clipped samples."""
        for channel in range(len(self._open)):
            self._close(channel)
        return self._count

    def _add(
        self, channel: int, samples: NDArray[np.float32], *, top: np.float32
    ) -> None:
        # Positive and negative runs count apart: +1 next to -1 is no flat top.
        side = np.where(np.abs(samples) >= top, np.sign(samples), 0)
        edges = np.flatnonzero(np.diff(side)) + 1
        starts = np.concatenate(([0], edges))
        lengths = np.diff(np.concatenate((starts, [len(side)])))
        clipped = side[starts] != 0
        if clipped[0]:
            lengths[0] += self._open[channel]
        else:
            self._close(channel)
        self._open[channel] = int(lengths[-1]) if clipped[-1] else 0
        ended = lengths[clipped] if not clipped[-1] else lengths[clipped][:-1]
        self._count += int(ended[ended >= self._least].sum())

    def _close(self, channel: int) -> None:
        if self._open[channel] >= self._least:
            self._count += self._open[channel]
        self._open[channel] = 0
