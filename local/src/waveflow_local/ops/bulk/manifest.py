"""Read manifests: lists of renditions from the server's table, line by line."""

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
from msgspec import Struct, field
from waveflow.errors import PathNotAllowedError
from waveflow.events.fields import Id, Key, Timestamp, check_key, epoch_ms

from waveflow_local.ops.bulk.rows import read_rows
from waveflow_local.ops.bulk.source import Source
from waveflow_local.paths import LocalError

FAULTS_SHOWN = 20


class StemLine(Struct, frozen=True, kw_only=True):
    """Name one rendition of one stem; a verb's own model adds further columns."""

    user_id: Id = field(name="userId")
    stem_id: Id = field(name="stemId")
    filepath: Key
    timestamp: Timestamp

    @property
    def ts(self) -> int:
        """Return the rendition's time in epoch milliseconds, as output keys hold it."""
        return epoch_ms(self.timestamp)


Line = TypeVar("Line", bound=StemLine)


@dataclass(frozen=True)
class Numbered(Generic[Line]):
    """Hold a line of a manifest with its number; the first line of a file is 1."""

    number: int
    line: Line


@dataclass(frozen=True)
class Fault:
    """Say what is wrong with one line of a manifest, without the line's values."""

    number: int
    sentence: str

    def __str__(self) -> str:
        """Return one sentence that begins with the line's number."""
        return f"line {self.number} {self.sentence}"


@dataclass(frozen=True)
class Checked:
    """Hold the SHA-256 of a manifest without faults, and the number of its stems."""

    sha256: str
    stems: int


class FaultyManifestError(LocalError):
    """List a manifest's faulty lines; no line of such a manifest is worked on."""

    def __init__(self, sentence: str, details: list[str]) -> None:
        super().__init__(sentence)
        self.details = tuple(details)


class Manifest(Generic[Line]):
    """Read one manifest as often as needed; memory grows by 8 bytes for each line.

    Parameters
    ----------
    prefixes
        The stack's allowed prefixes; an empty tuple leaves keys to the stages.
    """

    def __init__(
        self, source: Source, model: type[Line], *, prefixes: tuple[str, ...] = ()
    ) -> None:
        self.location = source.location
        self._source, self._model, self._prefixes = source, model, prefixes
        self._fields = msgspec.structs.fields(model)
        self._required = [each.encode_name for each in self._fields if each.required]

    def check(self) -> Checked:
        """Read every line; raise `FaultyManifestError` where any line is faulty."""
        faults: list[Fault] = []
        renditions, sha256, count = array("Q"), hashlib.sha256(), 0
        for item in self._items(sha256):
            if isinstance(item, Fault):
                count += 1
                if len(faults) < FAULTS_SHOWN:
                    faults.append(item)
            else:
                renditions.append(_rendition(item.line))
        twins = list(islice(self._twins(renditions), FAULTS_SHOWN))
        self._refuse([*faults, *twins], count=count + len(twins))
        if not renditions:
            raise LocalError(f"{self.location} holds no stem.")
        return Checked(sha256.hexdigest(), len(renditions))

    def lines(self) -> Iterator[Numbered[Line]]:
        """Yield every line that has no fault: all lines, after `check`."""
        for item in self._items(hashlib.sha256()):
            if isinstance(item, Numbered):
                yield item

    def _refuse(self, faults: list[Fault], *, count: int) -> None:
        if not faults:
            return
        shown = sorted(faults, key=lambda fault: fault.number)[:FAULTS_SHOWN]
        kind = "faulty line" if count == 1 else "faulty lines"
        heading = f"{self.location} has {count} {kind}; nothing was done."
        rest = [f"and {count - len(shown)} more."] if count > len(shown) else []
        raise FaultyManifestError(heading, [*map(str, shown), *rest])

    def _twins(self, renditions: "array[int]") -> Iterator[Fault]:
        """Yield a fault for each line whose stem and time an earlier line has."""
        seen = np.sort(np.frombuffer(renditions, np.uint64))
        suspects = set(seen[1:][seen[1:] == seen[:-1]].tolist())
        if not suspects:
            return
        first: dict[tuple[str, int], int] = {}
        for item in self.lines():
            if _rendition(item.line) not in suspects:
                continue
            named = item.line.stem_id, item.line.ts
            if named in first:
                yield Fault(item.number, f"repeats line {first[named]}.")
            else:
                first[named] = item.number

    def _items(self, sha256: Any) -> Iterator[Numbered[Line] | Fault]:
        for number, values in read_rows(
            self._source, required=self._required, sha256=sha256
        ):
            if isinstance(values, str):
                yield Fault(number, values)
            else:
                yield self._item(number, values)

    def _item(
        self, number: int, values: Mapping[str, object]
    ) -> Numbered[Line] | Fault:
        try:
            line = msgspec.convert(values, self._model, strict=False)
            _rendition(line)
            if self._prefixes:
                check_key(line.filepath, prefixes=self._prefixes, user_id=line.user_id)
        except PathNotAllowedError as exc:
            return Fault(number, f"has a filepath that is not allowed. {exc}")
        except (ValueError, OverflowError):
            return Fault(number, self._fault(values))
        return Numbered(number, line)

    def _fault(self, values: Mapping[str, object]) -> str:
        if missing := [name for name in self._required if name not in values]:
            return f"lacks {', '.join(missing)}."
        wrong = [
            each.encode_name
            for each in self._fields
            if not _fits(values.get(each.encode_name, each.default), each.type)
        ]
        if "timestamp" not in wrong and not _is_time(values["timestamp"]):
            wrong.append("timestamp")
        return f"has an invalid {', '.join(wrong)}."


def _fits(value: object, kind: object) -> bool:
    """Tell whether a cell can be read as its column's type; an absent cell can."""
    if value is msgspec.UNSET or value is msgspec.NODEFAULT:
        return True
    try:
        msgspec.convert(value, kind, strict=False)
    except ValueError:  # lone surrogates, too
        return False
    return True


def _is_time(text: object) -> bool:
    try:
        epoch_ms(str(text))
    except (ValueError, OverflowError):
        return False
    return True


def _rendition(line: StemLine) -> int:
    """Return 64 bits of a hash of the stem and time that name a line's outputs."""
    named = f"{line.stem_id}_{line.ts}".encode()
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest())
