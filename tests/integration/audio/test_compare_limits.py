"""Comparing what is short, wide, fast, loud or long."""

import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support import versions
from support.processes import HANGS_S
from support.versions import RATE
from waveflow.audio import codec
from waveflow.audio.compare import scratch
from waveflow.audio.compare.allowance import Allowance
from waveflow.errors import AudioTooLongError, EmptyAudioError, ResourceLimitError

SECONDS = 8
SONG = versions.song(1, seconds=SECONDS)
MIX = SONG.mix() / 2


@pytest.mark.parametrize(("before", "after"), [(MIX[:1], MIX), (MIX, MIX[:1])])
def test_one_frame_is_another_recording(compared, before, after):
    """A stem that was cut to nothing must end with a word, not with an error."""
    assert compared(before, after).status == "different"


def test_two_single_frames_are_compared(compared):
    """The shortest files of all have no window and no spectrum."""
    assert compared(MIX[:1], MIX[:1] + np.float32(0.1)).status in ("alike", "different")


def test_thirty_two_channels_are_compared_one_by_one(compared):
    """A session file of 32 channels would be folded, and its change lost."""
    wide = np.repeat(SONG.bass[:RATE, :1], 32, axis=1)
    edited = wide.copy()
    edited[:, 30] *= 2

    report = compared(wide, edited)

    assert report.status == "changed"
    assert report.channels_db[30] == pytest.approx(
        6.02 + report.channels_db[0], abs=0.1
    )


def test_rates_of_4_and_768_khz_are_compared_at_the_lower_one(compared):
    """The two ends of the accepted rates meet in one pair."""
    tones = SONG.bass[:RATE]
    low, high = versions.at_rate(tones, 4_000), versions.at_rate(tones, 768_000)

    report = compared(low, high, rates=(4_000, 768_000))

    assert report.status == "alike"
    assert report.bands_db[2:] == [None, None]


def test_infinite_and_huge_floats_are_compared(compared):
    """A broken sample must not turn every number of the report into NaN."""
    broken = MIX.copy()
    broken[RATE : RATE + 2] = [[np.inf, np.nan], [np.nan, -np.inf]]
    huge = broken.copy()
    huge[RATE] = 1e30

    assert np.isfinite(compared(MIX, broken).residual_db)
    assert compared(MIX, huge).status in ("changed", "different")


def test_too_many_decoded_hours_are_refused(compared):
    """64 pairs of hours would run into the end of the function's time."""
    with pytest.raises(AudioTooLongError, match="hours of stereo"):
        compared(MIX, MIX * 2, allowance=Allowance(channel_hours=20 / 3600))


def test_an_allowance_is_shared_by_all_pairs(compared):
    """Each pair alone would pass, and all of them together would not end."""
    hours = Allowance(channel_hours=40 / 3600)

    compared(MIX, MIX * 2, allowance=hours)

    with pytest.raises(AudioTooLongError):
        compared(MIX, MIX * 2, allowance=hours)


@pytest.mark.parametrize("phase", [codec, scratch])
def test_a_deadline_ends_decoding_and_judging(compared, monkeypatch, phase):
    """A function that is ended by AWS tells nobody why."""
    late = SimpleNamespace(monotonic=lambda: float("inf"))
    monkeypatch.setattr(phase, "time", late)

    with pytest.raises(ResourceLimitError):
        compared(MIX, MIX * 2, deadline=time.monotonic() + HANGS_S)


def test_a_file_without_frames_is_refused(compared, tmp_path: Path):
    """Nothing can be said about a version that holds no sound."""
    empty = versions.write(tmp_path / "empty.wav", MIX[:0])

    with pytest.raises(EmptyAudioError):
        compared(MIX, empty)


def test_no_scratch_file_stays(compared, tmp_path: Path):
    """A warm function would fill its disk, pair by pair."""
    compared(MIX, MIX * 2)

    assert sorted(each.name for each in tmp_path.iterdir()) == ["0.wav", "1.wav"]
