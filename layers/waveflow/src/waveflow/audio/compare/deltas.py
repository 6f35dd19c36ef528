"""Draw how much the peaks of two versions differ along the newer version."""

from collections.abc import Sequence

import numpy as np

from waveflow.audio.compare.matches import Passage
from waveflow.audio.compare.scratch import Pairing
from waveflow.audio.compare.windows import hop_of

DIGITS = 4


def peaks_delta(
    pair: Pairing, passages: Sequence[Passage], *, gain_db: float, num_peaks: int
) -> list[float]:
    """Return the peaks of the newer version less those of the older, -1 to 1.

    Parameters
    ----------
    passages
        The passages that both versions hold, in order of time.
    """
    frames = pair.after.frames
    starts = np.arange(num_peaks + 1) * frames // num_peaks
    gain = 10 ** (gain_db / 20)
    newer, older = np.zeros(num_peaks), np.zeros(num_peaks)
    for index in range(num_peaks):
        start, stop = int(starts[index]), int(starts[index + 1])
        stop = max(stop, start + 1)  # more peaks than frames: some share a frame
        newer[index] = pair.after.loudest(start, stop)
        offset_s = _offset_at((start + stop) / 2 / hop_of(pair.sample_rate), passages)
        if offset_s is not None:
            moved = round(offset_s * pair.sample_rate)
            older[index] = gain * pair.before.loudest(start - moved, stop - moved)
    loudest = max(newer.max(initial=0), older.max(initial=0)) or 1.0
    found: list[float] = (np.round((newer - older) / loudest, DIGITS) + 0.0).tolist()
    return found


def _offset_at(window: float, passages: Sequence[Passage]) -> float | None:
    """Return the offset in seconds at a window, or None in an inserted passage."""
    earlier = [each for each in passages if each.first <= window]
    later = [each for each in passages if each.last > window]
    if not earlier:
        return later[0].offset_s if later else None
    if not later or earlier[-1].offset_s == later[0].offset_s:
        return earlier[-1].offset_s
    return None
