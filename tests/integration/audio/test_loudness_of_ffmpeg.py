"""Loudness of the whole corpus, beside FFmpeg's ebur128."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from support import corpus
from waveflow.audio import codec
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.loudness import MIN_RANGE_BLOCKS
from waveflow.audio.listen.meter import Meter
from waveflow.audio.stream import FULL_SCALE, Block
from waveflow.errors import WaveflowError

ROWS = corpus.rows()
FFMPEG = shutil.which("ffmpeg")
pytestmark = [
    pytest.mark.skipif(not ROWS, reason=corpus.ABSENT),
    pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed"),
]
LONGER_THAN_S = 3
TOLERANCE = 0.1  # LU and dB
# FFmpeg decodes these files otherwise, and gets our samples to judge.
PIPED = {
    "ietf-flac/faulty__01_-_wrong_max_blocksize.flac": "it stops at the first fault",
    "ietf-flac/uncommon__04_-_changing_bitdepth.flac": "its filter starts anew",
    "minimp3/M2L3_compl24.bit": "version 5 decodes one frame otherwise",
    "minimp3/l3-he_mode.bit": "its filter starts anew where stereo begins",
}


def loudness_of(path: Path) -> tuple[Loudness, float]:
    """Return the loudness of a file, and its length in seconds."""
    meter, frames = Meter(), 0
    stream = codec.open_audio(path)
    for samples in codec.blocks(stream):
        meter.add(Block(samples, stream.sample_rate))
        frames += len(samples)
    loudness, _ = meter.finish()
    return loudness, frames / stream.sample_rate


def figures_of_ffmpeg(path: Path, *, piped: bool) -> dict[str, float]:
    """Return FFmpeg's figures for a file, or for our samples of the file."""
    source, samples = ["-i", str(path)], None
    if piped:
        stream = codec.open_audio(path)
        form = ["-ar", str(stream.sample_rate), "-ac", str(stream.channels)]
        source = ["-f", "f32le", *form, "-i", "-"]
        samples = b"".join(
            (block / FULL_SCALE[block.dtype.str[1:]]).astype("<f4").tobytes()
            for block in codec.blocks(stream)
        )
    meter = "ebur128=peak=true:metadata=1,ametadata=print:file=-"
    command = [FFMPEG, "-nostats", *source, "-map", "0:a:0", "-af", meter]
    ran = subprocess.run(
        [*command, "-f", "null", "-"], input=samples, capture_output=True, check=False
    )
    return _figures(ran.stdout.decode(), ran.stderr.decode(errors="replace"))


def _figures(metadata: str, summary: str) -> dict[str, float]:
    def values(name: str) -> list[float]:
        found = re.findall(rf"r128\.{name}=(-?[\d.]+)", metadata)
        return [float(value) for value in found]

    linear, [printed] = (
        max(values("true_peak")),
        re.findall(r"Peak: +(\S+) dB", summary),
    )
    # Three decimals of a linear level say more than one of dB, unless the level is low.
    precise = linear > 0.1
    return {
        "integrated": values("I")[-1],
        "range": values("LRA")[-1],
        "momentary_max": max(values("M")),
        "short_term_max": max(values("S")),
        "true_peak": 20 * np.log10(linear) if precise else float(printed),
    }


def differences(row: dict[str, str]) -> dict[str, float] | None:
    """Return each figure's difference from FFmpeg's, or None without loudness."""
    path = corpus.FOLDER / row["file"]
    try:
        ours, seconds = loudness_of(path)
    except WaveflowError:
        return None
    if seconds <= LONGER_THAN_S or ours.integrated is None:
        return None
    theirs = figures_of_ffmpeg(path, piped=row["file"] in PIPED)
    if ours.range is None:
        # FFmpeg counts the gate as the quietest tenth of so few blocks.
        assert seconds < LONGER_THAN_S + MIN_RANGE_BLOCKS / 10
        del theirs["range"]
    return {name: getattr(ours, name) - value for name, value in theirs.items()}


def test_every_figure_is_that_of_ffmpeg():
    """A user who compares with FFmpeg must find 0.1 LU and 0.1 dB on real files."""
    compared = {row["file"]: differences(row) for row in ROWS}
    compared = {name: found for name, found in compared.items() if found}

    wrong = {
        name: found
        for name, found in compared.items()
        if max(map(abs, found.values())) > TOLERANCE
    }

    assert wrong == {}
    assert len(compared) >= 50
    assert set(PIPED) <= set(compared)
