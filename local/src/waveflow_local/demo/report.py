"""Show executions in the terminal while they run, and a final table."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from waveflow_local.demo.scenario import Case
from waveflow_local.engine.history import ExecutionSeen

_BAR_WIDTH = 12
_WIDE = 120  # a terminal of this many columns has room for every column


@dataclass
class Row:
    """Hold one demonstration case with its execution, faults and outputs so far."""

    case: Case
    seen: ExecutionSeen | None = None
    faults: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Tell whether the execution has ended."""
        return self.seen is not None and not self.seen.running


class View(Protocol):
    """Show the table of executions as they change, until the `with` block ends."""

    def __enter__(self) -> object:
        """Begin to show the executions."""

    def __exit__(self, *exc: object) -> None:
        """End the view; leave what was shown in the terminal."""

    def show(self, rows: Sequence[Row]) -> None:
        """Show all executions in their present state."""


def view_for(console: Console) -> View:
    """Return a live table for a terminal, and plain lines for everything else."""
    return LiveView(console) if console.is_terminal else PlainView(console)


class LiveView:
    """Redraw a table of all executions in place, for a terminal."""

    def __init__(self, console: Console) -> None:
        self._live = Live(
            console=console,
            refresh_per_second=12,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._spinners: dict[str, Spinner] = {}

    def __enter__(self) -> None:
        """Begin to draw the live table."""
        self._live.__enter__()

    def __exit__(self, *exc: object) -> None:
        """Leave the last table on the screen."""
        self._live.__exit__(None, None, None)

    def show(self, rows: Sequence[Row]) -> None:
        """Redraw the table of all executions."""
        console = self._live.console
        facts = [self._facts(row, wide=console.width >= _WIDE) for row in rows]
        taken = console.measure(_grid(facts)).maximum
        paths = [_path(row.seen) for row in rows]
        for path in paths:
            # A narrow terminal cuts the path of states, and no other column.
            path.truncate(max(console.width - taken - 2, 1), overflow="ellipsis")
        lines = zip(facts, paths, strict=True)
        self._live.update(_grid([[*told, path] for told, path in lines]))

    def _facts(self, row: Row, *, wide: bool) -> list[RenderableType]:
        total = row.case.expected.states
        done = len(row.seen.states) if row.seen else 0
        bar = ProgressBar(total, total if row.ended else done, width=_BAR_WIDTH)
        more: list[RenderableType] = [Text(row.case.what, "dim"), bar]
        return [
            self._mark(row),
            Text(row.case.name, "bold"),
            *(more if wide else []),
            Text(f"{row.seen.seconds:5.2f} s" if row.seen else "waiting"),
        ]

    def _mark(self, row: Row) -> Text | Spinner:
        if row.ended:
            return _mark(row)
        return self._spinners.setdefault(row.case.name, Spinner("dots", style="cyan"))


class PlainView:
    """Print one line for each state that an execution leaves, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: set[tuple[str, int]] = set()
        self._started = time.monotonic()

    def __enter__(self) -> None:
        """Do nothing: plain lines need no preparation."""

    def __exit__(self, *exc: object) -> None:
        """Do nothing: every line has been printed."""

    def show(self, rows: Sequence[Row]) -> None:
        """Print the states that executions have left since the last call."""
        for row in rows:
            for index, state in enumerate(row.seen.states if row.seen else []):
                if state.left is not None and (row.case.name, index) not in self._told:
                    self._told.add((row.case.name, index))
                    self._line(row, f"{state.name:<13} {state.seconds:6.2f} s")
            if row.ended and row.seen and (row.case.name, -1) not in self._told:
                self._told.add((row.case.name, -1))
                self._line(row, f"{row.seen.status:<13} {row.seen.seconds:6.2f} s")

    def _line(self, row: Row, text: str) -> None:
        clock = time.monotonic() - self._started
        self._console.print(
            f"{clock:6.2f}  {row.case.name:<18} {text}", highlight=False, markup=False
        )


def summary(rows: Sequence[Row], *, width: int) -> Group:
    """Return the final table: file, verdict, states, duration, outputs."""
    wide = width >= _WIDE
    table = Table(
        box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False
    )
    for name in ("", "file", *(["case"] if wide else []), "verdict", "told the server"):
        table.add_column(name, no_wrap=True)
    for name in ("states", "seconds"):
        table.add_column(name, justify="right")
    if wide:
        table.add_column("outputs", overflow="fold")
    for row in rows:
        cells: list[RenderableType] = [_mark(row), row.case.name, *_outcome_cells(row)]
        table.add_row(
            *cells[:2],
            *([row.case.what] if wide else []),
            *cells[2:],
            *([_outputs_and_faults(row)] if wide else []),
        )
    if wide:
        return Group(table)
    return Group(table, *(_line(row) for row in rows if row.outputs or row.faults))


def _grid(lines: Sequence[Sequence[RenderableType]]) -> Table:
    grid = Table.grid(padding=(0, 1))
    for _ in lines[0]:
        grid.add_column(no_wrap=True)
    for line in lines:
        grid.add_row(*line)
    return grid


def _outcome_cells(row: Row) -> list[str]:
    seen = row.seen
    if seen is None:
        return ["-"] * 4
    return [
        seen.verdict or "-",
        _told_status(row),
        str(len(seen.states)),
        f"{seen.seconds:.2f}",
    ]


def _outputs_and_faults(row: Row) -> Text:
    left = Text("\n".join(row.outputs))
    for fault in row.faults:
        left.append(f"{fault}\n", "red")
    return left


def _line(row: Row) -> Text:
    outputs = Text(", ".join(row.outputs).replace("\n", ", "))
    return Text.assemble(
        f"{row.case.name}: ", outputs, Text(", ".join(row.faults), "red")
    )


def _told_status(row: Row) -> str:
    seen = row.seen
    if seen is None:
        return "-"
    if seen.error:
        return f"FAILURE {seen.error}"
    return str(seen.outcome.get("status", "-"))


def _mark(row: Row) -> Text:
    good = row.ended and not row.faults
    return Text("✓", "green") if good else Text("✗", "red")


def _path(seen: ExecutionSeen | None) -> Text:
    path = Text()
    for state in seen.states if seen else []:
        path.append(state.name, "cyan" if state.left is None else "")
        if state.resource:
            path.append(f" {state.seconds:.2f}", "dim")
        path.append("  ")
    return path
