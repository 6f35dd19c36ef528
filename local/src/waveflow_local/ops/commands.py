"""Offer `waveflow ops`: restore deletions, rerun executions, check a stack."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.exceptions import Exit

from waveflow_local.ops.backfill.command import backfill
from waveflow_local.ops.erasing.command import erase
from waveflow_local.ops.options import (
    asked_for,
    audio_id_option,
    dry_run_option,
    previews_option,
    split_channels_option,
    stack_option,
    zoom_option,
)

if TYPE_CHECKING:
    from waveflow_local.ops.rerun import Choice

_since = click.option(
    "--since", type=click.DateTime(), help="UTC, as 2026-11-21T09:00:00."
)
_until = click.option(
    "--until", type=click.DateTime(), help="UTC, as 2026-11-21T09:00:00."
)


class _OperatorGroup(click.Group):
    """Group of the operator's commands, which prints a failure of AWS as one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the line names."""
        from waveflow_local.ops.faults import aws_faults_as_lines

        with aws_faults_as_lines():
            return super().invoke(ctx)


@click.group(cls=_OperatorGroup, invoke_without_command=True)
@click.pass_context
def ops(context: click.Context) -> None:
    """Operate a deployed stack: undo, recover, look."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise Exit(click.UsageError.exit_code)


ops.add_command(backfill)
ops.add_command(erase)


@ops.command()
@click.argument("stem_id")
@click.option("--to", help="Another key, where the own key is in use.")
@stack_option
@dry_run_option
def restore(*, stem_id: str, to: str | None, stack: str, dry_run: bool) -> None:
    """Bring back a stem's deleted duplicate.

    Exit 1 where that cannot be.
    """
    from waveflow_local.ops.stack import open_stack
    from waveflow_local.ops.undo import restore as bring_back

    every = bring_back(open_stack(stack), stem_id, dry_run=dry_run, to=to)
    _print(every)
    if any(restored.failed for restored in every):
        raise Exit(1)


@ops.command()
@click.argument("stem_id")
@click.option("--user-id", required=True, help="The stem's user.")
@click.option("--track-id", required=True, help="The stem's track.")
@click.option("--filepath", required=True, help="The upload's key.")
@click.option("--timestamp", help="The rendition to replace; else a new one.")
@click.option(
    "--num-peaks", type=click.IntRange(1, 4000), metavar="N", help="Peaks to draw."
)
@zoom_option
@split_channels_option
@previews_option
@audio_id_option
@stack_option
@dry_run_option
def redraw(  # noqa: PLR0913 - one parameter per option
    *,
    zoom: tuple[int, ...],
    split_channels: bool,
    previews: tuple[str, ...],
    audio_id: bool,
    stack: str,
    dry_run: bool,
    **drawing: Any,
) -> None:
    """Draw a stem's waveform again, and make what the options ask for."""
    from waveflow_local.ops.stack import open_stack
    from waveflow_local.ops.undo import Drawing
    from waveflow_local.ops.undo import redraw as draw_again

    asked = asked_for(
        zoom=zoom, split_channels=split_channels, previews=previews, audio_id=audio_id
    )
    wanted = Drawing(**drawing, options=asked)
    message = draw_again(open_stack(stack), wanted, dry_run=dry_run)
    _print([("would send " if dry_run else "sent ") + json.dumps(message)])


@ops.command()
@click.option("--error", help="Only this code, as STORAGE_UNAVAILABLE.")
@_since
@_until
@stack_option
@dry_run_option
def redrive(
    *,
    error: str | None,
    since: datetime | None,
    until: datetime | None,
    stack: str,
    dry_run: bool,
) -> None:
    """Run failed executions again, each once.

    The error code, or the time of the end, chooses the executions.

    Exit 1 where an execution could not be run again; the line says `failed`.

    Those that somebody stopped are left out, but for `--error ABORTED`.
    """
    from waveflow_local.ops.rerun import Choice

    _run_again(Choice(error, _utc(since), _utc(until)), stack, dry_run=dry_run)


@ops.command()
@_since
@_until
@stack_option
@dry_run_option
def replay(
    *, since: datetime | None, until: datetime | None, stack: str, dry_run: bool
) -> None:
    """Send the webhooks that were never delivered."""
    from waveflow_local.ops.rerun import Choice

    choice = Choice(since=_utc(since), until=_utc(until), undelivered=True)
    _run_again(choice, stack, dry_run=dry_run)


@ops.command()
@stack_option
@dry_run_option
def health(*, stack: str, dry_run: bool) -> None:
    """Check every part of the stack.

    Exit 1 if something is wrong.
    """
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
        raise Exit(1)


@ops.command()
@click.option(
    "--token",
    envvar="WAVEFLOW_API_TOKEN",
    show_envvar=True,
    help="A bearer token of the stack's HTTP API.",
)
@stack_option
@dry_run_option
def smoke(*, token: str | None, stack: str, dry_run: bool) -> None:
    """Ask a new stack six questions that only AWS can answer.

    The stack's WebhookUrl must answer 404 to every request. Test jobs run and fail;
    their objects are removed.

    Exit 1 if an answer is no; the next line says what to do.
    """
    from waveflow_local.ops.smoke import smoke as ask
    from waveflow_local.ops.smoke_questions import QUESTIONS
    from waveflow_local.ops.stack import open_stack

    _refuse_on_engine("token", stack)
    if dry_run:
        _print(f"would ask: {question.text}" for question in QUESTIONS)
        return
    answered_no = False
    for answer in ask(open_stack(stack), token=token):
        click.echo(answer)
        answered_no = answered_no or answer.is_no
    if answered_no:
        raise Exit(1)


@ops.command()
@click.argument("subject", metavar="STEM")
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=7,
    show_default=True,
    help="How far back the logs are asked.",
)
@stack_option
@dry_run_option
def status(*, subject: str, days: int, stack: str, dry_run: bool) -> None:
    """Show a stem's executions: which state, why, what to do.

    STEM is a stem's, stage's or job's id. On AWS Logs Insights finds the executions.

    Exit 1 where the newest execution needs somebody, 3 where none is known.
    """
    from waveflow_local.ops.stack import open_stack
    from waveflow_local.ops.status import query_of, standings

    _refuse_on_engine("days", stack)
    if dry_run:
        print(f"would ask the logs: {query_of(subject)}")
        return
    every = standings(open_stack(stack), subject, days=days)
    _print(every or [f"No execution of the last {days} days knows {subject}."])
    if not every:
        raise Exit(3)
    if every[0].needs_somebody:
        raise Exit(1)


def _refuse_on_engine(name: str, stack: str) -> None:
    """Refuse an option about what the local engine lacks, as logs and a public API."""
    from waveflow_local.ops.stack import LOCAL

    source = click.get_current_context().get_parameter_source(name)
    if stack == LOCAL and source is ParameterSource.COMMANDLINE:
        raise click.UsageError(f"--{name} has no effect beside --stack {LOCAL}.")


def _run_again(choice: "Choice", stack: str, *, dry_run: bool) -> None:
    from waveflow_local.ops.rerun import run_again
    from waveflow_local.ops.stack import open_stack

    done = run_again(open_stack(stack), choice, dry_run=dry_run)
    _print(done or ["nothing to do"])
    if any(execution.failed for execution in done):
        raise Exit(1)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None else None


def _print(lines: Iterable[object]) -> None:
    for line in lines:
        print(line)
