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


@dataclass(frozen=True)
class Goal:
    """Figure to reach, and the limit that no program on this machine can beat.

    The limit is pure decoding, or copying through the memory bus.
    """

    reach: float
    limit: float | None = None


def median(values: Sequence[float]) -> float:
    """Return the median of the runs."""
    return statistics.median(values)


def cell(costs: Costs, name: str, what: str, digits: int = 2) -> str:
    """Return a contestant's median CPU or wall seconds as text."""
    if name not in costs:
        return NONE
    return f"{median(getattr(costs[name], what)):.{digits}f}"


def memory(costs: Costs, name: str, *, goal: Goal | None = None) -> str:
    """Return a contestant's largest memory in megabytes as text."""
    return against(max(costs[name].megabytes), goal, 0) if name in costs else NONE


def ratio(
    costs: Costs, ours: str, theirs: str, what: str, *, goal: Goal | None = None
) -> str:
    """Return the ratio of two contestants' medians as text; a small ratio is good."""
    if ours not in costs or theirs not in costs:
        return NONE
    value = median(getattr(costs[ours], what)) / median(getattr(costs[theirs], what))
    return against(value, goal)


def against(value: float, goal: Goal | None, digits: int = 2) -> str:
    """Return a figure with its goal and limit as text; above the goal it is bold."""
    shown = f"{value:.{digits}f}"
    if goal is None:
        return shown
    reached = round(value, digits) <= goal.reach
    told = f"{shown} {'≤' if reached else '>'} {goal.reach:.{digits}f}"
    limit = "" if goal.limit is None else f" (limit {goal.limit:.{digits}f})"
    return (told if reached else f"**{told}**") + limit


def times_faster(costs: Costs, ours: str, theirs: str) -> str:
    """Return by which factor ours needs less CPU, as text; a large factor is good."""
    if ours not in costs or theirs not in costs:
        return NONE
    return f"{median(costs[theirs].cpu) / median(costs[ours].cpu):.1f} x"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown with a title."""
    ruler = ["---"] + ["---:"] * (len(head) - 1)
    lines = ["| " + " | ".join(row) + " |" for row in (head, ruler, *rows)]
    return "\n".join([f"### {title}", "", *lines, ""])
