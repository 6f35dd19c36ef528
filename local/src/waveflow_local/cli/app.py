"""Offer the `waveflow` command.

Commands import what they need when they run, so that `waveflow hash` starts
without the engine, the decoders and the picture library.
"""

import codecs
import io
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

import typer
from typer.exceptions import TyperException
from waveflow.errors import WaveflowError

from waveflow_local import paths
from waveflow_local.cli import options
from waveflow_local.ops import commands
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from waveflow_local.files.actions import DrawingReport, MixReport

Report = TypeVar("Report")
_PLAIN_WIDTH = 140
_INTERRUPTED = 130
_SIGNALLED = 128  # exit code of a signal: 128 plus the signal's number

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
app.add_typer(commands.app, name="ops")


@app.callback(invoke_without_command=True)
def waveflow(context: typer.Context) -> None:
    """Hash, deduplicate, draw and mix audio: the pipeline on this machine."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def run(files: options.Files = None, out: options.OutFolder = Path("out")) -> None:
    """Send audio through the whole pipeline and show what happens."""
    from rich.console import Console

    from waveflow_local.demo.run import run as run_all

    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console = Console(file=sys.stdout, width=_PLAIN_WIDTH)
    raise typer.Exit(run_all(files or [], out, console=console))


@app.command()
def up(  # noqa: PLR0913 - one parameter per option
    *,
    port: options.Port = paths.DEFAULT_PORT,
    server: options.Server = True,
    webhook_url: options.WebhookUrl = None,
    verdict_mode: options.Mode = options.VerdictMode.CALLBACK,
    verdict_timeout: options.VerdictTimeout = 900,
    retry_scale: options.RetryScale = 0.02,
    data: options.DataFolder = Path("out/up"),
    env_file: options.EnvFile = None,
    api: options.Api = True,
    api_port: options.ApiPort = None,
) -> None:
    """Keep the local pipeline running and print what a server's .env needs."""
    from waveflow_local.console import up as keeping

    asked = keeping.UpOptions(
        port=port,
        standin=server,
        webhook_url=webhook_url,
        verdict_mode=verdict_mode.value,
        verdict_timeout_s=verdict_timeout,
        retry_scale=retry_scale,
        data=data,
        env_file=env_file,
        api=api,
        api_port=api_port,
    )
    keeping.up(asked, out=sys.stdout)


@app.command()
def api(
    endpoint: options.Endpoint = paths.DEFAULT_ENDPOINT,
    port: options.ApiPort = None,
    standin: options.StandInUrl = "",
) -> None:
    """Serve the HTTP API and the web page alone, on a local engine that runs."""
    from waveflow_local.console.api_server import serve
    from waveflow_local.console.place import Place

    serve(Place(endpoint=endpoint, port=port, standin_url=standin), out=sys.stdout)


@app.command()
def status(
    subject: options.Subject,
    endpoint: options.Endpoint = paths.DEFAULT_ENDPOINT,
    *,
    as_json: options.Json = False,
) -> None:
    """Show the states of a stem's executions, and the reasons."""
    from waveflow_local.console.status import find, report
    from waveflow_local.engine.clients import Clients

    found = find(Clients(endpoint).sfn, paths.MACHINE_ARN, subject)
    if not found:
        raise LocalError(f"No execution knows {subject!r}.")
    reports = [report(each) for each in found]
    if as_json:
        print(json.dumps(reports))
    else:
        print("\n".join(said["text"] for said in reports))


@app.command("hash")
def hash_command(files: list[Path], *, as_json: options.Json = False) -> None:
    """Print the SHA-256 of audio files."""
    from waveflow_local.files.actions import hash_file

    mistakes = 0
    for path in files:
        try:
            said = hash_file(path)
        except LocalError as exc:
            mistakes += _print_mistake(str(exc))
        else:
            _print_report(
                said, lambda r: f"{r['sha256']}  {r['file']}", as_json=as_json
            )
    raise typer.Exit(min(mistakes, 1))


