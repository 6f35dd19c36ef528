"""A musician drops an album's folder on the page, and a file that is too large."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.console import console, walk

RATE = 8_000
TRACKS = 100
LATE_MS = 10_000  # of three seconds on a machine with twenty other programs
SOON_MS = 2_000  # of 650 ms on that machine
CONNECTIONS = 6  # that a browser opens to a server; what is asked beyond waits


@pytest.fixture(name="seen", scope="module")
def _seen(browser, tmp_path_factory):
    """Return the browser's findings at each step; keep its pictures where asked."""
    folder = tmp_path_factory.mktemp("albums")
    for name in ("album", "more"):
        (folder / name).mkdir()
    t = np.arange(RATE // 2) / RATE
    for track in range(1, TRACKS + 1):
        sound = 0.5 * np.sin(2 * np.pi * (200 + 20 * track) * t)
        soundfile.write(folder / "album" / f"Track {track}.wav", sound, RATE)
    for more in range(1, 10):
        sound = 0.5 * np.sin(2 * np.pi * (90 + 10 * more) * t)
        soundfile.write(folder / "more" / f"More {more}.wav", sound, RATE)
    script = Path(__file__).with_name("album.mjs")
    with console(folder) as url:
        return walk(script, url, browser, folder, str(TRACKS))


def test_an_albums_tracks_stand_in_the_order_of_the_album(seen):
    """A musician must find track 10 after track 9, not after track 1."""
    assert seen["order"] == [f"Track {nth}.wav" for nth in range(1, TRACKS + 1)]


def test_each_state_is_shown_soon_after_it_happened(seen):
    """Uploads that starve the events would leave finished tracks in the queue."""
    assert {"Hash", "Ask", "Waveform", "end"} <= seen["lags"].keys()
    assert max(lag["half"] for lag in seen["lags"].values()) < SOON_MS
    assert max(lag["most"] for lag in seen["lags"].values()) < LATE_MS


def test_uploads_and_waveforms_leave_connections_to_the_events(seen):
    """A browser that asks for a hundred waveforms at once hears no event meanwhile."""
    most = seen["open at once"]

    assert most["streams"] <= CONNECTIONS // 2
    assert most["all"] <= 3 * CONNECTIONS


def test_files_that_wait_for_the_server_hold_no_file_back(seen):
    """A platform whose server is down for a while must still take every upload."""
    assert seen["more"] == "Waiting for your answer"


def test_the_page_names_the_limit_of_its_engine(seen):
    """A musician must not read 100 MiB on the page of an engine that takes 7."""
    assert seen["limit"].endswith("파일당 최대 7 MiB")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(seen):
    """A musician on a slow line must not send 101 MiB to read that 100 are allowed."""
    said = "Not sent: the file has 101.0 MiB, and 100.0 MiB are the most."

    assert seen["too large"] == [said, 0]
    assert "101.0 MiB" in seen["too large, Korean"]
    assert "보내지 않았습니다" in seen["too large, Korean"]
    assert seen["faults"] == []
