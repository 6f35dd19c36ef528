"""Check that both views show every execution, in every width."""

import io
import re
from datetime import UTC, datetime

import pytest
from rich.console import Console
from waveflow_local.demo.report import LiveView, PlainView, Row, summary, view_for
from waveflow_local.demo.scenario import Case, Expected
from waveflow_local.engine.history import ExecutionSeen, StateSeen

NOW = datetime.now(UTC)
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def row(name: str, status: str | None = "SUCCEEDED", **fields) -> Row:
    """Return a case, and its execution where one has started."""
    case = Case(name, "new upload", "s", {}, Expected(verdict="new"))
    states = [StateSeen("Route", NOW, NOW), StateSeen("Hash", NOW, NOW, "invoke")]
    output = {"status": "SUCCESS"} if status == "SUCCEEDED" else None
    seen = status and ExecutionSeen("arn", status, NOW, states, NOW, output=output)
    return Row(case, seen or None, **fields)


def shown(rows: list[Row], *, width: int, terminal: bool) -> str:
    """Return what a console of some width shows of the rows."""
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal)
    view = view_for(console)
    with view:
        view.show(rows)
        view.show(rows)
    return CONTROL.sub("", file.getvalue())


@pytest.mark.parametrize("width", [40, 80, 160])
def test_names_are_whole_in_every_width(width):
    """A narrow terminal may cut the path of states, but no file's name."""
    rows = [row("drums.wav"), row("a long name.flac", "RUNNING"), row("b.mp3", None)]

    text = shown(rows, width=width, terminal=True)

    assert all(row.case.name in text for row in rows)


def test_a_pipe_gets_each_state_once():
    """A log that repeats states would look like retries."""
    text = shown([row("drums.wav"), row("b.mp3", None)], width=140, terminal=False)

    assert text.count("Hash") == 1
    assert text.count("SUCCEEDED") == 1
    assert "\x1b" not in text


def test_the_view_fits_the_console():
    """A log file full of cursor movements is unreadable: pipes get plain lines."""
    views = [
        view_for(Console(file=io.StringIO(), force_terminal=terminal))
        for terminal in (True, False)
    ]

    assert [type(view) for view in views] == [LiveView, PlainView]


@pytest.mark.parametrize("width", [80, 140])
def test_the_summary_says_what_is_wrong(width):
    """A fault must be seen in a narrow terminal too."""
    rows = [
        row("good.wav", outputs=["waveforms/good.json"]),
        row("bad.wav", "FAILED", faults=["verdict -, not new"]),
    ]
    console = Console(file=io.StringIO(), width=width)

    console.print(summary(rows, width=width))

    text = console.file.getvalue()
    assert "waveforms/good.json" in text
    assert "verdict -, not new" in text
    assert text.count("✓") == 1
    assert text.count("✗") == 1
