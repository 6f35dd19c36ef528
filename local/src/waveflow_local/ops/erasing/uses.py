"""Find the mixes and comparisons that used a stem, by the marks of their objects."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from waveflow.stages._used import mark_of, marks_in

from waveflow_local.ops.erasing.named import Named
from waveflow_local.ops.erasing.places import Derived, derived_of
from waveflow_local.ops.erasing.versions import Version, Versions, side_by_side

AUDIO_OF_MIXES, COMPARISONS = "mixed/", "comparisons/"


@dataclass
class Uses:
    """Hold which mixes and comparisons used a stem that the manifest names.

    `unknown` are those of older releases, whose objects carry no marks.
    """

    of_mark: dict[str, set[Derived]] = field(default_factory=lambda: defaultdict(set))
    unknown: set[Derived] = field(default_factory=set)

    def of(self, filepath: str) -> list[Derived]:
        """Return the mixes and comparisons that used an upload."""
        return sorted(self.of_mark.get(mark_of(filepath), ()))


def find_uses(versions: Versions, named: Named) -> Uses:
    """Look at every version of every mix and comparison of the bucket."""
    found = Uses()

    def look(version: Version) -> tuple[Version, frozenset[str] | None]:
        metadata = versions.metadata(version)
        return version, marks_in(metadata) if metadata is not None else frozenset()

    for version, marks in side_by_side(look, _audible(versions)):
        made = derived_of(version.key)
        assert made is not None  # noqa: S101 - `_audible` yields no other
        if marks is None:
            found.unknown.add(made)
            continue
        for mark in named.uses(marks):
            found.of_mark[mark].add(made)
    return found


def _audible(versions: Versions) -> Iterator[Version]:
    """Yield the versions of all mixes' audio and of all comparisons."""
    for prefix in (AUDIO_OF_MIXES, COMPARISONS):
        for page in versions.below(prefix):
            for version in page:
                if not version.is_marker and derived_of(version.key) is not None:
                    yield version
