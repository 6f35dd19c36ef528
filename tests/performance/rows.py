"""Cells and tables in Markdown, made of the contestants' costs."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

NONE = "-"


@dataclass
class Cost:
    """Costs of all runs of one contestant."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def add(self, cpu: float, wall: float, megabytes: float = 0) -> None:
        """Add the cost of one run."""
        self.cpu.append(cpu)
        self.wall.append(wall)
        self.megabytes.append(megabytes)


Costs = dict[str, Cost]


def median(values: Sequence[float]) -> float:
    """Return the median of the runs."""
    return statistics.median(values)


def cell(costs: Costs, name: str, what: str, digits: int = 2) -> str:
    """Return a contestant's median as text; for memory, the largest value."""
    if name not in costs:
        return NONE
    values: list[float] = getattr(costs[name], what)
    value = max(values) if what == "megabytes" else median(values)
    return f"{value:.{digits}f}"


def ratio(
    costs: Costs, ours: str, theirs: str, what: str, *, goal: float | None = None
) -> str:
    """Return the ratio of two contestants' medians as text; a small ratio is good."""
    if ours not in costs or theirs not in costs:
        return NONE
    value = median(getattr(costs[ours], what)) / median(getattr(costs[theirs], what))
    return against(value, goal)


def against(value: float, goal: float | None) -> str:
    """Return a ratio with its goal as text; a ratio above the goal is bold."""
    if goal is None:
        return f"{value:.2f}"
    if round(value, 2) <= goal:
        return f"{value:.2f} ≤ {goal:.2f}"
    return f"**{value:.2f} > {goal:.2f}**"


def times_faster(
    costs: Costs, ours: str, theirs: str, *, goal: float | None = None
) -> str:
    """Return by which factor ours needs less CPU, as text; a large factor is good."""
    if ours not in costs or theirs not in costs:
        return NONE
    value = median(costs[theirs].cpu) / median(costs[ours].cpu)
    if goal is None:
        return f"{value:.1f} x"
    if value >= goal:
        return f"{value:.1f} x ≥ {goal:g}"
    return f"**{value:.1f} x < {goal:g}**"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown with a title."""
    ruler = ["---"] + ["---:"] * (len(head) - 1)
    lines = ["| " + " | ".join(row) + " |" for row in (head, ruler, *rows)]
    return "\n".join([f"### {title}", "", *lines, ""])
