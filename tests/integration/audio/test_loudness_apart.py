"""Differences from FFmpeg's loudness, which docs/analysis.md states."""

import re
import shutil
import struct
import subprocess

import numpy as np
import pytest
from support import sound
from waveflow.audio.listen.loudness import Loudness
from waveflow.audio.listen.meter import Meter
from waveflow.audio.waveform.draw import draw

FFMPEG = shutil.which("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")
RATE = 48_000
PCM = bytes.fromhex("0100000000001000800000aa00389b71")
# ITU-R BS.1770-4, annex 2: two of the interpolator's four phases. The other two are
# the same coefficients backwards.
PHASES = """
0.0017089843750 0.0109863281250 -0.0196533203125 0.0332031250000
-0.0594482421875 0.1373291015625 0.9721679687500 -0.1022949218750
0.0476074218750 -0.0266113281250 0.0148925781250 -0.0083007812500
-0.0291748046875 0.0292968750000 -0.0517578125000 0.0891113281250
-0.1665039062500 0.4650878906250 0.7797851562500 -0.2003173828125
0.1015625000000 -0.0582275390625 0.0330810546875 -0.0189208984375
"""


def loudness_of(path) -> Loudness:
    """Return the loudness of a file."""
    meter = Meter()
    draw(path, 1, listen=lambda _: [meter])
    loudness, _ = meter.finish()
    return loudness


def summary_of_ffmpeg(path) -> tuple[float, float]:
    """Return the loudness and the true peak that FFmpeg prints for a file."""
    meter = ["-af", "ebur128=peak=true", "-f", "null", "-"]
    ran = subprocess.run(
        [FFMPEG, "-nostats", "-i", path, *meter],
        capture_output=True,
        text=True,
        check=True,
    )
    summary = ran.stderr[ran.stderr.rindex("Summary:") :]
    [loudness] = re.findall(r"I: +(\S+) LUFS", summary)
    [peak] = re.findall(r"Peak: +(\S+) dBFS", summary)
    return float(loudness), float(peak)


def chords(folder, channels: int, mask: int | None):
    """Return a file with another tone in each channel, with or without a mask."""
    tones = [
        sound.tone(4, rate=RATE, hz=300 + 100 * number, level=0.2)
        for number in range(channels)
    ]
    form = sound.wav_format(channels=channels, rate=RATE)
    if mask is not None:
        form = b"\xfe\xff" + form[2:] + struct.pack("<HHI", 22, 16, mask) + PCM
    path = folder / "chords.wav"
    path.write_bytes(sound.wav(sound.pcm16(np.stack(tones, axis=1)), fmt=form))
    return path


@needs_ffmpeg
@pytest.mark.parametrize(
    ("channels", "mask", "apart"),
    [
        (1, None, 0),
        (2, None, 0),
        (3, None, 1.77),
        (3, 0x7, 0),
        (4, None, 0.37),
        (4, 0x33, 0),
        (5, None, 0),
        (5, 0x37, 0),
        (6, None, 0),
        (6, 0x3F, 0),
        (6, 0x60F, 0),
        (6, 0x137, -0.91),
        (7, None, 0),
        (7, 0x70F, 0),
        (8, None, 0),
        (8, 0x63F, 0),
        (8, 0xFF, 0.47),
    ],
)
def test_channels_weigh_as_in_the_usual_layout_of_their_number(
    tmp_path, channels, mask, apart
):
    """A user who compares with FFmpeg must find no difference beyond this table."""
    path = chords(tmp_path, channels, mask)

    loudness, _ = summary_of_ffmpeg(path)

    assert loudness_of(path).integrated - loudness == pytest.approx(apart, abs=0.1)


def noises(rate: int):
    """Yield four seconds of white noise, evenly and normally distributed."""
    for seed in range(2):
        random = np.random.default_rng(seed)
        yield random.uniform(-0.25, 0.25, 4 * rate).astype(np.float32)
        yield (random.standard_normal(4 * rate) * 0.08).astype(np.float32)


def standards_peak(x: np.ndarray) -> float:
    """Return the true peak in dB by the 48 coefficients of the standard."""
    first, second = np.array(PHASES.split(), float).reshape(2, 12)
    phases = (first, second, second[::-1], first[::-1])
    return 20 * np.log10(max(np.abs(np.convolve(x, phase)).max() for phase in phases))


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
def test_the_true_peak_of_white_noise_is_the_standards_or_above(tmp_path, rate):
    """A reader of docs/analysis.md relies on these limits of the true peak."""
    apart = []
    for x in noises(rate):
        path = sound.write(tmp_path / "noise.wav", x, rate=rate, subtype="FLOAT")
        apart.append(loudness_of(path).true_peak - standards_peak(x))

    assert min(apart) > -0.2
    assert max(apart) < 0.9


@needs_ffmpeg
@pytest.mark.parametrize(
    ("rate", "within"),
    [(8_000, 0.3), (22_050, 0.3), (44_100, 0.3), (96_000, 0.7), (384_000, 5)],
)
def test_the_true_peak_of_white_noise_is_near_ffmpegs(tmp_path, rate, within):
    """A user who compares true peaks with FFmpeg finds no larger difference."""
    apart = []
    for x in noises(rate):
        path = sound.write(tmp_path / "noise.wav", x, rate=rate, subtype="FLOAT")
        apart.append(abs(loudness_of(path).true_peak - summary_of_ffmpeg(path)[1]))

    assert max(apart) < within
