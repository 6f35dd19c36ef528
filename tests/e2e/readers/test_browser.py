"""Outputs of a stem of four minutes, as browsers load them by the documents' lines."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.console import OUTPUTS, ROOT, SECONDS, Job, run_job
from support.node import built, require_node
from support.processes import HANGS_S

PAGES = ("docs/previews.md", "docs/waveform-format.md")
HEADER_BYTES = 24
FINEST, MIDDLE, _ = (64, 512, 4096)


def example(name: str) -> str:
    """Return the lines of an example in the documents."""
    texts = "\n".join((ROOT / page).read_text("utf-8") for page in PAGES)
    opening = f"// example: {name}\n"
    found = re.findall(rf"```\w*\n{opening}(.*?)```", texts, flags=re.DOTALL)
    assert len(found) == 1, f"{PAGES} have {len(found)} examples {opening!r}, not one"
    return str(found[0])


@pytest.fixture(scope="module")
def stem(own_url: str, folder: Path) -> Job:
    """Return the job of a stem without an MP3, which no example plays."""
    asked = OUTPUTS | {"previews": ["opus"]}
    return run_job(own_url, folder / "stem.wav", **asked)


@pytest.fixture(name="run", scope="module")
def _run(browser, stem):
    """Return a function that runs an example with the stem's signed URLs."""
    require_node()
    readers = built(Path(__file__).parent)

    def run(name, *, level, code=None):
        urls = {
            "waveformUrl": stem.document_link(),
            "zoomUrl": stem.link("zoom", level),
            "previewUrl": stem.link("preview", "opus"),
        }
        ran = subprocess.run(
            ["node", "browser.mjs", browser, name, json.dumps(urls)],
            input=code or example(name),
            cwd=readers,
            capture_output=True,
            text=True,
            timeout=HANGS_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run


@pytest.mark.parametrize("level", [FINEST, MIDDLE])
def test_peaks_js_zooms_with_its_own_levels(run, stem, level):
    """A front-end that leaves out `zoomLevels` must zoom from 512 to 4096."""
    seen = run("peaks", level=level)

    (file,) = [
        each
        for each in stem.result["zoom_levels"]
        if each["samples_per_pixel"] == level
    ]
    assert seen["scale"] == level
    assert seen["length"] == file["length"]
    assert seen["channels"] == 2
    assert seen["zoom"] == 0
    assert seen["inked"] >= 2
    assert ".opus?" in seen["source"]


def test_peaks_js_refuses_the_document_alone(run):
    """A front-end needs zoom files: 1,024 peaks of four minutes cannot be zoomed."""
    code = example("peaks").replace("{ arraybuffer: zoomUrl }", "{ json: waveformUrl }")

    seen = run("peaks", level=FINEST, code=code)

    assert "Zoom level 512 too low" in seen["error"]


def test_wavesurfer_shows_the_document_and_a_zoom_file(run, stem):
    """A front-end with wavesurfer.js must show the file's extremes, and play."""
    seen = run("wavesurfer", level=FINEST)

    content = stem.fetch("zoom", FINEST)[HEADER_BYTES:]
    points = np.frombuffer(content, dtype=np.int8).reshape(-1, 2, 2) / 128
    assert seen["duration"] == SECONDS
    assert seen["length"] == len(points)
    assert seen["high"] == points[:1000, 0, 1].tolist()
    assert seen["low"] == points[:1000, 0, 0].tolist()
    assert seen["ridges"] > 30  # of cycles; the document has a value in 47 pixels
    assert ".opus?" in seen["source"]
