"""Hold what a whole manifest names: only that may ever be erased."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from waveflow.stages._used import mark_of


@dataclass
class Named:
    """Hold the uploads that a manifest names, with their stems and their marks.

    Memory grows with the manifest: about 0.4 GB for a million lines.
    """

    stems_of: dict[str, set[str]] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)

    def add(self, stem_id: str, filepath: str) -> None:
        """Take in one line of the manifest."""
        self.stems_of.setdefault(filepath, set()).add(stem_id)
        self.marks.add(mark_of(filepath))

    def names(self, filepath: str, *, stem_id: str) -> bool:
        """Tell whether a line names this upload as one of this stem."""
        return stem_id in self.stems_of.get(filepath, ())

    def uses(self, marks: Iterable[str]) -> set[str]:
        """Return those of an object's marks that belong to named uploads."""
        return self.marks & set(marks)
