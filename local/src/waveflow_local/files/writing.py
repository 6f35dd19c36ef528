"""Write files that appear complete or not at all, and never over an input."""

import contextlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unicodedata import normalize

from waveflow_local.files.streams import (
    STDIN,
    are_one_stream,
    flowing,
    is_stdin,
    is_stream,
)
from waveflow_local.paths import LocalError

_NEW_FILE = 0o666  # file rights, of which the user's umask removes some


def check_outputs(*outputs: Path | None, inputs: Sequence[Path]) -> None:
    """Refuse, before any work, an output path that is an input or another output."""
    taken = [STDIN if is_stdin(path) else path for path in inputs]
    for path in outputs:
        if path is None:
            continue
        if not is_stream(path):
            _check_replaceable(path)
        for other in taken:
            if _are_one_file(path, other):
                raise LocalError(
                    f"{path} and {other} are one file; an output needs its own."
                )
        taken.append(path)


def output_in(folder: Path, source: Path) -> Path:
    """Return where a folder holds a file's waveform document: song.json of song.wav."""
    return folder / f"{source.stem}.json"


def prepare_folder(
    folder: Path,
    *,
    inputs: Sequence[Path],
    beside: Callable[[Path], Sequence[Path]] = lambda _: (),
) -> None:
    """Make a folder for documents; refuse, before any work, whatever would be replaced.

    Names that differ only in case or in Unicode's form are one file on some disks.

    Parameters
    ----------
    beside
        Returns what else is written beside a document.
    """
    taken: dict[str, Path] = {}
    sources = {_identity(path) for path in inputs if path.exists()}
    for path in inputs:
        out = output_in(folder, path)
        other = taken.setdefault(normalize("NFC", out.name).casefold(), path)
        if other is not path:
            raise LocalError(f"{other} and {path} would both be written to {out}.")
        for output in (out, *beside(out)):
            _check_replaceable(output)
            if output.exists() and _identity(output) in sources:
                raise LocalError(f"{output} is an input; an output needs its own file.")
    make_folder(folder)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it appears complete or not at all."""
    with appearing(path) as unfinished:
        unfinished.write_bytes(
            content.encode() if isinstance(content, str) else content
        )


@contextlib.contextmanager
def folder_for(outputs: Path) -> Iterator[None]:
    """Make a folder for the outputs of the block; a block that fails leaves no folder.

    A folder that was there before stays, with all that it holds.
    """
    is_new = not outputs.exists()
    make_folder(outputs)
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                outputs.rmdir()
        raise


def make_folder(folder: Path) -> None:
    """Make a folder, and the folders above; an existing folder stays as it is."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise LocalError(f"{folder} cannot be made: {exc.strerror}.") from exc


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield a temporary file, which is renamed to `path` when the block succeeds.

    A symbolic link stays, and the link's target is replaced. A pipe or a device gets
    the content of the whole file.
    """
    if is_stream(path):
        with flowing(path) as unfinished:
            yield unfinished
        return
    _check_replaceable(path)
    target = _real(path)
    unfinished = target.with_name(f".waveflow-{secrets.token_hex(8)}")
    try:
        unfinished.touch(_NEW_FILE, exist_ok=False)
        yield unfinished
        if target.exists():
            unfinished.chmod(stat.S_IMODE(target.stat().st_mode))
        unfinished.replace(target)
    except OSError as exc:
        raise LocalError(f"{path} cannot be written: {exc.strerror}.") from exc
    finally:
        unfinished.unlink(missing_ok=True)


def _check_replaceable(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as exc:
        raise LocalError(f"{path} cannot be written: {exc.strerror}.") from exc
    if not stat.S_ISREG(mode):
        raise LocalError(f"{path} is no regular file; nothing is written there.")
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise LocalError(f"{path} is write-protected; it stays.")


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _are_one_file(path: Path, other: Path) -> bool:
    if is_stream(path):
        return are_one_stream(path, other)
    if _real(path) == _real(other):
        return True
    return path.exists() and other.exists() and path.samefile(other)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve() raises in a loop of links
