"""Find the mixes and comparisons that used a stem, by the marks of their objects."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from waveflow.stages._used import mark_of, marks_in

from waveflow_local.ops.erasing.named import Named
from waveflow_local.ops.erasing.places import Derived, Kind, derived_of
from waveflow_local.ops.erasing.versions import Version, Versions, side_by_side

AUDIO_OF_MIXES, COMPARISONS = "mixed/", "comparisons/"


@dataclass
class Uses:
    """Hold which mixes and comparisons used a stem that the manifest names.

    `unknown` are those of older releases, whose objects carry no marks.
    """

    of_mark: dict[str, set[Derived]] = field(default_factory=lambda: defaultdict(set))
    unknown: set[Derived] = field(default_factory=set)
    comparisons: dict[str, set[str]] = field(default_factory=dict)  # by version

    def of(self, filepath: str) -> list[Derived]:
        """Return the mixes and comparisons that used an upload."""
        return sorted(self.of_mark.get(mark_of(filepath), ()))


def find_uses(versions: Versions, named: Named) -> Uses:
    """Look at every version of every mix and comparison of the bucket."""
    found = Uses()

    mixes: dict[str, set[str]] = defaultdict(set)  # stems' marks by the mix's mark
    for prefix in (AUDIO_OF_MIXES, COMPARISONS):
        for version, marks in _marked(versions, prefix):
            made = derived_of(version.key)
            if made is None:
                continue
            if marks is None:
                found.unknown.add(made)
                continue
            # A comparison of two mixes used the stems of both.
            stems = named.used(marks).union(*(mixes.get(m, ()) for m in marks))
            mixes[mark_of(version.key)] |= stems
            if made.kind is Kind.COMPARISON:
                found.comparisons[version.mark] = stems
            for mark in stems:
                found.of_mark[mark].add(made)
    return found


def _marked(
    versions: Versions, prefix: str
) -> Iterator[tuple[Version, frozenset[str] | None]]:
    """Yield every version that holds bytes, with its marks."""

    def look(version: Version) -> tuple[Version, frozenset[str] | None]:
        metadata = versions.metadata(version)
        return version, frozenset() if metadata is None else marks_in(metadata)

    every = (version for page in versions.below(prefix) for version in page)
    found = (version for version in every if not version.is_marker)
    return side_by_side(look, found)
