"""Differences that one rule of the comparison alone can find."""

from pathlib import Path

import pytest
from support import versions
from waveflow.audio.compare.engine import compare

SECONDS = 8
MIX = versions.song(1, seconds=SECONDS).mix() / 2


@pytest.fixture
def compared(tmp_path: Path):
    """Return a function that compares the mix with a version of the mix."""

    def run(after):
        pair = (
            versions.write(tmp_path / f"{number}.wav", audio)
            for number, audio in enumerate((MIX, after))
        )
        return compare(*pair, folder=tmp_path, num_peaks=16)

    return run


def test_a_passage_that_is_little_louder_is_a_region(compared):
    """A rest of 1.2 dB lies below the limit of the rest; only the level tells."""
    report = compared(versions.gain(MIX, 1.2, start_s=3, end_s=5))

    [region] = report.regions
    assert (region.start, region.end) == pytest.approx((3, 5), abs=0.15)
    assert region.delta_db == pytest.approx(1.2, abs=0.1)


def test_two_edits_with_a_short_pause_are_one_region(compared):
    """A musician jumps to a passage, not to each syllable of the passage."""
    once = versions.gain(MIX, -6, start_s=2, end_s=3)

    report = compared(versions.gain(once, -6, start_s=3.3, end_s=4.3))

    [region] = report.regions
    assert (region.start, region.end) == pytest.approx((2, 4.3), abs=0.15)


def test_a_click_is_a_region_that_a_finger_can_hit(compared):
    """A region of 100 ms is too narrow for a finger on a waveform of an hour."""
    report = compared(versions.gain(MIX, 12, start_s=3, end_s=3.05))

    [region] = report.regions
    assert region.end - region.start == pytest.approx(0.3)
    assert region.start <= 3
    assert region.end >= 3.05


def test_an_edit_of_most_of_the_song_is_not_the_gain(compared):
    """The gain is told by the seconds in which nothing was edited."""
    song = versions.song(1, seconds=SECONDS)
    quiet = versions.gain(song.voice, -12, start_s=1, end_s=7)

    report = compared(song.mix(voice=quiet) / 2)

    assert report.gain_db == pytest.approx(0, abs=0.1)


def test_a_little_more_treble_is_no_copy(compared):
    """Mastering moves a band by 2 dB, and leaves a rest of a lossy copy's size."""
    report = compared(versions.shelved(MIX, 2, above_hz=6_000))

    assert report.regions == []
    assert report.status == "changed"


def test_a_little_more_of_one_channel_is_no_copy(compared):
    """A balance that moves by 1 dB leaves no region, and is heard."""
    report = compared(versions.panned(MIX, 0.6, -0.6))

    assert report.regions == []
    assert report.status == "changed"
