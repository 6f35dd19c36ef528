"""Widths of the page: no control that is dragged to its end makes a box wider."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.console import walk

RATE = 22_050
NAME = "a-name-that-is-longer-than-any-card-is-wide-on-a-telephone-held-upright.wav"
LOOKS = [
    f"{width} {look}"
    for look in ("light en", "dark ko")
    for width in (390, 768, 1280, 1920)
]


@pytest.fixture(name="seen", scope="module")
def _seen(browser, own_url, tmp_path_factory):
    """Return what became wider at each width; keep the pictures where asked."""
    folder = tmp_path_factory.mktemp("widths")
    t = np.arange(RATE * 5) / RATE
    soundfile.write(folder / NAME, 0.5 * np.sin(2 * np.pi * 233 * t), RATE)
    script = Path(__file__).with_name("widths.mjs")
    return walk(script, own_url, browser, folder)


@pytest.mark.parametrize("look", LOOKS)
def test_no_control_makes_the_page_wider(seen, look):
    """A musician who drags a fader on a phone must not lose a part of the page."""
    assert seen[look]["sliders"] >= 5  # zoom, volume, level, pan, position
    assert seen[look]["wider"] == []
    assert seen[look]["moved"] == []
    assert seen["faults"] == []
