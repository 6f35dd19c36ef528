"""Memory of everything that a message may ask for, which must not grow with length."""

import subprocess
import sys
from pathlib import Path

import pytest
from support import sound

MEASURE = """
import sys
from pathlib import Path
from waveflow.audio.listen.guard import Budget, Guard
from waveflow.audio.listen.identity import AudioIdentity
from waveflow.audio.preview.encoder import PreviewEncoder, PreviewKind
from waveflow.audio.waveform.draw import draw
from waveflow.audio.waveform.zoom_levels import ZoomLevels
path, guards = Path(sys.argv[1]), []
def listen(stream):
    makers = [
        lambda _: ZoomLevels(stream, (64, 256, 1024), split=True),
        lambda _: AudioIdentity(stream, path),
        lambda _: PreviewEncoder(path.with_suffix(".opus"), PreviewKind.OPUS),
        lambda _: PreviewEncoder(path.with_suffix(".mp3"), PreviewKind.MP3),
    ]
    guards.extend(Guard(make, Budget(time_s=3_000)) for make in makers)
    return guards
draw(path, 4_000, listen=listen)
zoom, *_ = [guard.finish() for guard in guards]
for level in zoom.levels:
    level.dat()
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""
MOST_MB = 120
GROWTH_MB = 16


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells the peak")
def test_memory_with_everything_asked_does_not_grow(tmp_path: Path):
    """A function that draws a short stem with a preview must not die of an album."""
    peaks = []

    for seconds in (5, 120):
        samples = sound.music(seconds, rate=8_000)
        path = sound.write(tmp_path / f"{seconds}.wav", samples, rate=8_000)
        ran = subprocess.run(
            [sys.executable, "-c", MEASURE, path],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(ran.stdout))

    assert max(peaks) <= MOST_MB
    assert peaks[1] - peaks[0] <= GROWTH_MB
