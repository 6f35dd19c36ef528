"""Decode parts of one file in parallel, and check that the parts fit together."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from waveflow.audio import codec
from waveflow.audio.stream import Block, Samples, Stream
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.errors import AudioTooLongError, ResourceLimitError, WaveflowError

DECODERS = 2  # a Lambda of 1,769 MB and more has two vCPU
PROBE_FRAMES = 8_192  # decoded by both neighbours, and equal if they are aligned


def paint(
    stream: Stream, plan: Plan, *, deadline: float | None, parts: int
) -> Canvas | None:
    """Draw a file's waveform in several parts at once; None where they do not fit.

    Parameters
    ----------
    stream
        A stream whose parts decode to the same bits as the whole.
    plan
        A plan whose length is still a guess.
    deadline
        A value of `time.monotonic()` to end by.
    parts
        At least 1.

    Returns
    -------
    Canvas or None
        None where the parts do not fit together or the guess was wrong: then only
        decoding from the start gives the waveform.

    Raises
    ------
    AudioTooLongError, ResourceLimitError
        Decoding from the start would raise the same.
    """
    edges = [plan.frames * part // parts for part in range(parts + 1)]
    painted = [
        _Part(stream, plan, start=start, stop=stop, deadline=deadline)
        for start, stop in pairwise(edges)
    ]
    try:
        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(_Part.paint, painted))
    except (AudioTooLongError, ResourceLimitError):
        raise
    except WaveflowError:
        return None
    return _join_parts(painted)


def _join_parts(parts: "list[_Part]") -> Canvas | None:
    if parts[-1].canvas.position != parts[-1].canvas.plan.frames:
        return None
    for left, right in pairwise(parts):
        if left.behind is None or right.ahead is None:
            return None
        if not np.array_equal(left.behind, right.ahead):
            return None
    whole = parts[0].canvas
    for part in parts[1:]:
        whole.merge(part.canvas)
    return whole


class _Part:
    """Draw one part of a file, and keep the first frames of this part and the next."""

    def __init__(
        self,
        stream: Stream,
        plan: Plan,
        *,
        start: int,
        stop: int,
        deadline: float | None,
    ) -> None:
        self.canvas = Canvas(plan, position=start)
        self.ahead: Samples | None = None
        self.behind: Samples | None = None
        self._last = stop == plan.frames
        self._stop = stop
        self._sample_rate = stream.sample_rate
        self._blocks = codec.blocks(stream, start=start, deadline=deadline)

    def paint(self) -> None:
        """Draw the part, and decode the first frames of the next part."""
        ahead, behind = _Probe(), _Probe()
        for block in self._blocks:
            ahead.add(block)
            room = len(block) if self._last else self._stop - self.canvas.position
            if room > 0:
                self.canvas.add(Block(block[:room], self._sample_rate))
            if room < len(block):
                behind.add(block[max(0, room) :])
            if behind.full:
                break
        self.ahead, self.behind = ahead.frames(), behind.frames()


class _Probe:
    """Keep the first frames of a part, to be compared with the neighbour's."""

    def __init__(self) -> None:
        self._parts: list[Samples] = []
        self._count = 0

    @property
    def full(self) -> bool:
        """Tell whether enough frames are kept to compare two parts."""
        return self._count >= PROBE_FRAMES

    def add(self, block: Samples) -> None:
        """Keep the block's frames, until PROBE_FRAMES frames are kept."""
        if not self.full:
            kept = block[: PROBE_FRAMES - self._count].copy()
            self._parts.append(kept)
            self._count += len(kept)

    def frames(self) -> Samples | None:
        """Return all frames that the probe has kept, or None."""
        if not self._parts:
            return None
        joined: Samples = np.concatenate(self._parts)
        return joined
