"""The page's mixer: what a musician sets is what plays, and what is rendered."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.console import walk

RATE, SECONDS = 48_000, 1.5
CHANNELS = {
    "flat": 1,
    "centre": 1,
    "right": 1,
    "keys": 2,
    "pad": 2,
    "flipped": 2,
    "late": 1,
    "early": 2,
    "silent": 1,
}
NULL_DB = -80
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(name="stems", scope="module")
def _stems(tmp_path_factory):
    """Return a folder with stems of noise, so that no stem hides behind another."""
    folder = tmp_path_factory.mktemp("mixer")
    rng = np.random.default_rng(16)
    for name, channels in CHANNELS.items():
        sound = rng.uniform(-0.08, 0.08, (round(RATE * SECONDS), channels))
        soundfile.write(folder / f"{name}.wav", sound, RATE, subtype="FLOAT")
    return folder


@pytest.fixture(name="seen", scope="module")
def _seen(browser, own_url, stems):
    """Return the browser's findings at each step; keep its pictures where asked."""
    script = Path(__file__).with_name("mixer.mjs")
    return walk(script, own_url, browser, stems, *CHANNELS)


def residual_db(made, wanted):
    """Return the energy of the difference, in decibels below what was wanted."""
    assert made.shape == wanted.shape
    off = np.mean((made - wanted) ** 2) / np.mean(wanted**2)
    return 10 * np.log10(max(off, 1e-30))


def from_browser(path, channels):
    """Return the samples that the browser wrote, one channel after the other."""
    return np.fromfile(path, "<f4").astype(float).reshape(channels, -1).T


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize(
    ("file", "browser_file", "channels", "start"),
    [
        ("set.wav", "set.f32", 2, 0),
        ("set.wav", "live.f32", 2, 0),
        ("set.wav", "sought.f32", 2, 960),  # before the late stem begins
        ("mono.wav", "mono.f32", 1, 0),
        ("mono.wav", "live-mono.f32", 1, 0),
    ],
)
def test_the_file_sounds_as_the_browser_plays_it(
    stems, file, browser_file, channels, start
):
    """A friend must hear the mix that the musician heard while the faders moved."""
    made, rate = soundfile.read(stems / file, start=start, always_2d=True)
    wanted = from_browser(stems / browser_file, channels)

    assert rate == RATE
    assert residual_db(made, wanted) < NULL_DB
    # The comparison sees the quietest stem, a step of a fader and a frame of offset.
    assert residual_db(made[1:], wanted[:-1]) > NULL_DB
    assert residual_db(made * 10 ** (0.1 / 20), wanted) > NULL_DB


def test_what_was_set_is_what_was_asked_for(seen):
    """Solo is the page's word: the request mutes the others, and no fader is lost."""
    heard = [not stem["muted"] for stem in seen["set.wav"]["result"]["stems"]]
    solo = [not stem["muted"] for stem in seen["mono.wav"]["result"]["stems"]]

    # Stems stand in natural order, whichever order they were chosen in.
    assert heard == [name != "silent" for name in sorted(CHANNELS)]
    assert solo == [name in {"keys", "flipped"} for name in sorted(CHANNELS)]
    assert seen["unheard"] == "silent, another is solo"


def test_every_render_stays(seen):
    """A render under another's timestamp is lost; a double click makes no second."""
    steps = ("set.wav", "mono.wav", "loud.flac")
    paths = {seen[step]["result"]["mixed_file_path"] for step in steps}

    assert len(paths) == len(seen["renders"]) == seen["kept"] == len(steps)


def test_loudness_is_told_before_and_after(seen):
    """A musician must read what a target did to the mix, and to which stem."""
    told = seen["loud.flac"]
    mix, notes = told["result"]["mix"], " ".join(told["notes"])

    assert mix["loudness_target"] == {"integrated": -14, "true_peak": -1}
    assert abs(mix["loudness"]["integrated"] + 14) < 0.1
    before = mix["loudness"]["integrated"] - mix["applied_gain_db"]
    assert f"{before:.1f} LUFS".replace("-", MINUS) in notes
    assert f"This file: {MINUS}14.0 LUFS" in notes
    assert "Stereo, FLAC, 24 bits, 48 kHz. Without silent.wav." in notes
    assert "early.wav: Nothing of the stem is left" in notes
    assert "silent.wav:" not in notes


def test_a_screen_reader_hears_what_is_set(seen):
    """A musician who does not see the faders must hear their values, and the state."""
    assert seen["spoken"] == {
        "level": f"{MINUS}3.0 dB",
        "back": "0.0 dB",
        "none": "off",
        "centre": "centre",
        "right": "right 50 %",
        "muted": "true",
    }


def test_live_play_can_be_paused_and_faders_moved_meanwhile(seen):
    """A musician listens, stops at a place, and goes on from there."""
    played = seen["played"]

    assert 0.2 < played["paused"] == played["later"] < SECONDS
    assert played["says"] == "0:00 / 0:01"


def test_a_mixer_fits_every_width_and_says_why_nothing_is_rendered(seen):
    """A phone must not scroll sideways, nor a button do nothing without a word."""
    assert seen["overflow"] == [0, 0, 0, 0, 0]
    assert seen["all muted"] == [
        "Every stem is muted: there is nothing to render.",
        True,
    ]
    storage = "The storage did not answer; try again later."
    assert seen["refused"] == f"Render failed: {storage}"
    assert seen["faults"] == []


def test_stems_that_do_not_fit_the_memory_are_still_rendered(seen):
    """A browser tab that dies of an hour's samples would take the faders with it."""
    assert seen["too long"] == {
        "says": "Together these stems last 60 minutes: too long to play live here, "
        "where 46 minutes fit. Render the mix to hear it.",
        "plays": False,
        "renders": True,
    }
