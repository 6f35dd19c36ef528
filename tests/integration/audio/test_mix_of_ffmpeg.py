"""Mixes beside FFmpeg's own filters: volume, pan, adelay, atrim, soxr and amix."""

import shutil
import subprocess
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import pytest
from support import sound
from support.mixes import FLAT, mixed, null_db
from waveflow.audio.mix.settings import MixFormat, MixSettings, StemSettings

FFMPEG = shutil.which("ffmpeg")
pytestmark = pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")

FLOATS = MixSettings(format=MixFormat.WAV32F)
RAW = ["-f", "f64le", "-ac", "2", "-"]
NULL_DB = -90
STEREO = "aformat=sample_fmts=dblp:channel_layouts=stereo"
# Equal power at 0.5: the middle of the quarter circle from 0 to 1.
NEAR, FAR = cos(0.5 * pi / 2), sin(0.5 * pi / 2)


def ffmpeg(paths: list[Path], graph: str) -> np.ndarray:
    """Return what FFmpeg's filter graph gives, shape (frames, 2)."""
    inputs = [part for path in paths for part in ("-i", str(path))]
    ran = subprocess.run(
        [FFMPEG, "-v", "error", *inputs, "-filter_complex", graph, *RAW],
        capture_output=True,
        check=True,
    )
    return np.frombuffer(ran.stdout).reshape(-1, 2)


@pytest.mark.parametrize(
    ("place", "channels", "graph"),
    [
        (StemSettings(gain_db=-7.3), 2, "volume=-7.3dB:precision=double"),
        (StemSettings(gain_db=12), 2, "volume=12dB:precision=double"),
        (StemSettings(invert=True), 2, "volume=-1:precision=double"),
        (StemSettings(offset_ms=250), 2, "adelay=11025S:all=1"),
        (StemSettings(offset_ms=-250), 2, "atrim=start_sample=11025"),
        (FLAT, 1, "pan=stereo|c0=c0|c1=c0"),
        (
            StemSettings(pan=-0.5),
            1,
            f"pan=stereo|c0={cos(pi / 8)}*c0|c1={sin(pi / 8)}*c0",
        ),
        (StemSettings(pan=-0.5), 2, f"pan=stereo|c0=c0+{NEAR}*c1|c1={FAR}*c1"),
        (StemSettings(pan=0.5), 2, f"pan=stereo|c0={NEAR}*c0|c1=c1+{FAR}*c0"),
        (StemSettings(pan=-1), 2, "pan=stereo|c0=c0+c1|c1=0*c1"),
    ],
    ids=str,
)
def test_a_fader_is_ffmpegs(
    tmp_path: Path, place: StemSettings, channels: int, graph: str
):
    """A page, the file and FFmpeg must agree on what a fader means."""
    samples = sound.music(2, channels=channels)
    path = sound.write(tmp_path / "a.wav", samples, subtype="PCM_24")
    layout = STEREO if channels == 2 else "aformat=sample_fmts=dblp"

    result = mixed(tmp_path, [(path, place)], FLOATS)

    wanted = ffmpeg([path], f"[0:a]{layout},{graph}")
    assert null_db(result.samples(), wanted) < NULL_DB


def test_resampling_is_that_of_soxr_in_ffmpeg(tmp_path: Path):
    """A stem of another rate must null against the best resampler of FFmpeg."""
    samples = sound.music(3, rate=48_000)
    path = sound.write(tmp_path / "a.wav", samples, rate=48_000, subtype="PCM_24")

    result = mixed(tmp_path, [path], MixSettings(2, MixFormat.WAV32F, 44_100))

    graph = f"[0:a]{STEREO},aresample=44100:resampler=soxr:precision=28"
    wanted, got = ffmpeg([path], graph), result.samples()
    # FFmpeg may end a frame earlier or later, and the filter rings at the edges.
    inside = slice(2_000, min(len(wanted), len(got)) - 2_000)
    assert abs(len(wanted) - len(got)) <= 1
    assert null_db(got[inside], wanted[inside]) < NULL_DB


def test_a_band_is_ffmpegs_amix(tmp_path: Path):
    """All faders together must give what a mix in FFmpeg gives."""
    pans = [-0.5, 0.5, -0.5]
    places = [
        StemSettings(gain_db=-2 * n - 1, pan=pan, invert=n == 1, offset_ms=100 * n)
        for n, pan in enumerate(pans)
    ]
    music = sound.music(4)
    paths = [
        sound.write(tmp_path / f"{n}.wav", np.roll(music, 777 * n, 0), subtype="PCM_24")
        for n in range(3)
    ]

    result = mixed(tmp_path, list(zip(paths, places, strict=True)), FLOATS)

    chains = []
    for n, place in enumerate(places):
        sign = "-" if place.invert else ""
        left = (
            f"c0=c0+{NEAR}*c1|c1={FAR}*c1"
            if place.pan < 0
            else (f"c0={NEAR}*c0|c1=c1+{FAR}*c0")
        )
        gain = 10 ** (place.gain_db / 20)
        chains.append(
            f"[{n}:a]{STEREO},volume={sign}{gain}:precision=double,"
            f"adelay={4410 * n}S:all=1,pan=stereo|{left}[s{n}]"
        )
    graph = ";".join(chains) + ";[s0][s1][s2]amix=inputs=3:normalize=0"
    # FFmpeg's amix adds float32.
    assert null_db(result.samples(), ffmpeg(paths, graph)) < NULL_DB
