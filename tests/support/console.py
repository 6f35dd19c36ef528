"""`waveflow up` beside a browser, and a stem of four minutes with every output."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import numpy as np
import pytest
import requests
import soundfile
from waveflow_local import paths

from support.node import built, require_node
from support.processes import HANGS_S, Program

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
RATE = 44_100
SECONDS = 240
PITCHES = (50, 35)  # Hz, left and right; a cycle of 50 Hz is 14 points of 64 frames
OUTPUTS = {
    "zoom_levels": [64, 512, 4096],
    "split_channels": "true",
    "previews": ["opus", "mp3"],
    "audio_id": "true",
}


@dataclass(frozen=True)
class Job:
    """Job of an uploaded file, and the API that the file was uploaded to."""

    url: str
    job_id: str
    result: dict[str, Any]

    def fetch(self, kind: str, *parts: object) -> bytes:
        """Return an output of the job; `kind` is `zoom` or `waveform`."""
        path = "/".join(map(str, (self.job_id, *parts)))
        answer = requests.get(f"{self.url}tokens/analysis-{kind}/{path}", timeout=60)
        answer.raise_for_status()
        return answer.content

    def link(self, kind: str, *parts: object) -> str:
        """Return the signed URL of an output in S3; `kind` is `zoom` or `preview`."""
        path = "/".join(map(str, (self.job_id, *parts)))
        address = f"{self.url}tokens/analysis-{kind}/{path}?json=true"
        return str(requests.get(address, timeout=60).json()["url"])

    def document_link(self) -> str:
        """Return a signed URL of the waveform document in S3."""
        bucket = urlsplit(self.link("preview", "opus"))
        client = boto3.client(
            "s3",
            endpoint_url=f"{bucket.scheme}://{bucket.netloc}",
            region_name=paths.REGION,
            aws_access_key_id=paths.ACCESS_KEY,
            aws_secret_access_key=paths.SECRET_KEY,
        )
        named = {
            "Bucket": bucket.path.split("/")[1],
            "Key": self.result["waveform_data_path"],
        }
        return str(client.generate_presigned_url("get_object", Params=named))


def chromium() -> str:
    """Return a Chromium; without one skip the test, or fail in CI."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("Chromium is not installed.")
    if found is None:
        pytest.skip("Chromium is not installed; this test drives it.")
    return found


@contextmanager
def console(folder: Path, *options: str) -> Iterator[str]:
    """Run `waveflow up` on ports that nobody uses, and yield the page's URL."""
    command = [str(Path(sys.executable).with_name("waveflow")), "up", "--port", "0"]
    program = Program(
        [*command, "--api-port", "0", *options, "--data", str(folder / "up")],
        log=folder / "up.log",
        env=dict(os.environ),
        cwd=ROOT,
    )
    try:
        program.wait_until(lambda: "\nready" in program.output)
        lines = dict(
            line.split("=", 1) for line in program.output.splitlines() if "=" in line
        )
        yield lines["WAVEFLOW_API_URL"] + "/"
    finally:
        program.stop()


def walk(script: Path, url: str, browser: str, folder: Path, *rest: str) -> Any:
    """Drive the page by a script of Playwright; return its findings by their step.

    The script gets URL, browser, a folder for pictures, Playwright's folder, the
    folder of its sounds, and the rest. Pictures are kept where WAVEFLOW_PICTURES says.
    """
    require_node()
    pictures = os.environ.get("WAVEFLOW_PICTURES", str(folder))
    places = [url, browser, pictures, built(ROOT / "local" / "page"), folder]
    ran = subprocess.run(
        ["node", script, *places, *rest],
        capture_output=True,
        text=True,
        timeout=2 * HANGS_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["step"]: line["seen"] for line in lines}


def write_stem(path: Path) -> None:
    """Write four minutes of stereo whose single cycles can be told from a picture."""
    t = np.arange(RATE * SECONDS) / RATE
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * t / 7)
    sound = [np.sin(2 * np.pi * pitch * t) * swell / 2 for pitch in PITCHES]
    soundfile.write(path, np.stack(sound, axis=1), RATE)


def run_job(url: str, path: Path, **asked: object) -> Job:
    """Upload a file, wait for the end of the job, and return the job."""
    with path.open("rb") as file:
        told = requests.post(
            f"{url}tokens/studio/upload-audio",
            params=asked,
            files={"file": (path.name, file)},
            timeout=HANGS_S,
        ).json()
    job_id = told["job_id"]
    deadline = time.monotonic() + HANGS_S
    while time.monotonic() < deadline:
        now = requests.get(f"{url}tokens/analysis-result/{job_id}", timeout=60).json()
        if now["status"] != "processing":
            assert now["status"] == "completed", now
            return Job(url, job_id, now["result"])
        time.sleep(0.1)
    raise AssertionError(f"the job of {path.name} has no end")
