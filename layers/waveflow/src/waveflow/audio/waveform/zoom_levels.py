"""Draw up to three zoom levels of one file at once, in audiowaveform's format."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waveflow.audio.kernels import STEREO
from waveflow.audio.stream import CHANNELS_MIXED, Block, Samples, Stream, Sums
from waveflow.audio.waveform import levels
from waveflow.audio.waveform.zoom import Points, WaveformData

ZOOM_DROPPED = "ZOOM_DROPPED"

MAX_BYTES = 64 << 20  # files of all levels together
HEADER_BYTES = 24  # header of a .dat file, version 2
GROWTH_BYTES = 1 << 20
# Blocks turned into points at once, since NumPy's calls cost more than their work.
FRESH_BLOCKS = 32


@dataclass(frozen=True, slots=True)
class Zoom:
    """Hold the zoom levels of a whole file, the finest first.

    Parameters
    ----------
    levels
        One item for each level that was kept; 8 bits.
    warnings
        ZOOM_DROPPED, CHANNELS_MIXED.
    """

    levels: tuple[WaveformData, ...]
    warnings: frozenset[str]


class ZoomLevels:
    """Reduce decoded audio to several zoom levels, equal to audiowaveform's.

    Only the finest level is drawn from samples and kept; coarser levels are folded
    from the level before at the end.

    Parameters
    ----------
    samples_per_pixel
        Frames per point: rising, each a multiple of the number before.
    split
        One waveform for each of two channels; more than two are mixed.
    max_bytes
        The finest levels are dropped where all files would be larger together.
    """

    def __init__(
        self,
        stream: Stream,
        samples_per_pixel: Sequence[int],
        *,
        split: bool,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._stream = stream
        self._runs = list(samples_per_pixel)
        self._split = split and stream.channels == STEREO
        self._lanes = STEREO if self._split else 1
        self._max_bytes = max_bytes
        self._sums = levels.ChannelSums(stream.rounding)
        self._warnings: set[str] = set()
        if split and stream.channels > STEREO:
            self._warnings.add(CHANNELS_MIXED)
        self._frames = 0
        self._fresh: list[Samples] = []  # extremes, each of shape (lanes, 2, points)
        self._points = np.empty(0, np.int8)  # minimum, maximum for each lane, in turn
        self._length = 0  # points of all lanes that are kept
        self._kept_frames = 0  # frames that the kept points cover

    def add(self, block: Block) -> None:
        """Reduce a block of samples to points of the finest level."""
        frames = self._frames + len(block.decoded)
        kept = levels_within(
            frames, self._runs, lanes=self._lanes, max_bytes=self._max_bytes
        )
        while len(self._runs) > len(kept):
            self._drop_finest()
        if self._runs and frames > self._frames:
            self._draw(block)
        self._frames = frames
        if len(self._fresh) >= FRESH_BLOCKS:
            self._keep_fresh()

    def finish(self) -> Zoom:
        """Return all levels that were kept, with the reasons why others were not."""
        self._keep_fresh()
        drawn: list[WaveformData] = []
        for run in self._runs:
            points = self._kept()
            if drawn:
                before = drawn[-1]
                points = _fold_points(before.data, run // before.samples_per_pixel)
            drawn.append(
                WaveformData(
                    sample_rate=self._stream.sample_rate,
                    samples_per_pixel=run,
                    bits=8,
                    channels=self._lanes,
                    data=points,
                )
            )
        return Zoom(tuple(drawn), frozenset(self._warnings))

    def _drop_finest(self) -> None:
        """Fold the finest level to the next level, which is drawn from now on."""
        self._warnings.add(ZOOM_DROPPED)
        self._keep_fresh()
        finest = self._runs.pop(0)
        kept = self._kept()[:0]
        if self._runs:
            kept = _fold_points(self._kept(), self._runs[0] // finest)
        self._points, self._length = kept.reshape(-1).copy(), len(kept)

    def _draw(self, block: Block) -> None:
        """Find the extremes of a block; the first may continue the block before."""
        position, run = self._frames, self._runs[0]
        stop = position + len(block.decoded)
        starts = np.arange(position // run * run, stop, run, dtype=np.int64) - position
        starts[0] = 0
        fresh: Samples = np.array(
            [levels.fold(sums, starts) for sums in self._sums_of(block)]
        )
        if self._fresh and position % run:
            last = self._fresh[-1][..., -1]
            np.minimum(last[:, 0], fresh[:, 0, 0], out=last[:, 0])
            np.maximum(last[:, 1], fresh[:, 1, 0], out=last[:, 1])
            fresh = fresh[..., 1:]
        if fresh.size:
            self._fresh.append(fresh)

    def _sums_of(self, block: Block) -> Iterable[Sums]:
        """Return each lane of a block, or the sums that the canvas has added up."""
        if self._split:
            return self._sums.lanes(block.samples)
        return [block.sums or self._sums.of(block.samples)]

    def _keep_fresh(self) -> None:
        """Turn the extremes of the last blocks into points, all at once."""
        if self._fresh:
            sixteen = levels.to_16_bits(
                np.concatenate(self._fresh, axis=2),
                1 if self._split else self._stream.channels,
                rounding=self._stream.rounding,
            )
            self._append(levels.to_8_bits(sixteen).transpose(2, 0, 1))
        self._fresh.clear()
        self._kept_frames = self._frames

    def _kept(self) -> NDArray[np.int8]:
        """Return the points that are kept, shape (length, lanes, 2)."""
        stop = self._length * self._lanes * 2
        return self._points[:stop].reshape(self._length, self._lanes, 2)

    def _append(self, points: NDArray[np.int8]) -> None:
        """Keep new points; the first may continue the last point that is kept."""
        if self._kept_frames % self._runs[0]:
            last = self._kept()[-1]
            np.minimum(last[:, 0], points[0, :, 0], out=last[:, 0])
            np.maximum(last[:, 1], points[0, :, 1], out=last[:, 1])
            points = points[1:]
        start = self._length * self._lanes * 2
        stop = start + points.size
        if stop > len(self._points):
            # Growing in place lets the system move pages instead of copying bytes.
            self._points.resize(stop + GROWTH_BYTES, refcheck=False)
        self._points[start:stop].reshape(points.shape)[:] = points
        self._length += len(points)


def levels_within(
    frames: int,
    samples_per_pixel: Sequence[int],
    *,
    lanes: int,
    max_bytes: int = MAX_BYTES,
) -> list[int]:
    """Return the zoom levels whose files fit together; the finest ones are dropped.

    Parameters
    ----------
    lanes
        2 where the waveforms of two channels lie apart, else 1.
    """
    kept = list(samples_per_pixel)
    while kept and _file_bytes(frames, kept, lanes=lanes) > max_bytes:
        kept.pop(0)
    return kept


def _file_bytes(frames: int, samples_per_pixel: Sequence[int], *, lanes: int) -> int:
    """Return the bytes of all levels' files after so many frames."""
    points = sum(-(-frames // run) for run in samples_per_pixel)
    return points * 2 * lanes + HEADER_BYTES * len(samples_per_pixel)


def _fold_points(points: Points, factor: int) -> NDArray[np.int8]:
    """Fold every `factor` points of shape (length, lanes, 2) to one point."""
    starts = np.arange(0, len(points), factor)
    folded = np.empty((len(starts), *points.shape[1:]), np.int8)
    if len(starts):
        folded[..., 0] = np.minimum.reduceat(points[..., 0], starts, axis=0)
        folded[..., 1] = np.maximum.reduceat(points[..., 1], starts, axis=0)
    return folded
