"""Check the fields of a message, and name what is invalid, never its value."""

from collections.abc import Iterator
from types import UnionType
from typing import Union, get_args, get_origin

import msgspec
from msgspec import Struct

from waveflow.errors import (
    InvalidIdError,
    InvalidMessageError,
    InvalidNumPeaksError,
    PathNotAllowedError,
    WaveflowError,
)
from waveflow.events.fields import Id, JobId, Key, NumPeaks

MAX_SHOWN = 64  # characters of a member's name in an error
# An invalid field of one of these types has an error code of its own.
_REFUSALS: dict[object, type[WaveflowError]] = {
    Id: InvalidIdError,
    JobId: InvalidIdError,
    NumPeaks: InvalidNumPeaksError,
    Key: PathNotAllowedError,
}


def is_valid(value: object, kind: object) -> bool:
    """Tell whether a JSON value is valid for a type."""
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeEncodeError):  # lone surrogates, too
        return False
    return True


def find_faults(name: str, value: object, kind: object) -> list[str]:
    """Return the dotted names of a field's invalid members, or of the field itself."""
    if is_valid(value, kind):
        return []
    inner: list[str] = []
    for part in _parts(kind):
        if get_origin(part) is list and isinstance(value, list):
            inner += _item_faults(name, value, get_args(part)[0])
        elif isinstance(part, type) and issubclass(part, Struct):
            inner += _member_faults(name, value, part)
    return inner or [name]


def refusal_of(value: object, kind: object) -> type[WaveflowError]:
    """Return the error for an invalid value of a field's type."""
    for known, refusal in _REFUSALS.items():
        if kind == known or known in get_args(kind):
            # An empty string is a bad key; a number is no key at all.
            is_key = known is not Key or isinstance(value, str)
            return refusal if is_key else InvalidMessageError
    return InvalidMessageError


def _item_faults(name: str, values: list[object], kind: object) -> Iterator[str]:
    for index, value in enumerate(values):
        # A wrong item that is no object is a fault of the whole field.
        if isinstance(value, dict):
            yield from find_faults(f"{name}[{index}]", value, kind)


def _member_faults(name: str, value: object, model: type[Struct]) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    known = {field.encode_name: field for field in msgspec.structs.fields(model)}
    for member, field in known.items():
        if field.required and member not in value:
            yield f"{name}.{member}"
    for member, held in value.items():
        if member in known:
            yield from find_faults(f"{name}.{member}", held, known[member].type)
        else:
            yield f"{name}.{_shown(member)}"


def _shown(member: str) -> str:
    """Return an unknown name, shortened, with `?` for each unprintable character."""
    return "".join(c if c.isprintable() else "?" for c in member[:MAX_SHOWN])


def _parts(kind: object) -> Iterator[object]:
    """Yield the types that a type may stand for, without their descriptions."""
    if get_origin(kind) in {Union, UnionType}:
        for part in get_args(kind):
            yield from _parts(part)
    elif hasattr(kind, "__metadata__"):
        yield from _parts(get_args(kind)[0])
    else:
        yield kind
