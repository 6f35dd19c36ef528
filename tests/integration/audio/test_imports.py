"""Imports of the audio packages, which every cold start pays for."""

import subprocess
import sys

import pytest

SLOW = (
    *("numba", "librosa", "scipy", "aws_xray_sdk", "av", "sklearn", "matplotlib"),
    *("plibflac", "soundfile"),
)


@pytest.mark.parametrize(
    "module",
    [
        "waveform.draw",
        "mix.classic",
        "codec",
        "waveform.zoom",
        "waveform.zoom_levels",
        "listen.identity",
        "preview.encoder",
    ],
)
def test_engine_starts_without_what_it_does_not_need(module: str):
    """A cold start must not load PyAV, and drawing never needs librosa."""
    code = (
        f"import sys, waveflow.audio.{module}\n"
        f"print([name for name in {SLOW} if name in sys.modules])"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert result.stdout.strip() == "[]", result.stderr


def test_wav_and_flac_are_drawn_without_the_second_decoder(tmp_path):
    """WAV and FLAC are most uploads, and must not wait for PyAV's import."""
    code = """
import sys, numpy as np, soundfile
from pathlib import Path
from waveflow.audio.waveform.draw import draw
for name in ("a.wav", "a.flac", "a.aiff"):
    path = Path(sys.argv[1], name)
    soundfile.write(path, np.zeros((900_000, 1)), 44100)
    draw(path, 100)
print("av" in sys.modules)
"""

    result = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.strip() == "False", result.stderr
