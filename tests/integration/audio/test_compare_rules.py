"""Differences that one rule of the comparison alone can find."""

import numpy as np
import pytest
from support import versions
from support.versions import RATE
from waveflow.audio.compare.allowance import Allowance
from waveflow.errors import AudioTooLongError

SECONDS = 8
MIX = versions.song(1, seconds=SECONDS).mix() / 2


def test_a_passage_that_is_little_louder_is_a_region(compared):
    """A rest of 1.2 dB lies below the limit of the rest; only the level tells."""
    report = compared(MIX, versions.gain(MIX, 1.2, start_s=3, end_s=5))

    [region] = report.regions
    assert (region.start, region.end) == pytest.approx((3, 5), abs=0.15)
    assert region.delta_db == pytest.approx(1.2, abs=0.1)


def test_two_edits_with_a_short_pause_are_one_region(compared):
    """A musician jumps to a passage, not to each syllable of the passage."""
    once = versions.gain(MIX, -6, start_s=2, end_s=3)

    report = compared(MIX, versions.gain(once, -6, start_s=3.3, end_s=4.3))

    [region] = report.regions
    assert (region.start, region.end) == pytest.approx((2, 4.3), abs=0.15)


def test_a_click_is_a_region_that_a_finger_can_hit(compared):
    """A region of 100 ms is too narrow for a finger on a waveform of an hour."""
    report = compared(MIX, versions.gain(MIX, 12, start_s=3, end_s=3.05))

    [region] = report.regions
    assert region.end - region.start == pytest.approx(0.3)
    assert region.start <= 3
    assert region.end >= 3.05


def test_an_edit_of_most_of_the_song_is_not_the_gain(compared):
    """The gain is told by the seconds in which nothing was edited."""
    song = versions.song(1, seconds=SECONDS)
    quiet = versions.gain(song.voice, -12, start_s=1, end_s=7)

    report = compared(MIX, song.mix(voice=quiet) / 2)

    assert report.gain_db == pytest.approx(0, abs=0.1)


def test_a_noisy_room_after_the_music_is_no_other_music(compared):
    """Noise 56 dB below the music is another in each export, and heard by nobody."""

    def version(seed):
        noise = np.random.default_rng(seed).standard_normal((7 * RATE, 2))
        music = MIX[3 * RATE : 4 * RATE] * 2
        return np.concatenate([music, noise * 10 ** (-66 / 20)]).astype(np.float32)

    assert compared(version(1), version(2)).status == "alike"


def test_a_whine_below_hearing_is_no_equaliser(compared):
    """A screen's whine 45 dB below the music is masked, also when it has grown."""
    time = np.arange(SECONDS * RATE) / RATE
    music = np.sin(2 * np.pi * 440 * time) * (0.6 + 0.35 * np.sin(3 * time))
    whine = np.sin(2 * np.pi * 10_000 * time) * 10 ** (-66 / 20)
    before, after = (
        np.stack([music + level * whine] * 2, axis=1).astype(np.float32)
        for level in (1, 3)
    )

    report = compared(before, after)

    assert report.status == "alike"
    assert report.bands_db[3] is None


def test_all_pairs_together_have_eight_hours_of_stereo():
    """64 pairs of hours would run into the end of the function's time."""
    hours = Allowance()

    hours.spend(8 * 3600 * RATE, channels=2, sample_rate=RATE)

    with pytest.raises(AudioTooLongError, match="8 hours of stereo"):
        hours.spend(1, channels=1, sample_rate=RATE)


def test_a_little_more_treble_is_no_copy(compared):
    """Mastering moves a band by 2 dB, and leaves a rest of a lossy copy's size."""
    report = compared(MIX, versions.shelved(MIX, 2, above_hz=6_000))

    assert report.regions == []
    assert report.status == "changed"


def test_a_little_more_of_one_channel_is_no_copy(compared):
    """A balance that moves by 1 dB leaves no region, and is heard."""
    report = compared(MIX, versions.panned(MIX, 0.6, -0.6))

    assert report.regions == []
    assert report.status == "changed"
