"""The page's view of two versions: what changed, heard at one loudness, and aligned."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.console import walk

RATE, SECONDS, LATE_S = 16_000, 6, 0.25
QUIET_S = (2.0, 4.0)
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(name="seen", scope="module")
def _seen(browser, own_url, tmp_path_factory):
    """Return what a person sees who compares a stem with two later versions."""
    folder = tmp_path_factory.mktemp("versions")
    rng = np.random.default_rng(19)
    one = rng.uniform(-0.5, 0.5, RATE * SECONDS)
    two = one * 10 ** (-3 / 20)
    start, end = (round(side * RATE) for side in QUIET_S)
    two[start:end] *= 10 ** (-12 / 20)
    late = np.concatenate((np.zeros(round(LATE_S * RATE)), one))
    for name, samples in {"one": one, "two": two, "late": late}.items():
        soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="PCM_24")
    return walk(Path(__file__).with_name("versions.mjs"), own_url, browser, folder)


def test_two_chosen_rows_can_be_compared(seen):
    """A person must see that a comparison takes two versions."""
    assert seen["offered"] == {"alone": True, "two": True}


def test_the_changed_region_is_shaded_on_both_versions(seen):
    """A musician looks for the passage that differs, and not for numbers."""
    shown = seen["shown"]

    assert shown["names"] == ["one.wav", "two.wav"]
    assert shown["drawn"] == [True, True]
    assert "changed" in shown["facts"]
    assert f"{MINUS}3.0 dB throughout" in shown["facts"]
    assert len(shown["labels"]) == 2  # one region, on each line
    for place in shown["styles"]:
        assert place == pytest.approx([100 / 3, 100 / 3], abs=5)
    assert shown["align"] is True


def test_a_click_on_a_region_plays_there_at_one_loudness(seen):
    """A louder version must not win because it is louder."""
    newer, older = seen["played"]["newer"], seen["played"]["older"]

    assert 1.4 <= newer["after"]["at"] < QUIET_S[1]
    assert abs(newer["after"]["at"] - newer["before"]["at"]) < 0.2
    assert (newer["after"]["volume"], newer["before"]["volume"] < 0.01) == (1, True)
    heard = 20 * np.log10(older["before"]["volume"])
    assert (heard, older["after"]["volume"] < 0.01) == (
        pytest.approx(-3, abs=0.2),
        True,
    )
    assert seen["played"]["paused"] is True


def test_align_sends_the_offset_to_the_mixer(seen):
    """A late stem must be put right by one click, without cutting its beginning."""
    aligned = seen["aligned"]

    assert "250.0 ms later" in aligned["facts"]
    assert float(aligned["one"]) == pytest.approx(1000 * LATE_S, abs=0.2)
    assert float(aligned["late"]) == 0


def test_stems_of_two_mixes_are_marked(seen):
    """A band leader asks which stems are others than last week."""
    marks = dict(map(tuple, seen["stems"]))

    assert marks == {"one.wav": "same", "late.wav": "new", "two.wav": "removed"}


def test_the_page_has_no_faults(seen):
    """An error in the console is a page that stops working later."""
    assert seen["faults"] == []
