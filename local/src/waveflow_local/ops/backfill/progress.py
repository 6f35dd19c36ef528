"""Say on stderr how far a back-fill has come, how fast, and how long the rest takes."""

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from waveflow_local.ops.backfill.tally import Tally

SAMPLES, SAMPLE_S = 31, 10.0  # the rate is that of the last five minutes
SHOWN_S = 1.0  # on a terminal
LOGGED_S = 60.0  # elsewhere, such as in a log file


class Progress:
    """Show counts, rate and remaining time: in one line of a terminal, else in many.

    Parameters
    ----------
    resumed
        Lines that an earlier process did, which say nothing about the rate.
    """

    def __init__(
        self,
        total: int,
        *,
        resumed: int = 0,
        out: TextIO = sys.stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._out, self._clock = total, out, clock
        self._is_terminal = out.isatty()
        self._samples = deque([(clock(), resumed)], maxlen=SAMPLES)
        self._shown = clock()

    def show(self, tally: Tally, *, running: int) -> None:
        """Show the counts, unless they were shown a moment ago."""
        now = self._clock()
        if now - self._samples[-1][0] >= SAMPLE_S:
            self._samples.append((now, tally.done))
        if now - self._shown >= (SHOWN_S if self._is_terminal else LOGGED_S):
            self._shown = now
            self._write(self.text(tally, running=running))

    def text(self, tally: Tally, *, running: int) -> str:
        """Return the counts as one line."""
        failed = tally.failed.total()
        parts = [
            f"{tally.done:,} of {self._total:,}",
            f"{tally.drawn:,} drawn, {tally.current:,} current, {failed:,} failed",
            f"{running} running",
        ]
        began, before = self._samples[0]
        rate = (tally.done - before) / max(self._clock() - began, 1e-9)
        if rate > 0:
            left = (self._total - tally.done) / rate
            parts.append(f"{rate:,.1f}/s, {duration(left)} left")
        return "; ".join(parts)

    def close(self) -> None:
        """Remove the line, so that the report can be printed."""
        if self._is_terminal:
            print("\r\x1b[K", end="", file=self._out, flush=True)

    def _write(self, text: str) -> None:
        # "\r" goes to the start of the line, "\x1b[K" empties the line.
        line = f"\r\x1b[K{text}" if self._is_terminal else f"{text}\n"
        print(line, end="", file=self._out, flush=True)


def duration(seconds: float) -> str:
    """Return a length of time in the unit that a person would choose."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
