"""Offer the `waveflow` command.

Commands import what they need when they run, so that `waveflow hash` starts
without the engine, the decoders and the picture library.
"""

import codecs
import io
import os
import signal
import sys
from types import FrameType

import click
from waveflow.errors import WaveflowError

from waveflow_local.cli import files, pipeline
from waveflow_local.cli.compare import compare
from waveflow_local.cli.invoke import invoke
from waveflow_local.cli.mix import mix
from waveflow_local.cli.peaks import peaks
from waveflow_local.cli.plot import plot
from waveflow_local.cli.printing import print_mistake
from waveflow_local.ops import commands
from waveflow_local.paths import LocalError

_INTERRUPTED = 130
_SIGNALLED = 128  # exit code of a signal: 128 plus the signal's number
_STOPPED_BY = (signal.SIGHUP, signal.SIGTERM)  # a closed terminal; kill, docker stop


@click.group(
    invoke_without_command=True,
    context_settings={"show_default": True, "help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="waveflow-local", message="waveflow %(version)s")
@click.pass_context
def app(context: click.Context) -> None:
    """Hash, deduplicate, draw and mix audio: the pipeline on this machine."""
    if context.invoked_subcommand is None:
        print(context.get_help())


for _command in (
    *(pipeline.run, pipeline.up, pipeline.api, pipeline.status, invoke),
    *(files.hash_, peaks, files.analyze, compare, mix, files.preview, plot),
    commands.ops,
):
    app.add_command(_command)


def main() -> None:
    """Run the command line; print a user's mistake as one line.

    The exit code is 2 for a line that the command cannot mean, and 1 otherwise.
    """
    for number in _STOPPED_BY:
        # A caller such as nohup ignores a signal, and the command goes on ignoring.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    _allow_any_name()
    code = _run_command()
    try:
        sys.stdout.flush()
    except OSError as exc:
        code = code or _output_failure(exc)
        # Python flushes stdout again at its end; the same failure must not print twice.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _run_command() -> int:
    try:
        return app.main(prog_name="waveflow", standalone_mode=False) or 0
    except click.Abort:
        print("stopped", file=sys.stderr)
        return _INTERRUPTED
    except click.ClickException as exc:
        return print_mistake(exc.format_message(), code=exc.exit_code)
    except LocalError as exc:
        code = print_mistake(str(exc), code=exc.exit_code)
        for detail in exc.details:
            print(f"  {detail}", file=sys.stderr)
        return code
    except WaveflowError as exc:
        return print_mistake(f"{exc.code}: {exc}")
    except OSError as exc:
        return _output_failure(exc)


def _stop(number: int, _frame: FrameType | None) -> None:
    """Exit on these signals as on Ctrl-C, so that unfinished files are removed."""
    # A closing terminal sends SIGHUP twice; the second must not stop the removal.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(_SIGNALLED + number)


def _allow_any_name() -> None:
    """Print any file name, escaped where the terminal lacks a character."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        is_utf8 = codecs.lookup(sys.stdout.encoding).name == "utf-8"
        errors = "surrogateescape" if is_utf8 else "backslashreplace"
        sys.stdout.reconfigure(errors=errors)


def _output_failure(exc: OSError) -> int:
    # A closed pipe is no mistake to print: `head` stops reading early.
    return 1 if isinstance(exc, BrokenPipeError) else print_mistake(str(exc))
