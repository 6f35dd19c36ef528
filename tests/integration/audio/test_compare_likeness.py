"""Versions that are not as like as they seem: treble, and trims around packets."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import versions
from support.versions import RATE
from waveflow.audio.formats import mpeg

SECONDS = 8
MIX = versions.song(1, seconds=SECONDS).mix() / 2


def whistle(seconds: float, *, hz: float, db: float) -> np.ndarray:
    """Return a tone in both channels."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * hz * time) * 10 ** (db / 20)
    return np.stack([tone, tone], axis=1).astype(np.float32)


@pytest.mark.parametrize("is_after", [True, False])
def test_a_whistle_above_the_music_is_no_silence(compared, is_after):
    """Feedback at 10 kHz is heard by everybody, and lies above the deciding bands."""
    tone = whistle(SECONDS, hz=10_000, db=-20)
    versions_of = (MIX, MIX + tone)

    report = compared(*(versions_of if is_after else versions_of[::-1]))

    assert report.status == "changed"
    assert report.residual_db > -15


def test_two_seconds_of_treble_are_found_where_they_are(compared):
    """Cymbals that were muted for two seconds left all below 6 kHz as it was."""
    after = MIX.copy()
    after[3 * RATE : 5 * RATE] += whistle(2, hz=8_000, db=-20)

    report = compared(MIX, after)

    assert report.status == "changed"
    [region] = report.regions
    assert (region.start, region.end) == pytest.approx((3, 5), abs=0.15)


@pytest.mark.parametrize("is_after", [True, False])
def test_silence_is_not_alike_a_whistle(compared, is_after):
    """A version of which only a whistle is left has lost its music."""
    pair = [np.zeros((3 * RATE, 2), np.float32), whistle(3, hz=10_000, db=-20)]

    assert compared(*(pair if is_after else pair[::-1])).status == "different"


def without_xing(path: Path, to: Path) -> Path:
    """Copy an MP3 without the frame that tells players what to trim."""
    content = path.read_bytes()
    first = mpeg.read_header(content, 0)
    assert mpeg.find_xing(content[: first.size_bytes]) is not None
    to.write_bytes(content[first.size_bytes :])
    return to


def test_equal_packets_that_play_later_are_not_the_same(compared, tmp_path: Path):
    """An MP3 that lost its LAME tag comes 25 ms late in every mix."""
    before = tmp_path / "0.mp3"
    soundfile.write(before, MIX, RATE, format="MP3", subtype="MPEG_LAYER_III")

    report = compared(before, without_xing(before, tmp_path / "1.mp3"))

    assert report.status == "changed"
    assert report.offset_ms == pytest.approx(25.057, abs=0.1)


def test_equal_packets_with_another_tag_are_the_same(compared, tmp_path: Path):
    """A tagger changes the bytes of an MP3 and no sound."""
    before, after = tmp_path / "0.mp3", tmp_path / "1.mp3"
    soundfile.write(before, MIX, RATE, format="MP3", subtype="MPEG_LAYER_III")
    after.write_bytes(before.read_bytes() + b"TAG" + bytes(125))

    assert compared(before, after).status == "same"
