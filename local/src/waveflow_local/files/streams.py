"""Take `-`, pipes and devices as inputs and outputs, beside regular files."""

import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from waveflow_local.paths import LocalError, UsageMistakeError

STDIN = Path("/dev/stdin")
_STANDARD = "-"
_STDIN, _STDOUT, _STDERR = range(3)
_NAMED = {"/dev/stdin": _STDIN, "/dev/stdout": _STDOUT, "/dev/stderr": _STDERR}
_NUMBERED = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")


def path_of(word: str) -> Path:
    """Return the path of a word; `./-` is a file, and `-` a standard stream."""
    path = Path(word)
    is_file = word != _STANDARD and str(path) == _STANDARD
    return Path.cwd() / path if is_file else path


def is_stdin(path: Path) -> bool:
    """Tell whether an input is the standard input of this process."""
    return _descriptor(path, standard=_STDIN) == _STDIN


def is_stdout(path: Path | None) -> bool:
    """Tell whether an output is the standard output of this process."""
    return path is not None and _descriptor(path, standard=_STDOUT) == _STDOUT


def is_stream(path: Path) -> bool:
    """Tell whether an output is written through, as a pipe, and cannot be replaced."""
    if _descriptor(path, standard=_STDOUT) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def is_read_once(path: Path) -> bool:
    """Tell whether an input is a pipe or an open file, whose content comes once."""
    if _descriptor(path, standard=_STDIN) is not None:
        return True
    return path.exists() and stat.S_ISFIFO(path.stat().st_mode)


def are_one_stream(path: Path, other: Path) -> bool:
    """Tell whether two outputs would be written into one pipe, one after the other."""
    numbers = {_descriptor(each, standard=_STDOUT) for each in (path, other)}
    if numbers != {None}:
        return len(numbers) == 1
    is_pipe = path.exists() and stat.S_ISFIFO(path.stat().st_mode)
    return is_pipe and other.exists() and path.samefile(other)


def open_input(path: Path) -> FileIO:
    """Open an input for reading; `-` is the standard input."""
    number = _descriptor(path, standard=_STDIN)
    if number is None:
        return path.open("rb", buffering=0)
    # A copy of the descriptor: Linux opens no socket by its name in /dev/fd.
    return os.fdopen(os.dup(number), "rb", buffering=0)


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Yield a regular file with an input's content, for decoders that seek.

    A regular file is yielded itself, and a pipe's content is copied to the disk.
    """
    with ExitStack() as stack:
        yield _regular(path, stack)


@contextmanager
def all_readable(paths: Sequence[Path]) -> Iterator[dict[Path, Path]]:
    """Yield a regular file for each of several inputs; a pipe is read once."""
    with ExitStack() as stack:
        yield {path: _regular(path, stack) for path in dict.fromkeys(paths)}


def _regular(path: Path, stack: ExitStack) -> Path:
    try:
        with open_input(path) as source:
            found = os.fstat(source.fileno())
            named = _descriptor(path, standard=_STDIN) is None
            if named and stat.S_ISREG(found.st_mode):
                return path
            copy = Path(stack.enter_context(TemporaryDirectory(prefix="waveflow-")))
            copy /= "input"
            with copy.open("wb") as file:
                shutil.copyfileobj(source, file)
            # A document is dated by its source.
            os.utime(copy, ns=(found.st_atime_ns, found.st_mtime_ns))
            return copy
    except OSError as exc:
        raise LocalError(f"{path} cannot be read: {exc.strerror}.") from exc


@contextmanager
def flowing(path: Path) -> Iterator[Path]:
    """Yield a temporary file, which is copied to a stream when the block succeeds.

    Raises
    ------
    BrokenPipeError
        The reader of the stream has left.
    """
    with TemporaryDirectory(prefix="waveflow-") as folder:
        unfinished = Path(folder) / "output"
        unfinished.touch()
        yield unfinished
        try:
            with unfinished.open("rb") as file, _open_output(path) as sink:
                shutil.copyfileobj(file, sink)
        except BrokenPipeError:
            raise
        except OSError as exc:
            raise LocalError(f"{path} cannot be written: {exc.strerror}.") from exc


def _open_output(path: Path) -> IO[bytes]:
    number = _descriptor(path, standard=_STDOUT)
    return path.open("wb") if number is None else os.fdopen(os.dup(number), "wb")


def format_of(out: Path, known: Sequence[str], *, asked: str | None) -> str:
    """Return the format of an output, by its ending or by `--format`.

    Parameters
    ----------
    known
        The formats that the command writes, each the ending of a name.
    asked
        The value of `--format`.
    """
    ending = out.suffix.lower().removeprefix(".")
    if ending not in known and (ending or asked is None):
        endings = " or ".join(f".{each}" for each in known)
        hint = "" if ending else " Without an ending, --format names the format."
        raise UsageMistakeError(f"{out} must end with {endings}.{hint}")
    if asked is not None and ending not in {"", asked}:
        raise UsageMistakeError(f"--format {asked} does not fit {out}.")
    if (form := asked or ending) not in known:
        raise UsageMistakeError(f"--format is {form}, and can only be {known[0]} here.")
    return form


def _descriptor(path: Path, *, standard: int) -> int | None:
    """Return the number of the open file that a path names, as /dev/fd/63 does."""
    name = str(path)
    if name == _STANDARD:
        return standard
    if found := _NUMBERED.fullmatch(name):
        return int(found[1])
    return _NAMED.get(name)
