"""Small files that decode to hours, or to thousands of channels: refused in time."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import hostile, sound
from waveflow.audio.formats import mpeg_length
from waveflow.audio.waveform.draw import draw
from waveflow.errors import WaveflowError

BOMBS = {
    "FLAC of 8 h": lambda: hostile.flac_of_silence(20_016),
    "FLAC of 8 h, length unknown": lambda: hostile.flac_of_silence(20_016, claimed=0),
    "FLAC of 8 h, claims a minute": lambda: hostile.flac_of_silence(
        20_016, claimed=2_646_000
    ),
    "Opus of 16 h": lambda: hostile.opus_of_silence(16 * 3600),
    "Opus of 7 h in links": lambda: hostile.opus_of_silence(3600) * 7,
    "100 MB of MP3 silence": lambda: hostile.mp3_of_silence(100_000),
    "WAV of 1 Hz": lambda: sound.wav(bytes(8800), fmt=sound.wav_format(rate=1)),
    "WAV of 7 h": lambda: sound.wav(
        bytes(7 * 3600 * 4000), fmt=sound.wav_format(rate=4000, bits=8)
    ),
}
MEASURE = """
import sys
import time
from pathlib import Path
from waveflow.audio.waveform.draw import draw
from waveflow.errors import WaveflowError
try:
    draw(Path(sys.argv[1]), 4000)
except WaveflowError as error:
    status = Path("/proc/self/status").read_text()
    peak = status.split("VmHWM:")[1].split()[0]  # of this program alone
    print(error.code, int(peak) // 1024, time.process_time())
"""


@pytest.mark.parametrize("case", BOMBS)
def test_bombs_are_refused_by_their_structure(tmp_path: Path, case: str):
    """A small file that decodes for hours must not occupy a function for hours."""
    path = tmp_path / "a"
    path.write_bytes(BOMBS[case]())

    result = subprocess.run(
        [sys.executable, "-c", MEASURE, path],
        capture_output=True,
        text=True,
        check=True,
    )

    code, megabytes, seconds = result.stdout.split()
    assert code == ("BAD_SAMPLE_RATE" if "1 Hz" in case else "AUDIO_TOO_LONG")
    assert int(megabytes) <= 300
    assert float(seconds) <= 5


@pytest.mark.parametrize("junk", [b"\xff", b"\xff\xfb\x90\x64", b"\xff\xe0"])
def test_megabytes_of_junk_behind_an_mp3_take_no_time(tmp_path: Path, junk: bytes):
    """Looking for a frame at every byte of junk took 40 s of a function's time."""
    path = tmp_path / "a"
    path.write_bytes(hostile.mp3_of_silence(4) + junk * (20_000_000 // len(junk)))

    started = time.process_time()
    length = mpeg_length.measure(path)

    assert time.process_time() - started <= 3
    assert abs(length.frames - 4 * 16_000) <= 2 * 576


def test_a_bomb_that_hides_its_length_meets_the_deadline(tmp_path: Path):
    """A file whose structure hides its length must end at the deadline."""
    path = tmp_path / "a"
    path.write_bytes(hostile.flac_of_silence(3000, claimed=3000 * 65_535))

    with pytest.raises(WaveflowError) as caught:
        draw(path, 100, deadline=time.monotonic() + 0.2)

    assert caught.value.code == "RESOURCE_LIMIT"
