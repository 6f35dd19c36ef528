"""Print the commands' reports and mistakes, of one file or of many."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.exceptions import Exit

from waveflow_local.files.streams import is_stdin, is_stdout

if TYPE_CHECKING:
    from waveflow_local.files.batch import Failure

Report = TypeVar("Report", bound=Mapping[str, Any])


def print_report(
    report: Report, line: Callable[[Report], str], *, as_json: bool
) -> None:
    """Print a command's report as JSON, or as text for a person."""
    print(json.dumps(report) if as_json else line(report))


def print_output(
    report: Report,
    line: Callable[[Report], str],
    *,
    outputs: Sequence[Path | None],
    as_json: bool,
    warnings: Sequence[str] = (),
) -> None:
    """Print the report of outputs; warnings alone where stdout carries an output."""
    if any(map(is_stdout, outputs)):
        print_warnings(warnings)
    else:
        print_report(report, line, as_json=as_json)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print warnings on stderr, a line for each, as standard output is taken."""
    for warning in warnings:
        print(f"waveflow: warning: {warning}", file=sys.stderr)


def print_mistake(sentence: str, *, code: int = 1) -> int:
    """Print a user's mistake as one line on stderr, and return the exit code."""
    print(f"waveflow: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def print_each(  # noqa: PLR0913 - as `print_all`
    files: Sequence[Path],
    work: Callable[[Path], Report],
    *,
    jobs: int | None,
    line: Callable[[Report], str],
    as_json: bool,
    prepare: Callable[[], object] | None = None,
) -> None:
    """Print the report of a single file, worked on here, or the reports of many."""
    if len(files) == 1:
        print_report(work(files[0]), line, as_json=as_json)
        return
    print_all(files, work, jobs=jobs, line=line, as_json=as_json, prepare=prepare)


def print_all(  # noqa: PLR0913 - the options of three commands
    files: Sequence[Path],
    work: Callable[[Path], Report],
    *,
    jobs: int | None,
    line: Callable[[Report], str],
    as_json: bool,
    prepare: Callable[[], object] | None = None,
) -> None:
    """Print the reports of many files in input order; exit with 1 where one failed."""
    from waveflow_local.files.batch import Failure, run_all, usable_cpus

    if any(map(is_stdin, files)):
        # The processes that work on the files have no standard input.
        raise click.UsageError("Standard input is read alone, not beside other files.")
    progress = _Progress(len(files))
    code = 0
    results = run_all(
        work,
        files,
        jobs=jobs or usable_cpus(),
        prepare=prepare,
        on_result=progress.count,
    )
    with closing(results), closing(progress):
        for path, result in results:
            progress.clear()
            if isinstance(result, Failure):
                code = print_mistake(str(result))
                if as_json:
                    print(json.dumps(_failure_report(path, result)))
            else:
                print_report(result, line, as_json=as_json)
            sys.stdout.flush()  # a reader of a pipe gets each line at once
            progress.show()
    raise Exit(code)


def _failure_report(path: Path, failure: "Failure") -> dict[str, object]:
    error = {"code": failure.code, "message": failure.message}
    return {"file": str(path), "error": error}


class _Progress:
    """Show on a terminal, in a line of stderr, how many files are done."""

    def __init__(self, total: int) -> None:
        self._done, self._total = 0, total
        self._shown = sys.stderr.isatty()

    def count(self) -> None:
        """Count one more file as done, and show the number."""
        self._done += 1
        self.show()

    def show(self) -> None:
        """Show the line."""
        self._write(f"{self._done} of {self._total} files")

    def clear(self) -> None:
        """Remove the line, so that other lines can be printed."""
        self._write("")

    close = clear

    def _write(self, text: str) -> None:
        if self._shown:
            # "\r" goes to the start of the line, "\x1b[K" empties the line.
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
