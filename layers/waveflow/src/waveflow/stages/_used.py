"""Mark mixes and comparisons with the stems that they used.

An erasure finds by these marks what else holds the sound of a stem.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping

STEMS = "waveflow-stems"  # name of the metadata with the marks
MARK_BYTES = 9  # 128 marks of 12 characters fit into the 2 KB of an object's metadata
MARK_LENGTH = 12


def mark_of(key: str) -> str:
    """Return the mark of a stem: the first 72 bits of its key's SHA-256, in base64."""
    digest = hashlib.sha256(key.encode()).digest()
    return base64.urlsafe_b64encode(digest[:MARK_BYTES]).decode()


def used_metadata(keys: Iterable[str]) -> Mapping[str, str]:
    """Return the metadata of an object that holds the sound of the stems' keys."""
    return {STEMS: "".join(sorted({mark_of(key) for key in keys}))}


def marks_in(metadata: Mapping[str, str]) -> frozenset[str] | None:
    """Return the marks of an object; None for an object of an older release."""
    marks = metadata.get(STEMS)
    if marks is None:
        return None
    starts = range(0, len(marks), MARK_LENGTH)
    return frozenset(marks[start : start + MARK_LENGTH] for start in starts)
