"""Hold what a whole manifest names: only that may ever be erased."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from waveflow.stages._used import mark_of


@dataclass
class Named:
    """Hold the marks of the uploads that a manifest names, alone and with their stems.

    A mark has 72 bits; memory grows by about 0.3 GB for a million lines.
    """

    uploads: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    stems: set[str] = field(default_factory=set)

    def add(self, stem_id: str, filepath: str) -> None:
        """Take in one line of the manifest."""
        self.uploads.add(mark_of(filepath))
        self.lines.add(_line_mark(stem_id, filepath))
        self.stems.add(mark_of(stem_id))

    def has_upload(self, filepath: str) -> bool:
        """Tell whether any line names this upload."""
        return mark_of(filepath) in self.uploads

    def has_stem(self, stem_id: str) -> bool:
        """Tell whether any line names this stem."""
        return mark_of(stem_id) in self.stems

    def has_line(self, stem_id: str, filepath: str) -> bool:
        """Tell whether a line names this upload as one of this stem."""
        return _line_mark(stem_id, filepath) in self.lines

    def used(self, marks: Iterable[str]) -> set[str]:
        """Return the marks of a mix's stems that belong to uploads of the manifest."""
        return self.uploads.intersection(marks)


def _line_mark(stem_id: str, filepath: str) -> str:
    # No id holds a slash, so that no two lines are written alike.
    return mark_of(f"{stem_id}/{filepath}")
