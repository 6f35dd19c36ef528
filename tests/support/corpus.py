"""The corpus: audio files of other people's encoders, where they are installed."""

import csv
import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("WAVEFLOW_CORPUS", ROOT.parent / "shared" / "corpus"))
FOUND = FOLDER.parent / "found" / "audio"  # broke earlier releases
ABSENT = f"no corpus at {FOLDER}; WAVEFLOW_CORPUS names another place"


def rows() -> list[dict[str, str]]:
    """Return the rows of the index, without files that hold expected answers."""
    index = FOLDER / "INDEX.tsv"
    if not index.exists():
        return []
    with index.open(encoding="utf-8", newline="") as file:
        listed = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in listed if not row["expected"].startswith("expected-")]
