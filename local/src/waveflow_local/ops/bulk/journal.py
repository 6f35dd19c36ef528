"""Keep a journal, so that a run that was killed goes on where it stopped."""

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec
from msgspec import Struct

from waveflow_local.paths import LocalError

FORMAT = 1
_MAX_HEADING = 65_536
_BEGINNING = b'{"verb":'  # of every journal
_NOT_OURS = "is no journal of this version of WaveFlow"


class Heading(Struct, frozen=True, kw_only=True):
    """Say what a journal is about: its first line, which every resumption compares.

    `run` is new for each journal; `stem_count` counts the manifest's lines.
    """

    verb: str
    stack: str
    manifest: str  # SHA-256
    stem_count: int
    options: dict[str, Any]
    bucket: str = ""  # two stacks of one name have two buckets
    format: int = FORMAT
    run: str = ""


def default_path(manifest: str, verb: str) -> Path:
    """Return a journal's path: beside a local manifest, else in the current folder."""
    place = manifest.rpartition("/")[2] if "://" in manifest else manifest
    return Path(f"{place}.{verb}-journal")


class Journal:
    """Append entries to a file that one process at a time holds.

    An entry is JSON on one line. A line without an end is what a crash left of the
    last entry, and is cut off.
    """

    def __init__(self, path: Path, heading: Heading) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as exc:
            raise self._unusable(exc) from exc
        try:
            self._lock()
            self.heading = self._resumed(heading) or self._begun(heading)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        """Return the journal, which nobody else can open meanwhile."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close the file, which lets another process have the journal."""
        os.close(self._file)

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield every entry after the heading, the oldest first."""
        lines = self._lines()
        next(lines)
        for number, line in enumerate(lines, start=2):
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError as exc:
                raise LocalError(f"{self.path}, line {number}, is damaged.") from exc

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write an entry, and return when the disk has it."""
        self.note(entry)
        try:
            os.fsync(self._file)
        except OSError as exc:
            raise self._unusable(exc) from exc

    def note(self, entry: Mapping[str, Any]) -> None:
        """Write an entry that a power cut may lose and a killed process may not."""
        line = msgspec.json.encode(entry) + b"\n"
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as exc:
            raise self._unusable(exc) from exc

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise LocalError(f"{self.path} is held by a run that goes on.") from exc

    def _lines(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            yield from file

    def _resumed(self, wanted: Heading) -> Heading | None:
        """Return the heading of a journal that can be resumed; None of a new file."""
        with self.path.open("rb") as file:
            first = file.readline(_MAX_HEADING)
        if not first.endswith(b"\n") and _is_torn(first):
            os.ftruncate(self._file, 0)
            return None
        try:
            found = msgspec.json.decode(first, type=Heading)
        except msgspec.MsgspecError as exc:
            raise LocalError(f"{self.path} {_NOT_OURS}.") from exc
        self._compare(found, wanted)
        self._cut_torn_end()
        return found

    def _compare(self, found: Heading, wanted: Heading) -> None:
        if found.format != wanted.format:
            raise LocalError(f"{self.path} {_NOT_OURS}.")
        for name in ("verb", "stack", "bucket", "manifest", "options"):
            if getattr(found, name) != getattr(wanted, name):
                raise LocalError(
                    f"{self.path} is the journal of another {name}; "
                    "name a new file with --journal."
                )

    def _cut_torn_end(self) -> None:
        whole = sum(len(line) for line in self._lines() if line.endswith(b"\n"))
        os.ftruncate(self._file, whole)

    def _begun(self, wanted: Heading) -> Heading:
        """Write the heading, and let the folder's entry of the file reach the disk."""
        heading = msgspec.structs.replace(wanted, run=secrets.token_hex(6))
        self.append(msgspec.to_builtins(heading))
        folder = os.open(self.path.resolve().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return heading

    def _unusable(self, exc: OSError) -> LocalError:
        return LocalError(f"{self.path} cannot be written: {exc.strerror}.")


def _is_torn(heading: bytes) -> bool:
    """Tell whether bytes are the beginning of a heading, and no other file's."""
    return heading.startswith(_BEGINNING[: len(heading)])
