"""Count how the lines of a back-fill ended, and report the counts."""

from collections import Counter
from dataclasses import dataclass, field

LINES_SHOWN = 10  # of each error code; the journal has all


@dataclass
class Tally:
    """Count lines by their end, with bytes and estimated price of what was drawn.

    Parameters
    ----------
    failed_lines
        The first lines of each error code.
    """

    current: int = 0
    drawn: int = 0
    drawn_bytes: int = 0
    usd: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failed_lines: dict[str, list[int]] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Return the number of lines that ended."""
        return self.current + self.drawn + self.failed.total()

    def add_failure(self, number: int, code: str) -> None:
        """Count a line that no execution could draw."""
        self.failed[code] += 1
        lines = self.failed_lines.setdefault(code, [])
        if len(lines) < LINES_SHOWN:
            lines.append(number)

    def add_drawn(self, reason: str, size_bytes: int, *, usd: float) -> None:
        """Count a line that an execution drew, or would draw."""
        self.drawn += 1
        self.reasons[reason] += 1
        self.drawn_bytes += size_bytes
        self.usd += usd

    def report(self, *, drawn: str = "drawn") -> str:
        """Return the counts as lines for the operator.

        Parameters
        ----------
        drawn
            The word for stems that were drawn, or would be.
        """
        reasons = ", ".join(f"{name} {n:,}" for name, n in self.reasons.most_common())
        notes = [
            f"{readable(self.drawn_bytes)} of sound",
            *([reasons] if reasons else []),
        ]
        return "\n".join(
            [
                f"{drawn:10} {self.drawn:9,}  {'; '.join(notes)}",
                f"{'current':10} {self.current:9,}",
                f"{'failed':10} {self.failed.total():9,}",
                *map(self._failure, sorted(self.failed)),
            ]
        )

    def _failure(self, code: str) -> str:
        lines = self.failed_lines[code]
        more = ", …" if self.failed[code] > len(lines) else ""
        shown = ", ".join(map(str, sorted(lines)))
        word = "line" if self.failed[code] == 1 else "lines"
        return f"  {code:20} {self.failed[code]:,} ({word} {shown}{more})"


def readable(size_bytes: int) -> str:
    """Return a number of bytes in the unit that a person would choose."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= size:
            return f"{size_bytes / size:,.1f} {unit}"
    return f"{size_bytes} bytes"