@app.command()
def peaks(  # noqa: PLR0913 - one parameter per option
    file: Path,
    *,
    num_peaks: options.NumPeaks = 1024,
    out: options.DocumentOut = None,
    dat: options.Dat = None,
    samples_per_pixel: options.SamplesPerPixel = 256,
    bits: options.Bits = 8,
    split_channels: options.SplitChannels = False,
    as_json: options.Json = False,
) -> None:
    """Draw one audio file: print its waveform document, or write it to a file."""
    from waveflow_local.files.actions import draw_file, write_dat
    from waveflow_local.files.writing import check_outputs

    check_outputs(dat, out, inputs=[file])
    if dat is not None:
        points = write_dat(
            file,
            dat,
            samples_per_pixel=samples_per_pixel,
            bits=bits,
            split_channels=split_channels,
        )
        _print_report(
            points, lambda r: f"{r['dat']}: {r['length']} points", as_json=as_json
        )
    if out is not None:
        _print_report(
            draw_file(file, out, num_peaks=num_peaks), _drawing_line, as_json=as_json
        )
    elif dat is None:
        print(draw_file(file, None, num_peaks=num_peaks)["document"])


@app.command()
def analyze(file: Path, *, as_json: options.Json = False) -> None:
    """Measure loudness, tempo and key of one audio file, and check it as a stem."""
    from waveflow_local.files.analysis import analyze_file, report_text

    _print_report(analyze_file(file), report_text, as_json=as_json)


@app.command()
def mix(
    stems: list[Path],
    *,
    out: options.WavOut,
    peaks_out: options.PeaksOut = None,
    as_json: options.Json = False,
) -> None:
    """Mix stems into one mono WAV: their mean, with a peak of at most 0.95."""
    from waveflow_local.files.actions import mix_files
    from waveflow_local.files.writing import check_outputs

    check_outputs(out, peaks_out, inputs=stems)
    _print_report(mix_files(stems, out, peaks=peaks_out), _mix_line, as_json=as_json)


@app.command()
def plot(
    document: Path,
    *,
    out: options.PictureOut,
    title: options.Title = None,
    as_json: options.Json = False,
) -> None:
    """Draw a picture of a waveform document."""
    from waveflow_local.files.actions import plot_file
    from waveflow_local.files.writing import check_outputs

    check_outputs(out, inputs=[document])
    said = plot_file(document, out, title=title)
    _print_report(said, lambda r: str(r["picture"]), as_json=as_json)


def main() -> None:
    """Run the command line; print a user's mistake as one line and exit with 1."""
    signal.signal(signal.SIGTERM, _stop)
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
        # Typer returns 130 for Ctrl-C instead of raising KeyboardInterrupt.
        code: int = app(standalone_mode=False) or 0
    except TyperException as exc:
        return _print_mistake(exc.format_message())
    except LocalError as exc:
        return _print_mistake(str(exc))
    except WaveflowError as exc:
        return _print_mistake(f"{exc.code}: {exc}")
    except OSError as exc:
        return _output_failure(exc)
    if code == _INTERRUPTED:
        print("stopped", file=sys.stderr)
    return code


def _stop(number: int, _frame: FrameType | None) -> None:
    """Exit on SIGTERM as on Ctrl-C, so that unfinished files are removed."""
    sys.exit(_SIGNALLED + number)


def _allow_any_name() -> None:
    """Print any file name, escaped where the terminal lacks a character."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        is_utf8 = codecs.lookup(sys.stdout.encoding).name == "utf-8"
        errors = "surrogateescape" if is_utf8 else "backslashreplace"
        sys.stdout.reconfigure(errors=errors)


def _output_failure(exc: OSError) -> int:
    # A closed pipe is no mistake to print: `head` stops reading early.
    return 1 if isinstance(exc, BrokenPipeError) else _print_mistake(str(exc))


def _print_mistake(sentence: str) -> int:
    print(f"waveflow: {' '.join(sentence.split())}", file=sys.stderr)
    return 1


def _print_report(
    report: Report, line: Callable[[Report], str], *, as_json: bool
) -> None:
    print(json.dumps(report) if as_json else line(report))


def _drawing_line(said: "DrawingReport") -> str:
    parts = [
        f"{said['document']}: {said['duration']:.2f} s",
        f"{said['sample_rate']} Hz",
        f"{said['channels']} channels",
        f"{said['num_peaks']} peaks",
        *said["warnings"],
    ]
    return ", ".join(parts)


def _mix_line(said: "MixReport") -> str:
    parts = [
        f"{said['mix']}: {said['stems']} stems",
        f"{said['duration']:.2f} s",
        f"{said['sample_rate']} Hz",
        *said["warnings"],
    ]
    return ", ".join(parts)
