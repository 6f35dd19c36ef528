"""Comparing two versions: every kind of difference is found, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import version_cases, versions
from support.version_cases import Case
from support.versions import RATE
from waveflow.audio.compare.engine import compare

SECONDS = 8
SONG = versions.song(1, seconds=SECONDS)
OTHER = versions.song(2, seconds=SECONDS)
MIX = SONG.mix() / 2
HISS = SONG.bass / 2 + versions.hiss(SECONDS)  # codecs make another noise of noise
# `make soak` compares all cases, of ten recordings.
LEFT_TO_THE_SOAK = {
    *("chords 12 dB down for 2 s", "voice sung anew for 3 s", "chords panned"),
    *("another take of the voice", "a count-in of 15 s", "limited by 6 dB"),
    *("longer", "polarity inverted", "treble 4 dB up"),
}
CASES = [
    case
    for case in (
        *version_cases.of_song(SONG, OTHER),
        *version_cases.of_recording(MIX[:, :1], OTHER.mix()[: 3 * RATE, :1]),
    )
    if case.name not in LEFT_TO_THE_SOAK
]
COPIES = [  # the soak compares four copies of each recording and stem
    ("mix", "mp3", "MPEG_LAYER_III"),
    ("mix", "ogg", "VORBIS"),
    ("drums", "mp3", "MPEG_LAYER_III"),
    ("hiss", "ogg", "OPUS"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_difference_is_found_as_what_it_is(compared, case: Case):
    """A musician would be sent to the wrong second, or told of another change."""
    report = compared(case.before, case.after, rates=(RATE, case.rate))

    assert version_cases.faults(case, report) == []


@pytest.mark.parametrize(("name", "ending", "form"), COPIES)
def test_a_lossy_copy_is_alike(compared, tmp_path: Path, name, ending, form):
    """A bounce to MP3 would be shown as a new version, full of changed passages."""
    audio = {"mix": MIX, "drums": SONG.drums, "hiss": HISS}[name]
    copy = tmp_path / f"copy.{ending}"
    encoded = versions.at_rate(audio, 48_000) if form == "OPUS" else audio
    soundfile.write(copy, encoded, 48_000 if form == "OPUS" else RATE, subtype=form)

    report = compared(audio, copy)

    assert report.status == "alike"
    assert report.regions == []


def test_another_song_with_the_same_kick_drum_is_different(compared):
    """Songs of one sample pack and tempo share every kick, and nothing else."""
    other = versions.song(90, seconds=16).mix()[: 6 * RATE]

    report = compared(versions.song(6, seconds=14).mix(), other)

    assert report.status == "different"


def test_left_and_right_exchanged_are_changed(compared):
    """Exchanged channels have the same levels, and would pass as alike."""
    report = compared(MIX, np.ascontiguousarray(MIX[:, ::-1]))

    assert report.status == "changed"


def test_one_inverted_channel_is_inverted(compared):
    """A stem with one inverted channel vanishes in mono, and nobody would know."""
    report = compared(MIX, MIX * np.array([1, -1], np.float32))

    assert (report.status, report.inverted) == ("changed", True)


def test_panning_shows_in_the_channels(compared):
    """A stem that was panned has the same level as a whole."""
    report = compared(MIX, versions.panned(MIX, -3, 1.5))

    left, right = report.channels_db
    assert right - left == pytest.approx(4.5, abs=0.1)


def test_noise_of_a_codec_in_an_empty_band_is_no_equaliser(compared):
    """AAC puts noise below a voice, 6 dB above the nothing that was there."""
    lines = np.fft.rfft(np.random.default_rng(3).standard_normal(len(MIX)))
    bass, music = lines.copy(), lines.copy()
    bass[200 * SECONDS :] = 0
    music[: 300 * SECONDS] = 0
    low, middle = (np.fft.irfft(each, len(MIX))[:, None] / 20 for each in (bass, music))
    low *= 0.02 * middle.std() / low.std()
    before, after = middle + low, middle + 2 * low[::-1]

    report = compared(*(each.astype(np.float32) for each in (before, after)))

    assert (report.status, report.bands_db[0]) == ("alike", None)


def test_an_equaliser_shows_in_its_band(compared):
    """A brighter version would be called changed, without a word of the treble."""
    report = compared(MIX, versions.shelved(MIX, 4, above_hz=3_000))

    assert report.bands_db[3] == pytest.approx(4, abs=0.5)
    assert abs(report.bands_db[0]) < 0.2


def test_a_mono_version_is_compared_with_each_channel(compared):
    """Dual mono is the same sound as mono, in a file of twice the size."""
    voice = SONG.voice

    report = compared(voice, voice[:, :1])

    assert (report.status, report.gain_db) == ("alike", 0.0)
    assert report.channels_db == [0.0, 0.0]


def test_surround_is_compared_with_stereo(compared):
    """Channels that do not pair are averaged, and must not end in an error."""
    surround = np.repeat(MIX, 3, axis=1)

    assert compared(MIX, surround).status == "alike"


def test_matches_rise_around_an_inserted_passage(compared):
    """The page could not tell which bars are new."""
    after = versions.inserted(MIX, OTHER.mix()[: 3 * RATE], 4.0)

    report = compared(MIX, after)

    first, second = report.matches
    assert (first.before, first.after) == (0.0, 0.0)
    assert first.seconds == pytest.approx(4, abs=0.2)
    assert second.before == pytest.approx(4, abs=0.2)
    assert second.after - second.before == pytest.approx(3, abs=0.001)


def test_equal_bytes_are_the_same(compared):
    """A file that was sent again would be decoded twice, and called alike."""
    report = compared(MIX, MIX)

    assert report.status == "same"
    assert report.before == report.after


def test_equal_samples_in_another_container_are_the_same(compared, tmp_path: Path):
    """A FLAC of the same WAV would be called alike, as if its sound had changed."""
    before, after = tmp_path / "a.wav", tmp_path / "b.flac"
    for path in (before, after):
        soundfile.write(path, (MIX * 32_767).astype(np.int16), RATE)

    assert compared(before, after).status == "same"


def test_facts_are_those_of_each_file(compared):
    """The page shows length, rate and loudness of both versions side by side."""
    report = compared(
        MIX, versions.at_rate(MIX, 48_000)[: 48_000 * 6], rates=(RATE, 48_000)
    )

    assert (report.before.duration, report.after.duration) == (8, 6)
    assert (report.before.sample_rate, report.after.sample_rate) == (RATE, 48_000)
    assert report.before.integrated == pytest.approx(report.after.integrated, abs=2)


def test_a_version_without_a_partner_is_new_or_removed(tmp_path: Path):
    """A stem that was added or dropped has nothing to be compared with."""
    path = versions.write(tmp_path / "stem.wav", SONG.bass)

    new = compare(None, path, folder=tmp_path)
    removed = compare(path, None, folder=tmp_path)

    assert (new.status, new.before, new.after.duration) == ("new", None, 8)
    assert (removed.status, removed.before.duration) == ("removed", 8)
    assert removed.after is None


def test_peaks_delta_shows_where_the_level_moved(compared):
    """The page draws its graph of differences from these numbers."""
    after = versions.gain(MIX, -12, start_s=4, end_s=6) * 2

    delta = np.array(compared(MIX, after, num_peaks=4).peaks_delta)

    assert delta.shape == (4,)
    assert delta[2] < -0.3
    assert np.abs(delta[[0, 1, 3]]).max() < 0.01


def test_silence_is_alike_silence_and_different_from_music(compared):
    """An empty stem has no offset and no gain, and must not divide by nothing."""
    silence = np.zeros_like(MIX)

    alike = compared(silence, silence[: RATE * 2])
    different = compared(silence, MIX)

    assert (alike.status, alike.offset_ms, alike.gain_db) == ("alike", None, None)
    assert (alike.matches, alike.regions) == ([], [])
    assert different.status == "different"
    assert different.offset_ms is different.matches  # both are unset
