"""The page with a stem of four minutes: zoom to cycles, previews, a slow line."""

from pathlib import Path

import pytest
from support.console import walk

HEADER_BYTES = 24
POINT_BYTES = 4  # minimum and maximum of two channels
# Tolerance: a line's edge, and a wave's slope within and beside a column of pixels.
PIXELS = 5


@pytest.fixture(name="seen", scope="module")
def _seen(browser, own_url, stem, flac, tmp_path_factory):
    """Return the browser's findings at each step; keep its pictures where asked."""
    script = Path(__file__).with_name("zoom.mjs")
    folder = tmp_path_factory.mktemp("zoom")
    return walk(script, own_url, browser, folder, stem.job_id, flac.job_id)


@pytest.mark.parametrize("place", ["middle", "end"])
def test_the_deepest_zoom_shows_the_finest_file(seen, place):
    """A musician who cuts at a cycle must see that cycle, not a coarser level's."""
    off = seen[place]["off"]

    assert seen[place]["columns"] > 700
    assert off["64"] < PIXELS
    assert off["512"] > 2 * PIXELS
    assert off["4096"] > 2 * PIXELS
    assert seen["zoom says"] == "4096 pixels a second"


def test_only_what_is_visible_is_loaded(seen, stem):
    """A phone on a slow line must not load a whole level to see one bar."""
    middle = seen["middle"]
    finest = stem.result["zoom_levels"][0]

    spans = [(first, last) for level, first, last in middle["loaded"] if level == 64]

    assert len(spans) == len(middle["loaded"])
    first = HEADER_BYTES + middle["first"] * POINT_BYTES
    last = HEADER_BYTES + middle["last"] * POINT_BYTES
    assert min(start for start, _ in spans) <= first
    assert max(end for _, end in spans) >= last
    assert sum(end - start for start, end in spans) < finest["bytes"] / 4


def test_the_smallest_playable_file_is_heard(seen):
    """A browser without Ogg must hear the MP3; a broken preview must not be mute."""
    assert seen["opus"] == "opus"
    assert seen["mp3"] == "mp3"
    assert seen["neither"] == "wav"
    assert seen["opus fails"] == "mp3"


def test_a_preview_is_heard_within_a_second_on_a_slow_line(seen):
    """A musician on a train must hear a stem about when the button is pressed."""
    assert seen["slow"] < 1000


def test_the_same_recording_in_another_file_is_named(seen):
    """A musician who exports a stem again as FLAC must see that nothing is new."""
    wav, flac = seen["twins"]

    assert wav.endswith("Same recording as stem.flac.")
    assert flac.endswith("Same recording as stem.wav.")


def test_a_failed_part_is_said_and_asked_for_again(seen):
    """A lost zoom level must not blank the waveform, nor a lost module the next row."""
    assert seen["zoom failed"] == "Zoom failed: The server cannot be reached."
    assert seen["player again"] == 0
    assert seen["faults"] == []
