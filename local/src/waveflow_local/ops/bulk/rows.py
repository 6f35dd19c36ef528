"""Parse a manifest's bytes, JSON lines or CSV, into the values of each line."""

import csv
from collections.abc import Iterator, Mapping
from typing import Any, Self

import msgspec

from waveflow_local.ops.bulk.source import Source

MAX_LINE_BYTES = 65_536  # a key has 1,024; a longer line is no line of a table
_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")

# Each line's number, the first is 1, with its values or a sentence about its fault.
Row = tuple[int, Mapping[str, object] | str]


def read_rows(source: Source, *, required: list[str], sha256: Any) -> Iterator[Row]:
    """Yield a manifest's lines, blank ones left out, and hash the bytes of all.

    Lines are JSON where the first begins with a brace, else CSV with a header.
    """
    lines = _Lines(source, sha256)
    first = lines.peek()
    if first.startswith(_OTHER_BOMS):
        yield 1, "is not UTF-8; save the manifest as UTF-8."
    elif first.lstrip()[:1] in {b"{", b"["}:
        yield from _json_rows(lines)
    else:
        yield from _csv_rows(lines, required)


class _Lines:
    """Iterate over a manifest's lines as text, and count the lines."""

    def __init__(self, source: Source, sha256: Any) -> None:
        self._raw = _raw_lines(source, sha256)
        self._first: bytes | None = None
        self.number = 0

    def peek(self) -> bytes:
        """Return the first line that is not blank, without a byte order mark."""
        line = next(self._raw, b"").removeprefix(_BOM)
        while line.isspace():
            self.number += 1
            line = next(self._raw, b"")
        self._first = line or None
        return line

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """Return the next line; raise `ValueError` for a line that is no text."""
        line = self._first if self._first is not None else next(self._raw)
        self._first = None
        self.number += 1
        if len(line) > MAX_LINE_BYTES:
            raise ValueError(f"is longer than {MAX_LINE_BYTES:,} bytes.")
        try:
            return line.decode()
        except UnicodeDecodeError as exc:
            raise ValueError("is not UTF-8.") from exc


def _raw_lines(source: Source, sha256: Any) -> Iterator[bytes]:
    rest = b""
    for part in source.parts():
        sha256.update(part)
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line + b"\n"
        # A line without an end keeps as much as shows that the line is too long.
        rest = rest[: MAX_LINE_BYTES + 1]
    if rest:
        yield rest


def _json_rows(lines: _Lines) -> Iterator[Row]:
    while True:
        try:
            line = next(lines)
            values = msgspec.json.decode(line) if line.strip() else None
        except StopIteration:
            return
        except msgspec.DecodeError:
            yield lines.number, "is no JSON."
        except ValueError as exc:
            yield lines.number, str(exc)
        else:
            if line.strip():
                yield lines.number, _without_nulls(values)


def _without_nulls(values: object) -> dict[str, object] | str:
    if not isinstance(values, dict):
        return "is no JSON object; write one for each line."
    # The export of a table has null where a message has no field.
    return {name: value for name, value in values.items() if value is not None}


def _csv_rows(lines: _Lines, required: list[str]) -> Iterator[Row]:
    rows = _cells(lines)
    number, header = next(rows, (0, []))
    names = [] if isinstance(header, str) else [name.strip() for name in header]
    missing = [name for name in required if name not in names]
    if number == 0:
        return
    if isinstance(header, str):
        yield number, header
    elif missing:
        yield number, f"lacks the column {', '.join(missing)}."
    elif len(set(names)) < len(names):
        yield number, "names a column twice."
    else:
        for number, row in rows:
            yield number, row if isinstance(row, str) else _named(names, row)


def _named(names: list[str], row: list[str]) -> dict[str, object] | str:
    if len(row) != len(names):
        return f"has {len(row)} cells; the header has {len(names)}."
    return {name: cell for name, cell in zip(names, row, strict=True) if cell}


def _cells(lines: _Lines) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the cells of each row, or a sentence about the row's fault."""
    reader = csv.reader(lines, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            yield lines.number, f"is no CSV: {exc}."
        except ValueError as exc:
            yield lines.number, str(exc)
        else:
            if row:
                yield lines.number, row
