"""The function that compares two versions, for tests of comparing."""

from pathlib import Path

import pytest
from support import versions
from support.versions import RATE
from waveflow.audio.compare.engine import compare


@pytest.fixture
def compared(tmp_path: Path):
    """Return a function that compares two versions, given as samples or files."""

    def path_of(version, name: str, rate: int) -> Path:
        if isinstance(version, Path):
            return version
        return versions.write(tmp_path / name, version, rate=rate)

    def run(before, after, *, rates: tuple[int, int] = (RATE, RATE), **options):
        older = path_of(before, "0.wav", rates[0])
        newer = path_of(after, "1.wav", rates[1])
        return compare(older, newer, folder=tmp_path, **{"num_peaks": 16, **options})

    return run
