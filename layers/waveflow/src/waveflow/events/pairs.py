"""Define the pairs of a comparison: two versions of each recording, and a document."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from waveflow.audio.compare.report import PairReport
from waveflow.events.fields import JsonObject, Key

MAX_PAIRS = 64


class Pair(
    Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Older and newer version of one recording; null where a version does not exist."""

    before: Key | None = None
    after: Key | None = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the S3 keys of the pair's versions, the older version's first."""
        return tuple(key for key in (self.before, self.after) if key is not None)


Pairs = Annotated[
    list[Pair],
    Meta(
        description="1 to 64 pairs, each with at least one key.",
        min_length=1,
        max_length=MAX_PAIRS,
    ),
]


class Comparison(Struct, frozen=True, kw_only=True):
    """Document of a comparison in S3: one report for each pair, in the message's order.

    `created_at` is the message's time, as in a waveform document.
    """

    version: Literal[1] = 1
    created_at: str
    pairs: list[PairReport]


def empty_pairs(values: JsonObject) -> Iterator[str]:
    """Yield the names of pairs that are valid, but have neither version."""
    for index, pair in enumerate(values.get("pairs", [])):
        if pair.get("before") is None and pair.get("after") is None:
            yield f"pairs[{index}] (both versions are null)"
