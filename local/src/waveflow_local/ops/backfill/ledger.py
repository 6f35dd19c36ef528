"""Know from the journal which lines of a back-fill have started and ended."""

import time
from enum import IntEnum
from typing import Any

from waveflow_local.ops.backfill.estimate import price_of
from waveflow_local.ops.backfill.look import Asked, Reason, Standing
from waveflow_local.ops.backfill.tally import Tally
from waveflow_local.ops.bulk.journal import Journal

GONE = "OBJECT_NOT_FOUND"  # of a stem whose original is gone: no execution is started


class Mark(IntEnum):
    """Mark how far one line of a manifest has come, in one byte of memory."""

    NONE = 0
    STARTED = 1
    ENDED = 2


class Ledger:
    """Write start and end of each manifest line to the journal, and count the ends.

    A start is on the disk before its execution is asked for: a killed run asks again
    by the same name, and never takes its own drawing for one that was there before.
    """

    def __init__(self, journal: Journal, asked: Asked) -> None:
        self.run = journal.heading.run
        self.total = journal.heading.stem_count
        self.tally = Tally()
        self._journal, self._asked = journal, asked
        self._marks = bytearray()
        # Bytes and seconds of what has started and not ended.
        self._open: dict[int, dict[str, Any]] = {}
        for entry in journal.entries():
            self._count(entry)

    def mark_of(self, number: int) -> Mark:
        """Return how far a line has come."""
        return Mark(self._marks[number]) if number < len(self._marks) else Mark.NONE

    def started_at(self, number: int) -> float:
        """Return the time of a started line's start, in seconds since 1970."""
        return float(self._open[number]["at"])

    def name_of(self, number: int) -> str:
        """Return the name of a line's execution: Step Functions starts each once."""
        return f"backfill-{self.run}-{number}"

    def add_current(self, number: int) -> None:
        """Note a line whose stem is current; a power cut may lose this entry alone."""
        self._journal.note(entry := {"line": number, "current": True})
        self._count(entry)

    def add_gone(self, number: int) -> None:
        """Write that the upload of a manifest's line is no longer stored."""
        self._append({"line": number, "failed": GONE})

    def start(self, number: int, standing: Standing) -> None:
        """Write that the execution of a line is about to start."""
        entry = {
            "line": number,
            "start": standing.reason or Reason.NO_OUTPUT,
            "bytes": standing.size_bytes,
            "seconds": round(standing.seconds, 3),
            "at": round(time.time(), 3),
        }
        self._append(entry)

    def end(self, number: int, code: str) -> None:
        """Write that the execution of a line has ended; an empty code is a success."""
        ended = {"failed": code} if code else {"drawn": True}
        self._append({"line": number, **ended})

    def _append(self, entry: dict[str, Any]) -> None:
        self._journal.append(entry)
        self._count(entry)

    def _count(self, entry: dict[str, Any]) -> None:
        number = entry["line"]
        if len(self._marks) <= number:
            self._marks.extend(bytes(number + 1024 - len(self._marks)))
        if "start" in entry:
            self._marks[number] = Mark.STARTED
            self._open[number] = entry
            return
        self._marks[number] = Mark.ENDED
        started = self._open.pop(number, None)
        if "failed" in entry:
            self.tally.add_failure(number, entry["failed"])
        elif "current" in entry:
            self.tally.current += 1
        elif started is not None:
            price = price_of(started["seconds"], self._asked)
            self.tally.add_drawn(started["start"], started["bytes"], usd=price)
