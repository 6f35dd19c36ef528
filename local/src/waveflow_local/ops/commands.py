"""Offer `waveflow ops`: restore deletions, rerun executions, check a stack."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from waveflow_local.ops.rerun import Choice

app = typer.Typer(
    help="Operate a deployed stack: undo, recover, look.", no_args_is_help=True
)

StackName = Annotated[
    str,
    typer.Option(
        "--stack",
        envvar="WAVEFLOW_STACK",
        help="CloudFormation stack, or `local` for the engine of `waveflow up`.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")]
Code = Annotated[
    str | None, typer.Option("--error", help="Only this code, as STORAGE_UNAVAILABLE.")
]
Time = Annotated[datetime | None, typer.Option(help="UTC, as 2026-11-21T09:00:00.")]


@app.command()
def restore(
    stem_id: str, *, stack: StackName = "waveflow", dry_run: DryRun = False
) -> None:
    """Bring back the deleted duplicate of a stem."""
    from waveflow_local.ops.stack import open_stack
    from waveflow_local.ops.undo import restore as bring_back

    _print(bring_back(open_stack(stack), stem_id, dry_run=dry_run))


@app.command()
def redraw(  # noqa: PLR0913 - one parameter per option
    stem_id: str,
    *,
    user_id: Annotated[str, typer.Option(help="The stem's user.")],
    track_id: Annotated[str, typer.Option(help="The stem's track.")],
    filepath: Annotated[str, typer.Option(help="The upload's key.")],
    timestamp: Annotated[
        str | None, typer.Option(help="The rendition to replace; else a new one.")
    ] = None,
    num_peaks: Annotated[int | None, typer.Option(min=1, max=4000)] = None,
    stack: StackName = "waveflow",
    dry_run: DryRun = False,
) -> None:
    """Draw a stem's waveform again."""
    from waveflow_local.ops.stack import open_stack
    from waveflow_local.ops.undo import Drawing
    from waveflow_local.ops.undo import redraw as draw_again

    drawing = Drawing(user_id, track_id, stem_id, filepath, timestamp, num_peaks)
    message = draw_again(open_stack(stack), drawing, dry_run=dry_run)
    _print([("would send " if dry_run else "sent ") + json.dumps(message)])


@app.command()
def redrive(
    *,
    error: Code = None,
    since: Time = None,
    until: Time = None,
    stack: StackName = "waveflow",
    dry_run: DryRun = False,
) -> None:
    """Run failed executions again, each once, by error code or time of their end.

    Those that somebody stopped are left out, but for `--error ABORTED`.
    """
    from waveflow_local.ops.rerun import Choice

    _run_again(Choice(error, _utc(since), _utc(until)), stack, dry_run=dry_run)


@app.command()
def replay(
    *,
    since: Time = None,
    until: Time = None,
    stack: StackName = "waveflow",
    dry_run: DryRun = False,
) -> None:
    """Send the webhooks that were never delivered."""
    from waveflow_local.ops.rerun import Choice

    choice = Choice(since=_utc(since), until=_utc(until), undelivered=True)
    _run_again(choice, stack, dry_run=dry_run)


@app.command()
def health(*, stack: StackName = "waveflow", dry_run: DryRun = False) -> None:
    """Check every part of the stack; exit 1 if something is wrong."""
    from waveflow_local.ops.health import checks_of
    from waveflow_local.ops.health import health as look
    from waveflow_local.ops.stack import LOCAL, open_stack

    if dry_run:
        parts = checks_of(local=stack == LOCAL)
        _print(f"would look at the {part}" for part in parts)
        return
    findings = look(open_stack(stack))
    _print(findings)
    if any(finding.wrong for finding in findings):
        raise typer.Exit(1)


def _run_again(choice: "Choice", stack: str, *, dry_run: bool) -> None:
    from waveflow_local.ops.rerun import run_again
    from waveflow_local.ops.stack import open_stack

    done = run_again(open_stack(stack), choice, dry_run=dry_run)
    _print(done or ["nothing to do"])


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None else None


def _print(lines: Iterable[object]) -> None:
    for line in lines:
        typer.echo(str(line))
