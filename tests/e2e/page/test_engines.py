"""The page in Firefox and WebKitGTK: what Chromium shows must be seen there too."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support import webdriver

RATE = 22_050
SECONDS = 12
ENGINES = {"firefox": (webdriver.firefox, 131.0), "webkit": (webdriver.webkit, 173.0)}

STATE = "return document.querySelector('.pill')?.textContent"
FACTS = "return document.querySelector('.facts details')?.textContent"
DRAWN = "return Boolean(document.querySelector('.wave > div'))"
TEXT = "return document.querySelector(arguments[0])?.innerText ?? ''"
WEBHOOKS = "return document.getElementById('webhooks').innerText"
MARK = "return document.querySelector('.axis .mark:nth-child(2)')?.textContent"
WIDER = "return document.documentElement.scrollWidth > innerWidth"
# Heights of the drawn columns of the first canvas, as shares of the canvas's height.
HEIGHTS = """
const host = document.querySelector(".wave > div");
const canvas = host.shadowRoot.querySelector(".canvases canvas");
const { width, height } = canvas;
const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
const found = [];
for (let x = 0; x < width; x += 1) {
  let filled = 0;
  for (let y = 0; y < height; y += 1) filled += data[(y * width + x) * 4 + 3] > 0;
  found.push(filled / height);
}
return found;
"""
LISTEN_FOR_FAULTS = """
window.faults = [];
for (const kind of ["error", "unhandledrejection"])
  addEventListener(kind, ({ message, reason }) => {
    window.faults.push(String(message ?? reason));
  });
"""
STORED = "Stored as you sent it."
# Firefox reports a machine without a sound card as a failure of every file.
MUTE = "No sound comes out: see whether a loudspeaker or headphones are connected."
LOUD, SOFT = 0.75, 0.4  # shares of the height, between which a half beat changes


@pytest.fixture(name="seen", scope="module", params=ENGINES)
def _seen(request, own_url, tmp_path_factory) -> dict[str, Any]:
    """Return what a person sees in an engine; keep its pictures where asked."""
    run, pitch = ENGINES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    _write_beat(folder / "beat.wav", pitch)
    pictures = Path(os.environ.get("WAVEFLOW_PICTURES", folder))
    with run(folder) as tab:
        tab.open(own_url)
        tab.run(LISTEN_FOR_FAULTS)
        tab.until("return !document.getElementById('server-card').hidden")
        tab.choose("#file-input", folder / "beat.wav")
        tab.until(f"{STATE} === 'Done'")
        tab.until(DRAWN)
        seen = {"way": tab.until(FACTS), "heights": tab.run(HEIGHTS)}
        seen |= _zoomed(tab) | _played(tab)
        tab.photograph(pictures / f"page-{request.param}.png")
        tab.click("#language")
        tab.until(f"{STATE} === '완료'")
        places = ("#files .pill", "#files h2", "#where", ".repeat")
        seen["korean"] = [tab.run(TEXT, place).split(" 1")[0] for place in places]
        tab.until(f"{WEBHOOKS}.includes('서명')")
        seen["webhooks"] = tab.run(WEBHOOKS)
        seen["wider"] = tab.run(WIDER)
        seen["faults"] = tab.run("return window.faults")
        tab.reload()
        tab.until(DRAWN)
        seen["way again"] = tab.until(FACTS)
        seen["state again"] = tab.run(STATE)
    return seen


def _write_beat(path: Path, pitch: float) -> None:
    """Write a tone that is loud in the first half of each second."""
    t = np.arange(RATE * SECONDS) / RATE
    swell = np.where(t % 1 < 0.5, 0.9, 0.2)
    soundfile.write(path, np.sin(2 * np.pi * pitch * t) * swell, RATE)


def _zoomed(tab: webdriver.Tab) -> dict[str, Any]:
    """Drag the zoom to both ends; return the axis's second mark at each time."""
    marks = [tab.until(MARK)]
    for start, end, sign in ((0.06, 1, "true"), (0.94, 0, "false")):
        tab.drag("#zoom", start=start, end=end)
        tab.until(f"return /\\.\\d/.test((() => {{ {MARK} }})()) === {sign}")
        marks.append(tab.run(MARK))
    return {"marks": marks}


def _played(tab: webdriver.Tab) -> dict[str, Any]:
    """Play for a second and pause; return the time shown and what the row says."""
    tab.click(".play")
    tab.until("return document.querySelector('.time').textContent > '0:01'")
    notes = tab.run(TEXT, ".notes")
    tab.click(".play")
    tab.until("return document.querySelector('.play[aria-pressed=false]') !== null")
    return {"time": tab.run(TEXT, ".time"), "notes": notes}


def test_a_file_goes_its_way_and_is_drawn(seen):
    """A musician with Firefox or Safari must see the sound, not an empty box."""
    heights = np.array(seen["heights"])

    assert "Hash" in seen["way"]
    assert "Waveform" in seen["way"]
    assert 0.3 < np.mean(heights > LOUD) < 0.7
    assert 0.3 < np.mean((heights > 0) & (heights < SOFT)) < 0.7


def test_the_zoom_reaches_single_cycles_and_returns(seen):
    """A slider that another engine draws in its own way must zoom as in Chromium."""
    whole, near, again = seen["marks"]

    assert near.startswith("0:00.0")
    assert whole == again == "0:02"


def test_play_moves_the_time(seen):
    """A musician whose browser lacks a format must hear another, and see the time."""
    assert seen["time"].endswith("/ 0:12")
    assert seen["time"] > "0:01"
    notes = seen["notes"].strip().splitlines()
    assert notes in ([STORED], [STORED, MUTE])


def test_every_word_changes_into_korean(seen):
    """A Korean reader must find no English word left after the switch."""
    assert seen["korean"] == ["완료", "파일", "로컬 엔진", "반복"]
    assert "signature" not in seen["webhooks"]


def test_a_reload_keeps_the_finished_way(seen):
    """A musician who comes back must find the file done, with its times."""
    assert seen["state again"] == "완료"
    states = [step.split()[0] for step in seen["way"].split("s", 1)[1].split("·")]
    assert all(state in seen["way again"] for state in states if state.isalpha())


def test_nothing_fails_or_sticks_out(seen):
    """An error that only one engine throws would be seen by its users alone."""
    assert seen["faults"] == []
    assert not seen["wider"]
