"""Tempo and key of signals with known answers."""

import os

import numpy as np
import pytest
from support import corpus, notes
from waveflow.audio.listen.excerpt import SAMPLE_RATE, read_excerpt
from waveflow.audio.listen.key import PITCHES, find_key
from waveflow.audio.listen.tempo import find_tempo

SECOND = SAMPLE_RATE
CLICK_STEP = float(os.environ.get("WAVEFLOW_CLICK_STEP", "20"))  # 1 in `make soak`
MODES = {
    "major": (notes.MAJOR_CADENCE, notes.MAJOR_MELODY),
    "minor": (notes.MINOR_CADENCE, notes.MINOR_MELODY),
}


def wrong_tempos(bpms, seconds):
    """Return the tempos of click tracks that are found more than 0.5 % off."""
    found = {bpm: find_tempo(notes.clicks(bpm, seconds)).value for bpm in bpms}
    return {b: v for b, v in found.items() if v is None or abs(v / b - 1) > 0.005}


def test_click_tracks_have_their_tempo():
    """A user would see half or double the tempo: 60 to 200 BPM, within 0.5 %."""
    bpms = np.arange(60, 200.5, CLICK_STEP)

    assert wrong_tempos(bpms, 10) == {}
    assert wrong_tempos(bpms[::5], 5) == {}
    assert wrong_tempos(bpms[::5], 30) == {}


@pytest.mark.parametrize("bpm", [70, 90, 100, 120, 128, 140, 174])
def test_drums_have_their_tempo_or_the_alternative(bpm):
    """Drummers count eighths or quarters, and the user must find one of the two."""
    tempo = find_tempo(notes.drums(bpm, 20))

    assert min(abs(v / bpm - 1) for v in (tempo.value, tempo.alternative)) < 0.005
    assert tempo.confidence > 0.7


def test_the_alternative_is_half_or_double():
    """A user who counts the other way must find half or double the tempo."""
    slow, fast = find_tempo(notes.clicks(70, 10)), find_tempo(notes.clicks(150, 10))

    assert slow.alternative == pytest.approx(140, rel=0.005)
    assert fast.alternative == pytest.approx(75, rel=0.005)


@pytest.mark.parametrize(("slow", "fast"), [(90, 135), (96, 144), (100, 150)])
def test_three_against_two_has_both_tempos(slow, fast):
    """A user who counts three for two must find the own tempo as the alternative."""
    bars = np.arange(0.1, 29, 180 / slow / 3 * 2)
    steps = np.arange(5) * 30 / fast  # five of six: two beats repeat as well as three
    played = sum(notes.clicks_at(bars + step, 30) for step in steps)

    tempo = find_tempo(played)

    both = sorted((tempo.value, tempo.alternative))
    assert both == pytest.approx([slow, fast], rel=0.01)


def test_a_tie_of_tempos_does_not_hang_on_the_encoder():
    """A recording must not have another tempo as WAV than as Ogg."""
    path = corpus.FOLDER / "audiowaveform"
    if not path.exists():
        pytest.skip(corpus.ABSENT)
    names = ("mono.wav", "mono.mp3", "mono.flac", "stereo.wav", "stereo.mp3")

    found = [find_tempo(read_excerpt(path / f"test_file_{name}")) for name in names]

    assert [t.value for t in found] == pytest.approx([90.8] * len(found), abs=0.1)
    assert [t.alternative for t in found] == pytest.approx(
        [136.1] * len(found), abs=0.2
    )


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (notes.pad(20), "NO_BEAT"),
        (notes.noise(20), "NO_BEAT"),
        (np.zeros(20 * SECOND, np.float32), "SILENT"),
        (notes.clicks(120, 4.9), "TOO_SHORT"),
    ],
    ids=["pad", "noise", "silence", "short"],
)
def test_no_tempo_is_guessed(signal, reason):
    """A guessed tempo misleads a user; None with a reason does not."""
    tempo = find_tempo(signal)

    assert (tempo.value, tempo.alternative, tempo.reason) == (None, None, reason)


def wrong_keys(mode):
    """Return the pieces in twelve keys that are taken for another key."""
    wrong = []
    for tonic in range(12):
        for piece in MODES[mode]:
            key = find_key(notes.chords(piece, tonic, seconds=6 / len(piece)))
            if key.value != f"{PITCHES[tonic]} {mode}":
                wrong.append((tonic, piece, key))
    return wrong


@pytest.mark.parametrize("mode", MODES)
def test_cadences_and_melodies_have_their_key(mode):
    """A musician must find the key of a piece in each of the 24 keys."""
    assert wrong_keys(mode) == []


def test_the_relative_key_has_the_same_notes():
    """A musician needs the relative key, with which C major is easily confused."""
    major = find_key(notes.chords(notes.MAJOR_CADENCE, 0))
    minor = find_key(notes.chords(notes.MINOR_CADENCE, 6))

    assert (major.value, major.relative) == ("C major", "A minor")
    assert (minor.value, minor.relative) == ("F# minor", "A major")


def test_another_tuning_is_still_a_key():
    """A recording tuned to 432 Hz, or a slow tape, must still have its key."""
    played = notes.chords(notes.MAJOR_CADENCE, 2, seconds=2)
    slow = np.interp(
        np.arange(0, len(played), 2 ** (-30 / 1200)), range(len(played)), played
    )

    assert find_key(slow.astype(np.float32)).value == "D major"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tonic", [0, 5, 10])
def test_noise_does_not_hide_the_key(mode, tonic):
    """A musician must find the key of a band, whose cymbals fill all pitch classes."""
    played = notes.chords(MODES[mode][0] * 2, tonic)
    noise = notes.noise(len(played) / SECOND)[: len(played)]
    noise *= 2 * played.std() / noise.std()

    assert find_key(played + noise).value == f"{PITCHES[tonic]} {mode}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("brahms_gminor_30s.mp3", "G minor"),
        ("bach_fmajor_alone.mp3", "F major"),
        ("bach_fmajor_with_drums.mp3", "F major"),
    ],
)
def test_a_recorded_ensemble_has_its_key(name, value):
    """A musician must find the key of an orchestra, and of a choir with drums."""
    path = corpus.FOUND / name
    if not path.exists():
        pytest.skip(corpus.ABSENT)

    assert find_key(read_excerpt(path)).value == value


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (notes.noise(10), "NO_PITCH"),
        (notes.clicks(120, 10), "NO_PITCH"),
        (notes.chords([(9,)], 0, seconds=6), "NO_KEY"),
        (np.zeros(10 * SECOND, np.float32), "SILENT"),
        (notes.chords(notes.MAJOR_CADENCE, 0)[: 2 * SECOND], "TOO_SHORT"),
    ],
    ids=["noise", "clicks", "one note", "silence", "short"],
)
def test_no_key_is_guessed(signal, reason):
    """A guessed key misleads a user; noise or a single note must give None."""
    key = find_key(signal)

    assert (key.value, key.relative, key.reason) == (None, None, reason)


@pytest.mark.parametrize("bpm", [90, 120])
def test_drums_have_no_key(bpm):
    """A kick drum's pitch must not be shown as a key."""
    key = find_key(notes.drums(bpm, 10))

    assert key.value is None
    assert key.reason in {"NO_PITCH", "NO_KEY"}
