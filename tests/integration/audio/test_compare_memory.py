"""Memory and time of comparing long versions; `make soak` takes an hour."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import versions
from support.versions import RATE

MEASURE = """
import sys, time
from pathlib import Path
from waveflow.audio.compare.engine import compare
before, after = map(Path, sys.argv[1:])
started = time.process_time()
report = compare(before, after, folder=before.parent)
print(time.process_time() - started, len(report.matches), report.status)
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""
MINUTES = float(os.environ.get("WAVEFLOW_COMPARED_MINUTES", "1.5"))
MOST_MB = 200
MOST_S_PER_HOUR = 90
START_S = 3  # imports, and spectra of 131 s that a short pair fills with zeros


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells the peak")
def test_an_hour_is_compared_in_bounded_memory_and_time(tmp_path: Path):
    """The stage has a memory and a time, and a live recording has hours."""
    before, after = tmp_path / "before.wav", tmp_path / "after.wav"
    minute = versions.song(5, seconds=20).mix() / 2
    random = np.random.default_rng(0)
    with (
        soundfile.SoundFile(before, "w", RATE, 2, "PCM_16") as older,
        soundfile.SoundFile(after, "w", RATE, 2, "PCM_16") as newer,
    ):
        newer.write(minute[: 10 * RATE] / 3)
        for _ in range(round(MINUTES * 3)):
            passage = np.roll(minute, random.integers(len(minute)), axis=0)
            older.write(passage)
            newer.write(passage * 0.8)

    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, before, after],
        capture_output=True,
        text=True,
        check=True,
    )
    (spent, matches, status), (peak,) = map(str.split, ran.stdout.splitlines())

    assert (matches, status) == ("1", "changed")
    assert int(peak) <= MOST_MB
    assert float(spent) <= START_S + MOST_S_PER_HOUR * MINUTES / 60
