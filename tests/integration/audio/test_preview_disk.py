"""Previews on a full disk: no half file, and no disk that stays taken."""

from pathlib import Path

import numpy as np
import pytest
from support.disk import disk_of, is_open
from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.preview.encoder import Preview, PreviewEncoder, PreviewKind
from waveflow.audio.stream import Block
from waveflow.errors import ResourceLimitError

NOISE = np.random.default_rng(0).uniform(-0.3, 0.3, (48_000, 2))
SECOND = Block(NOISE.astype(np.float32), 48_000)


def guard_of(path: Path, kind: PreviewKind) -> Guard[Preview]:
    """Return a guarded encoder with a budget of its own."""
    return Guard(lambda _: PreviewEncoder(path, kind), Budget())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux has /proc")
@pytest.mark.parametrize("kind", PreviewKind)
@pytest.mark.parametrize("missing_bytes", [1, 100_000])
def test_a_full_disk_leaves_no_file_and_takes_no_disk(tmp_path, kind, missing_bytes):
    """A removed file that stays open keeps the disk that other outputs need."""
    path, seconds = tmp_path / f"a.{kind}", 15
    whole, guard = guard_of(path, kind), guard_of(path, kind)
    for _ in range(seconds):
        whole.add(SECOND)
    size = whole.finish().size_bytes
    path.unlink()

    with disk_of(size - missing_bytes):
        for _ in range(seconds):
            guard.add(SECOND)
        with pytest.raises(ResourceLimitError, match="disk has no room"):
            guard.finish()

    assert not path.exists()
    assert not is_open(path)
