"""The example's own page, which a front-end developer copies first."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.console import walk
from support.platform import Platform

RATE, SECONDS = 44_100, 12
MEGABYTE = 2**20
LIMIT = 100 * MEGABYTE  # the server's default


@pytest.fixture(name="platform", scope="module")
def _platform(nestjs_app, tmp_path_factory):
    """Run a server of the page's own, for the page lists all stems of its user."""
    with Platform(nestjs_app, tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture(name="seen", scope="module")
def _seen(browser, platform, tmp_path_factory):
    """Return the browser's findings at each step; keep its pictures where asked."""
    folder = tmp_path_factory.mktemp("sounds")
    t = np.arange(RATE * SECONDS) / RATE
    beat = np.exp(-9 * (t % 0.5)) * (0.4 + 0.6 * np.abs(np.sin(np.pi * t / 6)))
    sound = [np.sin(2 * np.pi * pitch * t) * beat / 2 for pitch in (41, 33)]
    soundfile.write(folder / "song.wav", np.stack(sound, axis=1), RATE)
    soundfile.write(folder / "retry.wav", sound[0][:RATE], RATE)
    (folder / "9 notes.wav").write_text("Lyrics of the second verse.\n" * 9, "utf-8")
    (folder / "empty.wav").touch()
    with (folder / "10 long.wav").open("wb") as file:
        file.truncate(LIMIT + 5 * MEGABYTE)
    return walk(Path(__file__).with_name("page.mjs"), platform.url, browser, folder)


def test_the_states_appear_without_a_question(seen):
    """A page that polls asks a server of many musicians thousands of times a minute."""
    words = seen["words"]
    assert words[0] in {"Waits", "Uploading"}
    assert words[-1] == "Done"
    assert {"Uploaded", "Working"} & {*words}
    assert seen["asked"] == [
        *("GET /limits", "GET /events", "GET /stems"),
        *("POST /stems/upload", "POST /stems/upload-complete"),
        "GET /stems/{id}/media",
    ]
    assert seen["facts"] == "44.1 kHz, 2 MB"


def test_the_waveform_is_drawn_and_zooms_to_the_finest_file(seen):
    """A musician must see the whole first, and load more only when zooming."""
    for picture in (seen["whole"], seen["near"]):
        assert picture["tallest"] > 0.5
        assert picture["lowest"] < 0.1
    assert seen["whole"]["zoom"] == 0
    assert seen["near"]["wide"] > 2
    assert seen["near"]["ridges"] > 2 * seen["whole"]["ridges"]  # single cycles
    assert re.fullmatch(r"0:0\d\.\d", seen["near"]["mark"])


def test_the_sound_plays_from_where_the_musician_clicks(seen):
    """A musician who hears the beginning after a click in the middle is lost."""
    played = seen["played"]
    assert 2 < played["clicked"] < 10
    assert played["at"] > played["clicked"]
    assert played["kind"] == "opus"
    assert played["back"] == pytest.approx(max(played["at"] - 5, 0), abs=0.1)
    assert played["time"].endswith(" / 0:12")
    assert seen["goes on"]["file"] == "wav"  # after the previews have broken off


def test_what_is_wrong_is_told_in_words(seen):
    """A musician cannot do anything with a code, nor with a file that never ends."""
    refused = seen["refused"]
    assert refused["notes"].startswith("This is no audio file that can be used")
    assert refused["long"] == "Not sent: the file has 105 MB, and 100 MB are the most."
    assert refused["empty"] == "Not sent: the file is empty."
    assert refused["copy"].startswith("The same file as song.wav: ")
    assert seen["copy of another track"].startswith("The same file is in another track")
    assert seen["unreached"] == "The server cannot be reached."


def test_the_page_is_the_same_after_a_reload_and_fits_a_phone(seen):
    """A musician who opens the page on a phone must find the same list there."""
    names = ["song.wav", "9 notes.wav", "10 long.wav", "empty.wav", "song.wav"]
    assert seen["order"] == names
    assert seen["after a reload"] == ["Done", "Failed", "Already here"]
    assert seen["korean"] == ["완료", "실패", "이미 있음"]
    assert seen["wider"] == seen["wider when zoomed"] == []
    assert seen["elsewhere"] == []
    assert seen["faults"] == []
