"""Name the keys that a stem and a mix have in the bucket, and no other's keys."""

import re
from dataclasses import dataclass
from enum import StrEnum

from waveflow.events.mix_options import MIX_SUFFIXES

_TS = r"-?[0-9]+"  # epoch milliseconds; a time before 1970 is negative
_ID = r"[A-Za-z0-9._-]{1,128}"
_ZOOM = rf"{_TS}/[0-9]+(_split)?\.dat"
_PREVIEW = rf"{_TS}\.(opus|mp3)"
_MIXED = re.compile(rf"mixed/({_ID})_mixed_({_TS})\.({'|'.join(MIX_SUFFIXES)})")
_COMPARISON = re.compile(rf"comparisons/({_ID})_({_TS})\.json")


class Kind(StrEnum):
    """Name what an erased object was, in the order of erasing."""

    ORIGINAL = "original"
    RECORD = "deletion record"
    DOCUMENT = "document"
    ZOOM = "zoom file"
    PREVIEW = "preview"
    MIX = "mix"
    COMPARISON = "comparison"


@dataclass(frozen=True)
class Place:
    """Describe keys by a prefix, and by a pattern for all that follows the prefix.

    A prefix alone is a trap: `previews/stem1_` also begins the keys of `stem1_b`.
    """

    kind: Kind
    prefix: str
    rest: str = ""

    def holds(self, key: str) -> bool:
        """Tell whether a key that begins with the prefix is one of these keys."""
        return re.fullmatch(self.rest, key.removeprefix(self.prefix)) is not None


@dataclass(frozen=True, order=True)
class Derived:
    """Name a mix or a comparison by stage and time, as its keys do."""

    kind: Kind
    stage_id: str
    ts: int

    def __str__(self) -> str:
        """Return the mix or comparison as an operator knows it."""
        return f"{self.kind} {self.stage_id} of {self.ts}"


def original(filepath: str) -> Place:
    """Return the place of an upload: one key, byte for byte."""
    return Place(Kind.ORIGINAL, filepath)


def records(stem_id: str) -> Place:
    """Return the place of a stem's deletion records, of every timestamp."""
    return Place(Kind.RECORD, f"dedupe/{stem_id}_", rf"{_TS}\.json")


def outputs(stem_id: str) -> tuple[Place, ...]:
    """Return the places of a stem's documents, zoom files and previews."""
    return (
        Place(Kind.DOCUMENT, f"waveforms/{stem_id}_waveform_", rf"{_TS}\.json"),
        Place(Kind.ZOOM, f"waveforms/{stem_id}_zoom_", _ZOOM),
        Place(Kind.PREVIEW, f"previews/{stem_id}_", _PREVIEW),
    )


def mixed_audio(mix: Derived) -> tuple[Place, ...]:
    """Return the places of a mix's audio, in each file format."""
    stem = f"mixed/{mix.stage_id}_mixed_{mix.ts}"
    return tuple(Place(Kind.MIX, f"{stem}.{suffix}") for suffix in MIX_SUFFIXES)


def mixed_document(mix: Derived) -> Place:
    """Return the place of a mix's waveform document."""
    return Place(Kind.MIX, f"waveforms/{mix.stage_id}_mixed_waveform_{mix.ts}.json")


def mixed_outputs(mix: Derived) -> tuple[Place, ...]:
    """Return the places of a mix's zoom files and previews."""
    name = f"{mix.stage_id}_"
    return (
        Place(
            Kind.MIX,
            f"waveforms/mixed/{name}zoom_{mix.ts}/",
            r"[0-9]+(_split)?\.dat",
        ),
        Place(Kind.MIX, f"previews/mixed/{name}{mix.ts}.", r"opus|mp3"),
    )


def comparison(made: Derived) -> Place:
    """Return the place of a comparison."""
    return Place(Kind.COMPARISON, f"comparisons/{made.stage_id}_{made.ts}.json")


def derived_of(key: str) -> Derived | None:
    """Return the mix or comparison that a key of audio or comparison belongs to."""
    if found := _MIXED.fullmatch(key):
        return Derived(Kind.MIX, found[1], int(found[2]))
    if found := _COMPARISON.fullmatch(key):
        return Derived(Kind.COMPARISON, found[1], int(found[2]))
    return None
