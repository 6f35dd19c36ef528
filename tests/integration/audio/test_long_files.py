"""Memory for finding a file's length, which must not grow with the length."""

import subprocess
import sys
from pathlib import Path

import pytest
from support import hostile

MEASURE = """
import sys
from pathlib import Path
from waveflow.audio.formats import mpeg_length, ogg
kind, path = sys.argv[1], Path(sys.argv[2])
mpeg_length.measure(path) if kind == "mp3" else ogg.read_links(path)
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""
LENGTH_MB = 100
GROWTH_MB = 16


def parts() -> dict[str, bytes]:
    """Return one MP3 frame at 320 kbit/s, and one Ogg page of the largest size."""
    frame = b"\xff\xfb\xe0\x64" + bytes(1040)
    page = hostile.ogg_page([bytes(254)] * 255, granule=0, sequence=0)
    return {"mp3": frame, "ogg": page}


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells the peak")
@pytest.mark.parametrize("kind", ["mp3", "ogg"])
def test_memory_does_not_grow_with_the_walk(tmp_path: Path, kind: str):
    """An hour of audio must not exhaust a function that half a minute fits."""
    part, peaks = parts()[kind], []

    for megabytes in (1, LENGTH_MB):
        path = tmp_path / f"{megabytes}.{kind}"
        path.write_bytes(part * ((megabytes << 20) // len(part)))
        ran = subprocess.run(
            [sys.executable, "-c", MEASURE, kind, path],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(ran.stdout))

    assert peaks[1] - peaks[0] <= GROWTH_MB
