"""Offer the commands that run the whole pipeline here, and show its executions."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit

from waveflow_local import paths
from waveflow_local.cli import options
from waveflow_local.paths import LocalError

_LAST_PORT = 65534  # the stand-in listens on the port after the engine's
_PLAIN_WIDTH = 140
_MODES = ("callback", "message")


@click.command()
@click.argument("files", metavar="[FILE...]", nargs=-1, type=options.PATH)
@click.option(
    "--out",
    type=options.PATH,
    default=Path("out"),
    help="Folder for everything produced; own files get run-1, run-2, … there.",
)
def run(*, files: tuple[Path, ...], out: Path) -> None:
    """Send audio through the whole pipeline.

    Folders are taken with all their files. Without a file, four made stems are played.
    """
    from rich.console import Console

    from waveflow_local.demo.run import run as run_all

    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console = Console(file=sys.stdout, width=_PLAIN_WIDTH)
    raise Exit(run_all(list(files), out, console=console))


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, _LAST_PORT),
    default=paths.DEFAULT_PORT,
    metavar="PORT",
    help="Port of the AWS endpoint; the stand-in takes the next. 0 takes any.",
)
@click.option(
    "--server/--no-server",
    "standin",
    default=True,
    help="Run the stand-in for the platform's server.",
)
@click.option(
    "--webhook-url", type=options.ADDRESS, help="Send webhooks there; no stand-in runs."
)
@click.option(
    "--verdict-mode",
    type=click.Choice(_MODES),
    default="callback",
    help="Answers by task token, or by message.",
)
@click.option(
    "--verdict-timeout",
    "verdict_timeout_s",
    type=click.IntRange(1),
    default=900,
    metavar="N",
    help="Seconds for each of the three questions.",
)
@click.option(
    "--retry-scale",
    type=options.FiniteRange(0),
    default=0.02,
    metavar="X",
    help="Retries wait this part of what they say.",
)
@click.option(
    "--stale-reads",
    "stale_s",
    type=options.FiniteRange(0),
    default=0,
    metavar="S",
    help="Let reads of Step Functions be S seconds old; on AWS they lag too.",
)
@click.option(
    "--quotas", is_flag=True, help="Throttle reads of Step Functions as AWS does."
)
@click.option(
    "--data",
    type=options.PATH,
    default=Path("out/up"),
    help="Folder for webhooks, the stand-in's table and logs.",
)
@click.option(
    "--env-file",
    type=options.PATH,
    help="Write the printed settings to this file too.",
)
@click.option("--api/--no-api", default=True, help="Run the HTTP API and its page.")
@click.option(
    "--api-port",
    type=options.PORT,
    metavar="PORT",
    help="Port of the API; without it 8000, or a free one.",
)
@click.option(
    "--require-token",
    is_flag=True,
    help="Demand a token, and serve page, API and bucket from three origins.",
)
def up(**options_given: Any) -> None:
    """Keep the local pipeline running.

    What a server's .env needs is printed.
    """
    _check_up(options_given)
    from waveflow_local.console import up as keeping

    keeping.up(keeping.UpOptions(**options_given), out=sys.stdout)


def _check_up(given: Mapping[str, Any]) -> None:
    """Refuse options of `waveflow up` that have no effect beside another one."""
    if not given["api"]:
        options.refuse("api_port", "require_token", beside="--no-api")
    if given["webhook_url"] is not None and given["standin"]:
        options.refuse("standin", beside="--webhook-url")
    if given["verdict_mode"] == "message":
        # The task of a question is answered at once: a message brings the verdict.
        options.refuse("verdict_timeout_s", beside="--verdict-mode message")


@click.command()
@options.endpoint
@click.option(
    "--port",
    type=options.PORT,
    metavar="PORT",
    help="Port of the API; without it 8000, or a free one.",
)
@click.option(
    "--standin",
    type=options.ADDRESS,
    help="The stand-in's webhook URL, for the page's switches.",
)
def api(*, endpoint: str, port: int | None, standin: str | None) -> None:
    """Serve the HTTP API and its page alone.

    The local engine must run: `waveflow up --no-api`.
    """
    from waveflow_local.console.api_server import serve
    from waveflow_local.console.place import Place
    from waveflow_local.ops.stack import ask_engine

    ask_engine(endpoint)
    place = Place(endpoint=endpoint, port=port, standin_url=standin or "")
    serve(place, out=sys.stdout)


@click.command()
@click.argument("subject", metavar="ID")
@options.endpoint
@options.as_json
def status(*, subject: str, endpoint: str, as_json: bool) -> None:
    """Show the states of a stem's executions.

    ID is a stem's, stage's or job's; the reasons are shown too.
    """
    from waveflow_local.engine.clients import Clients
    from waveflow_local.ops.faults import aws_faults_as_lines
    from waveflow_local.ops.stack import ask_engine
    from waveflow_local.ops.whereabouts import find, report

    ask_engine(endpoint)
    with aws_faults_as_lines():
        found = find(Clients(endpoint).sfn, paths.MACHINE_ARN, subject)
    if not found:
        raise LocalError(f"No execution knows {subject!r}.")
    reports = [report(each) for each in found]
    if as_json:
        print(json.dumps(reports))
    else:
        print("\n".join(said["text"] for said in reports))
