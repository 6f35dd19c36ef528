"""A mix beside what a page hears of the same faders, in headless Chromium."""

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support import sound
from support.mixes import mixed, null_db
from support.processes import HANGS_S
from waveflow.audio.mix.settings import MixFormat, MixSettings, StemSettings

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
RATE, SECONDS = 44_100, 2
NULL_DB = -80  # by contract
PLACES = [
    (1, StemSettings()),
    (1, StemSettings(gain_db=-6, pan=0)),
    (1, StemSettings(gain_db=2, pan=-0.7, invert=True)),
    (2, StemSettings(gain_db=-3)),
    (2, StemSettings(pan=-0.4, offset_ms=250)),
    (2, StemSettings(pan=0.6, invert=True, offset_ms=-333)),
    (2, StemSettings(pan=-1)),
    (2, StemSettings(pan=1, gain_db=-12, offset_ms=10.5)),
]
PAGE = """<!doctype html><script type="module">
const {rate, frames, stems} = await (await fetch("/stems.json")).json();
const context = new OfflineAudioContext(2, frames, rate);
for (const [index, stem] of stems.entries()) {
  const raw = new Float32Array(await (await fetch(`/${index}`)).arrayBuffer());
  const length = raw.length / stem.channels;
  const buffer = context.createBuffer(stem.channels, length, rate);
  for (let channel = 0; channel < stem.channels; channel++)
    buffer.copyToChannel(raw.subarray(channel * length).subarray(0, length), channel);
  const source = new AudioBufferSourceNode(context, {buffer});
  const gain = 10 ** (stem.gain_db / 20) * (stem.invert ? -1 : 1);
  let last = source.connect(new GainNode(context, {gain}));
  if (stem.pan !== null)
    last = last.connect(new StereoPannerNode(context, {pan: stem.pan}));
  last.connect(context.destination);
  const offset = Math.round(stem.offset_ms * rate / 1000) / rate;
  source.start(Math.max(0, offset), Math.max(0, -offset));
}
const heard = await context.startRendering();
const planes = new Float32Array(2 * frames);
for (const channel of [0, 1])
  planes.set(heard.getChannelData(channel), channel * frames);
await fetch("/heard", {method: "POST", body: planes});
</script>"""


class _Server(http.server.ThreadingHTTPServer):
    """Serve the page and its stems, and take what the page hears."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.heard = files, b""
        self.is_heard = threading.Event()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        body = self.server.files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "a/b")
        self.end_headers()
        self.wfile.write(body or b"")

    def do_POST(self) -> None:
        self.server.heard = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.server.is_heard.set()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def browsing(url: str, folder: Path) -> Iterator[None]:
    """Open a page in headless Chromium; without one skip the test, or fail in CI."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None and os.environ.get("CI"):
        pytest.fail("Chromium is not installed.")
    if browser is None:
        pytest.skip("Chromium is not installed; this test drives it.")
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu"]
    command += ["--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, "--remote-debugging-port=0", url], **quiet) as ran:
        try:
            yield
        finally:
            ran.terminate()


def heard_by_chromium(
    folder: Path, stems: list[np.ndarray], places: list[StemSettings], *, frames: int
) -> np.ndarray:
    """Return the sum that Web Audio renders, shape (frames, 2)."""
    described = [
        {
            "channels": stem.shape[1],
            "gain_db": place.gain_db,
            "pan": place.pan,
            "invert": place.invert,
            "offset_ms": place.offset_ms,
        }
        for stem, place in zip(stems, places, strict=True)
    ]
    about = {"rate": RATE, "frames": frames, "stems": described}
    files = {"/": PAGE.encode(), "/stems.json": json.dumps(about).encode()}
    files |= {f"/{n}": stem.T.tobytes() for n, stem in enumerate(stems)}
    with _Server(files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with browsing(f"http://127.0.0.1:{server.server_port}/", folder):
                assert server.is_heard.wait(HANGS_S)
        finally:
            server.shutdown()
    return np.frombuffer(server.heard, np.float32).reshape(2, -1).T.astype(np.float64)


def test_a_page_hears_what_the_file_holds(tmp_path: Path):
    """A musician sets faders by ear on the page, and downloads the rendered file."""
    music = sound.music(SECONDS)
    stems = [
        np.roll(music, 997 * n, axis=0)[:, :channels] * np.float32(0.3)
        for n, (channels, _) in enumerate(PLACES)
    ]
    places = [place for _, place in PLACES]
    paths = [
        sound.write(tmp_path / f"{n}.wav", stem, subtype="FLOAT")
        for n, stem in enumerate(stems)
    ]

    result = mixed(
        tmp_path,
        list(zip(paths, places, strict=True)),
        MixSettings(format=MixFormat.WAV32F),
    )
    got = result.samples()
    heard = heard_by_chromium(tmp_path, stems, places, frames=len(got))

    assert null_db(got, heard) < NULL_DB
