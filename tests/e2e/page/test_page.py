"""A person with a browser: drop, watch, listen, mix, delete and undo."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.node import built, require_node
from support.processes import Program

ROOT = Path(__file__).resolve().parents[3]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLOW_WITHIN_S = 240
RATE = 22_050


@pytest.fixture(name="browser")
def _browser() -> str:
    """Skip where no Chromium is; in CI that is a failure."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("Chromium is not installed.")
    if found is None:
        pytest.skip("Chromium is not installed; this test drives it.")
    return found


@pytest.fixture(name="url")
def _url(tmp_path):
    """Run `waveflow up` on ports that nobody uses, and return the page's URL."""
    command = [str(Path(sys.executable).with_name("waveflow")), "up", "--port", "0"]
    program = Program(
        [*command, "--api-port", "0", "--data", str(tmp_path / "up")],
        log=tmp_path / "up.log",
        env=dict(os.environ),
        cwd=ROOT,
    )
    try:
        program.wait_until(lambda: "\nready" in program.output, within_s=60)
        lines = dict(
            line.split("=", 1) for line in program.output.splitlines() if "=" in line
        )
        yield lines["WAVEFLOW_API_URL"] + "/"
    finally:
        program.stop()


def stems(folder: Path) -> list[str]:
    """Write three files that mix well and look unlike each other."""
    rng = np.random.default_rng(7)
    t = np.arange(RATE * 6) / RATE
    beat = np.exp(-((t * 2) % 1) * 18) * np.sin(2 * np.pi * 60 * ((t * 2) % 1))
    hats = np.exp(-((t * 4) % 1) * 30) * rng.standard_normal(t.size) * 0.15
    bass = np.sign(np.sin(2 * np.pi * 55 * t)) * np.exp(-(t % 0.5) * 3) * 0.5
    swell = np.clip(np.sin(2 * np.pi * 0.25 * t + 1), 0, 1)
    voice = np.sin(2 * np.pi * 330 * t) * swell * 0.4
    paths = []
    for name, sound in (
        ("drums.wav", beat * 0.8 + hats),
        ("bass.flac", bass),
        ("voice.ogg", voice),
    ):
        path = folder / name
        soundfile.write(path, np.stack([sound, sound * 0.9], axis=1), RATE)
        paths.append(str(path))
    return paths


@pytest.fixture(name="seen")
def _seen(browser, url, tmp_path):
    """Return what the browser saw at each step; keep its pictures where asked."""
    require_node()
    flow = Path(__file__).with_name("flow.mjs")
    packages = built(ROOT / "local" / "page")
    pictures = Path(os.environ.get("WAVEFLOW_PICTURES", tmp_path))
    command = ["node", flow, url, browser, pictures, packages, *stems(tmp_path)]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=FLOW_WITHIN_S, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["step"]: line["seen"] for line in lines}


def test_a_person_sees_hears_mixes_deletes_and_undoes(seen):
    """From drop to undo, by the waveform that the system wrote."""
    assert seen["machine"] == "Ask"
    assert {"Waiting for the verdict", "Done"} <= set(seen["states"])
    assert seen["waveforms"] == 3
    assert seen["seeked"] >= 6
    assert seen["zoomed"]
    assert "Every stem is in it" in seen["mix"]
    assert "the older copy stays" in seen["duplicate"]
    assert "webhook-signature: v1," in seen["webhook"]
    assert seen["undone"]
    assert "Nothing was written twice" in seen["again"]
    assert "not accepted" in seen["failed"]
    assert seen["kept"] == 6
    assert seen["phone"] == {"language": "ko", "overflow": 0}
    assert seen["plain"] == {"drawn": True, "players": 4}
    assert seen["faults"] == []
    assert seen["elsewhere"] == []
