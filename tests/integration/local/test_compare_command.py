"""Check what `waveflow compare` says of two files, and of two folders of stems."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import versions
from support.versions import RATE
from waveflow_local.cli import app

SONG = versions.song(1, seconds=8)
MIX = SONG.mix() / 2
PANNED = (
    "changed: 1.1 dB quieter throughout; the left 1.9 dB quieter; "
    "the right 1.1 dB louder"
)
PASSAGE = versions.song(2, seconds=3).mix() / 2


@pytest.fixture(name="waveflow")
def _waveflow(tmp_path: Path, monkeypatch, capfd):
    """Return a function that runs a command, and returns exit code and outputs."""
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["waveflow", *line.split()])
        with pytest.raises(SystemExit) as ended:
            app.main()
        said = capfd.readouterr()
        return ended.value.code or 0, said.out, said.err

    return run


def in_words(waveflow, before: np.ndarray, after: np.ndarray) -> str:
    """Return the sentence about two versions."""
    versions.write(Path("a.wav"), before)
    versions.write(Path("b.wav"), after)
    code, said, _ = waveflow("compare a.wav b.wav")
    assert code == 0
    return said.strip().removeprefix("b.wav: ")


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (MIX, "the same sound"),
        (
            versions.gain(MIX, -6, start_s=3, end_s=5),
            "changed: differs at 0:03.0-0:05.0 (5.9 dB quieter)",
        ),
        (versions.gain(MIX, 2), "changed: 2.0 dB louder throughout"),
        (versions.late(MIX, 1105), "changed: 25.1 ms later"),
        (-MIX, "changed: polarity inverted"),
        (versions.inserted(MIX, PASSAGE, 4), "changed: 3.0 s inserted at 0:04.0"),
        (versions.cut(MIX, 3, 5), "changed: 2.0 s removed at 0:03.0"),
        (versions.panned(MIX, -3, 0), PANNED),
        (PASSAGE, "another recording: less than a quarter is as in the old version"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_one_sentence_says_what_changed(waveflow, after: np.ndarray, sentence: str):
    """A musician would read decibels and offsets instead of what to listen to."""
    assert in_words(waveflow, MIX, after) == sentence


def test_an_alike_version_says_how_little_differs(waveflow):
    """A re-export sounds the same, and nobody should have to listen for proof."""
    said = in_words(waveflow, MIX, versions.dithered(MIX))

    assert said.startswith("sounds the same; what differs is 7")
    assert said.endswith("dB below the music")


def test_json_is_the_report_of_a_comparison_document(waveflow):
    """A script would have to read sentences."""
    versions.write(Path("a.wav"), MIX)
    versions.write(Path("b.wav"), versions.gain(MIX, -6, start_s=3, end_s=5))

    _, said, _ = waveflow("compare a.wav b.wav --json -n 8")

    report = json.loads(said)
    assert report.pop("files") == {"before": "a.wav", "after": "b.wav"}
    assert report.pop("pair") == "b.wav"
    assert list(report) == [
        *("status", "before", "after", "offset_ms", "gain_db", "bands_db"),
        *("channels_db", "inverted", "residual_db", "matches", "regions"),
        *("regions_left_out", "peaks_delta"),
    ]
    assert len(report["peaks_delta"]) == 8
    assert report["regions"] == [
        {"start": 3.0, "end": 5.0, "delta_db": -5.9, "residual_db": -6.1}
    ]


@pytest.fixture(name="folders")
def _folders(waveflow, tmp_path: Path):
    """Make two folders of stems, of which the newer one lacks, adds and renames."""
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
    samples = (SONG.drums * 32_767).astype(np.int16)
    soundfile.write("old/drums.wav", samples, RATE)
    soundfile.write("new/Drums.flac", samples, RATE)
    versions.write(tmp_path / "old/bass.wav", SONG.bass)
    versions.write(tmp_path / "new/bass.wav", SONG.bass * 2)
    versions.write(tmp_path / "old/keys.wav", SONG.chords)
    versions.write(tmp_path / "new/voice.wav", SONG.voice)
    (tmp_path / "new/cover.txt").write_text("no audio")
    return waveflow


def test_folders_are_paired_by_name(folders):
    """Each stem would be compared with the wrong one, or left out without a word."""
    code, said, _ = folders("compare old new --jobs 1")

    assert code == 0
    assert said.splitlines() == [
        "Drums.flac: the same sound",
        "bass.wav: changed: 6.0 dB louder throughout",
        "keys.wav: removed",
        "voice.wav: new",
    ]


def test_a_broken_stem_does_not_end_the_others(folders, tmp_path: Path):
    """A damaged upload must not hide what is said of all other stems."""
    (tmp_path / "new/bass.wav").write_bytes(b"RIFF\0\0\0\0WAVE")

    code, said, mistakes = folders("compare old new --jobs 1")

    assert code == 1
    assert len(said.splitlines()) == 3
    assert mistakes.startswith("waveflow: CORRUPT_AUDIO: bass.wav: ")


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("compare a.wav gone.wav", "gone.wav cannot be read"),
        ("compare a.wav notes.txt", "UNSUPPORTED_MEDIA: notes.txt"),
        ("compare a.wav folder", "two files, or two folders"),
        ("compare folder folder", "holds audio"),
        ("compare a.wav", "Missing argument"),
    ],
)
def test_a_mistake_is_one_sentence(waveflow, tmp_path: Path, line: str, mistake: str):
    """A user would read a traceback, or nothing."""
    versions.write(tmp_path / "a.wav", MIX)
    (tmp_path / "notes.txt").write_text("no audio")
    (tmp_path / "folder").mkdir()

    code, said, mistakes = waveflow(line)

    assert (said, len(mistakes.splitlines())) == ("", 1)
    assert mistake in mistakes
    assert code > 0
