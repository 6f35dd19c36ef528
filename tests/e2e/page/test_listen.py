"""A musician at the page: time axis, time played, volume, tempo, key and loudness."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.console import walk

RATE = 22_050
SECONDS = 12
BPM = 120
A_MINOR = (220.0, 261.63, 329.63)  # A, C and E in Hz


def write_groove(path: Path, *, share: float = 1) -> None:
    """Write twelve seconds of an A minor chord with a click on each beat."""
    t = np.arange(RATE * SECONDS) / RATE
    chord = np.mean([np.sin(2 * np.pi * pitch * t) for pitch in A_MINOR], axis=0)
    beat = np.exp(-(t * BPM / 60 % 1) * 40) * np.sin(2 * np.pi * 880 * t)
    soundfile.write(path, share * (0.3 * chord + 0.5 * beat), RATE)


@pytest.fixture(name="seen", scope="module")
def _seen(browser, own_url, tmp_path_factory):
    """Return the browser's findings at each step; keep its pictures where asked."""
    folder = tmp_path_factory.mktemp("listen")
    write_groove(folder / "groove.wav")
    write_groove(folder / "quiet.wav", share=0.5)
    script = Path(__file__).with_name("listen.mjs")
    return walk(script, own_url, browser, folder)


def test_a_card_says_where_in_the_recording_one_is(seen):
    """A musician must find bar 17 by the time that a colleague wrote down."""
    assert seen["axis"][:3] == ["0:00", "0:02", "0:04"]
    assert seen["time"] == "0:00 / 0:12"
    assert seen["hover"].startswith(("0:05.9", "0:06.0"))
    assert len(set(seen["axis near"])) == len(seen["axis near"]) > 3


def test_a_cards_volume_is_heard_and_kept(seen):
    """A loud stem turned down must stay turned down at the next visit."""
    assert seen["volume"] == 0.25
    assert seen["kept"] == [True, "0.25"]


def test_a_card_begins_again_where_repeat_is_on(seen):
    """A musician who practises a part must not press play after each end."""
    assert seen["repeats"] == ["true", "true"]


def test_a_sound_goes_on_after_its_address_has_ended(seen):
    """A musician who listens to an hour must not find silence after ten minutes."""
    assert seen["goes on"] == {"refused": True, "playing": "true"}


def test_two_versions_are_compared_at_the_same_loudness(seen):
    """A musician must not take a mix for the better one because it is louder."""
    even, as_it_is = seen["even"]

    assert seen["alone"] is False
    assert as_it_is == 0.25
    assert even == pytest.approx(0.125, abs=0.004)  # 6 dB down


def test_a_reload_keeps_the_way_of_a_finished_file(seen):
    """A developer who reloads must not see a finished file at the first state."""
    told, lit = seen["walked"]

    assert "Hash " in told
    assert {"Hash", "Waveform", "Tell"} <= set(lit)
    assert seen["walked again"] == seen["walked"]


def test_the_machines_words_wait_for_a_click(seen):
    """A musician must read words of music first, not the names of states."""
    assert seen["open"] == 0


def test_tempo_key_and_loudness_stand_on_the_card(seen):
    """A musician who asks for the analysis must read it in the trade's words."""
    assert "120.0 BPM" in seen["music"]
    assert "A minor" in seen["music"]
    assert "LUFS" in seen["music"]
    assert seen["korean"][1] == "볼륨"
    assert "A 단조" in seen["korean"][0]
    assert seen["faults"] == []
