"""Define the fields of queue messages: their types, limits and typed refusals."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta

from waveflow.errors import PathNotAllowedError

MAX_KEY_BYTES = 1024  # S3's own limit, in UTF-8 bytes
# JSON that was parsed and not checked: any object, whatever its fields hold.
JsonObject = dict[str, Any]

# Only WaveFlow writes below these prefixes.
RESERVED_PREFIXES = ("waveforms/", "mixed/", "previews/", "comparisons/", "dedupe/")

# `$` also matches before a final newline; the look-ahead shuts that door, in
# Python and in JSON Schema alike.
Id = Annotated[
    str,
    Meta(
        description="Letters, digits, dot, underscore and hyphen; 1 to 128 of them.",
        pattern=r"^[A-Za-z0-9._-]{1,128}$(?!\n)",
    ),
]
JobId = Annotated[
    str,
    Meta(
        description="Like an id, of 1 to 256 characters.",
        pattern=r"^[A-Za-z0-9._-]{1,256}$(?!\n)",
    ),
]
Key = Annotated[str, Meta(description="An S3 key, taken byte for byte.", min_length=1)]
WantsAnalysis = Annotated[
    bool, Meta(description="Whether loudness, tempo and key are wanted.")
]
MAX_NUM_PEAKS = 4000
NumPeaks = Annotated[
    int, Meta(description="Values in `peaks`.", ge=1, le=MAX_NUM_PEAKS)
]
StemPaths = Annotated[
    list[Key], Meta(description="1 to 64 distinct keys.", min_length=1, max_length=64)
]
Sha256 = Annotated[
    str,
    Meta(description="64 hexadecimal digits.", pattern=r"^[0-9a-f]{64}$(?!\n)"),
]
Word = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0)]
Level = Annotated[float, Meta(description="1 is full scale.", ge=0)]
Seconds = Annotated[float, Meta(description="Seconds.", ge=0)]
SampleRate = Annotated[int, Meta(description="In hertz.", ge=4_000, le=768_000)]
Channels = Annotated[int, Meta(ge=1, le=32)]
Timestamp = Annotated[
    str, Meta(description="ISO 8601; without an offset it is UTC.", min_length=1)
]

_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_USER_KEY = re.compile(r"users/([^/]*)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_id(text: str) -> bool:
    """Tell whether a text could be the id of a stem."""
    return _ID.fullmatch(text) is not None


def epoch_ms(timestamp: str) -> int:
    """Convert an ISO 8601 time to UTC epoch milliseconds.

    Raises `ValueError` or `OverflowError` for anything else.
    """
    moment = datetime.fromisoformat(timestamp)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Raises OverflowError for a time that `iso_time` could not write.
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


def iso_time(ts: int) -> str:
    """Convert UTC epoch milliseconds to ISO 8601 with a `Z`."""
    moment = _EPOCH + timedelta(milliseconds=ts)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def check_key(
    key: str,
    *,
    prefixes: tuple[str, ...],
    user_id: str | None = None,
    results: tuple[str, ...] = (),
) -> None:
    """Refuse an S3 key that WaveFlow may not read for this user.

    The key is taken byte for byte: nothing is decoded or normalised. Where it
    names a user (`users/{userId}/…`), that must be `user_id`, if one is given.
    `results` are those of RESERVED_PREFIXES that may be read, too.
    """
    below_results = key.startswith(results) and key not in results
    fault = None if below_results else _place_fault(key, prefixes, user_id)
    if reason := fault or _spelling_fault(key):
        raise PathNotAllowedError(f"The key {reason}.")


def _place_fault(
    key: str, prefixes: tuple[str, ...], user_id: str | None
) -> str | None:
    if not any(key.startswith(prefix) and key != prefix for prefix in prefixes):
        return "is not below an allowed prefix"
    if key.startswith(RESERVED_PREFIXES):
        return "is below a prefix of WaveFlow's own results"
    owner = _USER_KEY.match(key)
    if owner and user_id is not None and owner[1] != user_id:
        return "belongs to another user"
    return None


def _spelling_fault(key: str) -> str | None:
    if any(segment in {".", ".."} for segment in key.split("/")):
        return "has a segment '.' or '..'"
    if any(unicodedata.category(char) in {"Cc", "Cs"} or char == "\\" for char in key):
        return "holds a control character or a backslash"
    if len(key.encode()) > MAX_KEY_BYTES:
        return f"is longer than {MAX_KEY_BYTES} UTF-8 bytes"
    return None
