"""Documents of waveforms, as the browser's packages read them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.node import built, require_node

WAVEFLOW = Path(sys.executable).parent / "waveflow"
SAMPLE_RATE = 44100
SECONDS = 2


@pytest.fixture(scope="module")
def readers():
    """Return the built project with waveform-data and wavesurfer.js."""
    require_node()
    return built(Path(__file__).parent)


@pytest.fixture(scope="module")
def stereo(tmp_path_factory):
    """Return a stereo file with half of full scale left, and a quarter right."""
    path = tmp_path_factory.mktemp("audio") / "stereo.wav"
    wave = np.sin(2 * np.pi * 440 * np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE)
    soundfile.write(path, np.stack([wave / 2, wave / 4], axis=1), SAMPLE_RATE)
    return path


def read(readers, path):
    """Return what the browser's packages read in a document."""
    ran = subprocess.run(
        ["node", "read.mjs", str(path)],
        cwd=readers,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def draw(source, *options):
    """Write a document by `waveflow peaks`."""
    subprocess.run([WAVEFLOW, "peaks", source, *options], check=True, timeout=60)


@pytest.fixture(scope="module")
def seen(readers, stereo, tmp_path_factory):
    """Return the platform's document, and what the browser's packages read in it."""
    path = tmp_path_factory.mktemp("document") / "document.json"
    draw(stereo, "-o", path)
    return json.loads(path.read_text()), read(readers, path)


def test_waveform_data_loads_the_document(seen):
    """peaks.js reads by waveform-data.js, and must get the document's own data."""
    document, shown = seen
    waveform = shown["waveform"]

    assert waveform["length"] == document["length"] == len(document["data"]) // 2
    assert waveform["scale"] == document["samples_per_pixel"]
    assert waveform["sample_rate"] == SAMPLE_RATE
    assert waveform["channels"][0]["min"] == document["data"][0::2]
    assert waveform["channels"][0]["max"] == document["data"][1::2]
    assert waveform["duration"] == pytest.approx(SECONDS, abs=0.01)


def test_peaks_js_can_show_the_document(seen):
    """peaks.js refuses a document of more than 8 bits or two channels."""
    _, shown = seen

    assert shown["waveform"]["bits"] == 8
    assert len(shown["waveform"]["channels"]) in {1, 2}


def test_waveform_data_can_zoom(seen):
    """A user who zooms out must see the same extremes."""
    _, shown = seen
    near, far = shown["waveform"], shown["resampled"]

    assert far["length"] == pytest.approx(100, abs=2)
    assert max(far["channels"][0]["max"]) == max(near["channels"][0]["max"])
    assert min(far["channels"][0]["min"]) == min(near["channels"][0]["min"])


def test_wavesurfer_shows_the_peaks_as_they_are(seen):
    """wavesurfer.js rescales peaks above 1, and would change a user's picture."""
    document, shown = seen
    wavesurfer = shown["wavesurfer"]

    assert wavesurfer["numberOfChannels"] == 1
    assert wavesurfer["length"] == document["num_peaks"] == 1024
    assert wavesurfer["duration"] == document["duration"] == SECONDS
    assert wavesurfer["peaks"] == pytest.approx(document["peaks"], abs=1e-6)
    assert max(wavesurfer["peaks"]) == 1


@pytest.mark.parametrize("name", ["split.json", "split.dat"])
def test_waveform_data_sees_both_channels(readers, stereo, tmp_path, name):
    """A user who asks for split channels must see both in both formats."""
    draw(stereo, "--dat", tmp_path / name, "--split-channels")

    left, right = read(readers, tmp_path / name)["waveform"]["channels"]

    assert max(left["max"]) == pytest.approx(64, abs=1)
    assert max(right["max"]) == pytest.approx(32, abs=1)
