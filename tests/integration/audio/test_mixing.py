"""Mixes, beside the platform's own rule in a few lines."""

import hashlib
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from support import sound
from support.mixes import mono_stem
from waveflow.audio.mix import room
from waveflow.audio.mix.classic import mix
from waveflow.audio.waveform.draw import draw
from waveflow.errors import (
    AudioTooLongError,
    CorruptAudioError,
    EmptyAudioError,
    UnsupportedMediaError,
)


def classic(stems: list[np.ndarray]) -> np.ndarray:
    """Return the mix by the rule: mono, padded, summed, divided, held below 0.95."""
    mono = [stem.mean(axis=1) if stem.ndim > 1 else stem for stem in stems]
    total = np.zeros(max(map(len, mono)))
    for stem in mono:
        total[: len(stem)] += stem
    if len(mono) > 1:
        total /= len(mono)
    peak = np.abs(total).max()
    return total * (0.95 / peak) if peak > 0.95 else total


def written(paths: list[Path]) -> list[np.ndarray]:
    """Return stems as the rule reads them."""
    return [soundfile.read(path, dtype="float64")[0] for path in paths]


def stems(folder: Path, *signals: np.ndarray, subtype: str = "PCM_16") -> list[Path]:
    """Write each signal as a stem."""
    return [
        sound.write(folder / f"{i}.wav", signal, subtype=subtype)
        for i, signal in enumerate(signals)
    ]


CASES = {
    "quiet": [sound.tone(2), sound.music(1.3), np.zeros(5, np.float32)],
    "loud, beyond the ceiling": [sound.tone(2, level=1), sound.tone(1, level=1)],
    "one stem": [sound.music(1.7)],
    "one loud stem": [sound.tone(0.3, level=0.99)],
    "silence": [np.zeros(1000, np.float32), np.zeros(10, np.float32)],
    "64 stems": [sound.tone(0.2 + 0.01 * n, hz=100 + n, level=1) for n in range(64)],
    "blocks end here": [np.ones(65_536, np.float32), np.ones(131_073, np.float32)],
}


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("case", CASES)
def test_mix_is_the_platforms_own(tmp_path: Path, case: str, subtype: str):
    """A user must hear the platform's classic mix, within one step of 16 bits."""
    paths = stems(tmp_path, *CASES[case], subtype=subtype)
    out = tmp_path / "out.wav"

    result = mix(paths, out)

    got = soundfile.read(out, dtype="int16")[0].astype(int)
    expected = classic(written(paths)) * 32_767
    assert len(got) == result.waveform.frames == len(expected)
    assert np.abs(got - expected).max() <= 1


def test_float_beyond_full_scale_is_scaled_not_clipped(tmp_path: Path):
    """A stem bounced at +12 dB must be scaled; clipping would distort the sound."""
    paths = stems(tmp_path, sound.tone(1, level=4), subtype="FLOAT")

    mix(paths, tmp_path / "out.wav")

    got = soundfile.read(tmp_path / "out.wav")[0]
    assert got == pytest.approx(sound.tone(1, level=0.95), abs=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_waveform_of_a_mix_is_the_waveform_of_its_file(tmp_path: Path, case: str):
    """A document drawn while mixing must equal a drawing of the finished file."""
    out = tmp_path / "out.wav"

    result = mix(stems(tmp_path, *CASES[case]), out)

    drawn = draw(out, 4000)
    assert (drawn.data == result.waveform.data).all()
    assert (drawn.peaks == result.waveform.peaks).all()
    assert drawn.peak == result.waveform.peak
    assert result.audio_hash == hashlib.sha256(out.read_bytes()).hexdigest()


def test_other_rates_are_resampled_and_listed(tmp_path: Path):
    """A stem of another rate must keep pitch and time, and be named to the user."""
    ours = sound.write(tmp_path / "a.wav", sound.tone(3, hz=997), subtype="FLOAT")
    other = sound.tone(3, hz=997, rate=48_000)
    theirs = sound.write(tmp_path / "b.wav", -other, rate=48_000, subtype="FLOAT")

    result = mix([ours, theirs], tmp_path / "out.wav", names=["users/a", "users/b"])

    rest, rate = soundfile.read(tmp_path / "out.wav")
    middle = rest[4410:-4410]
    assert rate == result.waveform.sample_rate == 44_100
    assert result.warnings == ("RESAMPLED:users/b",)
    assert np.sqrt((middle**2).mean()) < 10 ** (-90 / 20)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_stem_that_cancels_itself_is_named(tmp_path: Path, suffix: str):
    """A wide stem vanishes from a mono mix, and somebody must say which."""
    left = sound.music(3, channels=1)[:, 0]
    signals = {"wide": -left, "narrow": 0.3 * left}
    paths = [
        sound.write(
            tmp_path / f"{name}.{suffix}",
            np.stack((left, right), axis=1),
            subtype="PCM_16",
        )
        for name, right in signals.items()
    ]

    result = mix(paths, tmp_path / "out.wav", names=["users/wide", "users/narrow"])

    assert result.warnings == ("ANTI_PHASE:users/wide",)


def test_resampling_in_pieces_gives_the_bits_of_the_whole(tmp_path: Path):
    """Joints between resampled pieces would be heard as clicks."""
    signal = sound.music(30, rate=8_000, channels=1)[:, 0]
    path = sound.write(tmp_path / "a.wav", signal, rate=8_000, subtype="FLOAT")

    stem = mono_stem(path, sample_rate=192_000)
    got = np.zeros((len(signal) * 24 + 1, 1), np.float32)
    frames = stem.add_to(got)

    whole = soxr.resample(signal, 8_000, 192_000, quality="VHQ")
    assert (got[:frames, 0] == whole).all()


MEASURE = """
import sys
from pathlib import Path
from waveflow.audio.mix.classic import mix
first, other, out = map(Path, sys.argv[1:])
mix([first, *[other] * 32], out)
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""


def megabytes(first: Path, other: Path, out: Path) -> int:
    """Return the peak memory of a mix of one stem and 32 times another."""
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, first, other, out],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout)


def test_memory_of_a_mix_does_not_depend_on_the_rates(tmp_path: Path):
    """A block of 8 kHz becomes 24 of 192 kHz, and 32 stems must fit the memory."""
    fast = sound.write(tmp_path / "a.wav", sound.tone(0.1, rate=192_000), rate=192_000)
    slow = sound.write(tmp_path / "b.wav", sound.tone(40, rate=8_000), rate=8_000)

    assert megabytes(fast, slow, tmp_path / "out.wav") <= 128


def test_memory_of_a_mix_does_not_grow_with_the_number_of_decoders(tmp_path: Path):
    """A decoder of AAC holds 2.5 MB, and 64 at once would not fit a Lambda."""
    path = tmp_path / "a.m4a"
    sound.encode(path, sound.music(20), codec="aac", container="mp4")

    assert megabytes(path, path, tmp_path / "out.wav") <= 128


def test_same_stems_give_the_same_bytes(tmp_path: Path):
    """A redelivered message must find equal bytes, or write a second version."""
    paths = stems(tmp_path, sound.music(2), sound.tone(3, level=1))

    first = mix(paths, tmp_path / "first").audio_hash
    second = mix(paths, tmp_path / "second").audio_hash

    assert first == second


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyAudioError),
        (b"#EXTM3U\n", UnsupportedMediaError),
        (b"fLaC", CorruptAudioError),
        (sound.wav(b""), EmptyAudioError),
    ],
)
def test_a_bad_stem_is_named_and_leaves_no_file(
    tmp_path: Path, content: bytes, error: type[Exception]
):
    """A user must be told which stem is bad, and get no mix without that stem."""
    paths = [*stems(tmp_path, sound.tone(1)), tmp_path / "x"]
    paths[1].write_bytes(content)
    out = tmp_path / "out.wav"

    with pytest.raises(error, match=r"users/2/노래\.wav"):
        mix(paths, out, names=["users/1", "users/2/노래.wav"])

    assert not out.exists()


def test_a_stem_that_breaks_half_way_leaves_no_file(tmp_path: Path):
    """A failed mix must not leave a file that looks whole."""
    paths = stems(tmp_path, sound.music(20))
    flac = sound.write(tmp_path / "b.flac", sound.music(20), subtype="PCM_16")
    data = bytearray(flac.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    flac.write_bytes(data)
    out = tmp_path / "out.wav"

    with pytest.raises(CorruptAudioError, match=r"b\.flac"):
        mix([*paths, flac], out)

    assert not out.exists()


@pytest.mark.parametrize("frames", [1, 16_384, 100_003])
@pytest.mark.parametrize("rate", [8_000, 192_000])
def test_the_header_is_the_44_bytes_that_every_player_reads(
    tmp_path: Path, frames: int, rate: int
):
    """A player shows no length when the sizes in the header are not completed."""
    path = tmp_path / "a.wav"
    sound.write(path, np.zeros(frames, np.float32), rate=rate, subtype="PCM_16")

    mix([path], tmp_path / "out.wav")

    size = 2 * frames
    fmt = struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + fmt
    expected = head + b"data" + struct.pack("<I", size) + bytes(size)
    assert (tmp_path / "out.wav").read_bytes() == expected


@pytest.mark.parametrize("frames", [99_999, 100_000, 100_001])
def test_a_mix_that_its_header_cannot_count_is_refused_whole(
    tmp_path: Path, monkeypatch, frames: int
):
    """A wrapped size would cut six hours of music; the limit is lowered here."""
    monkeypatch.setattr(room, "MAX_BYTES", 64 + 2 * 100_000)
    paths = stems(tmp_path, np.zeros(frames, np.float32))
    out = tmp_path / "out.wav"

    if frames <= 100_000:
        assert mix(paths, out).waveform.frames == frames
    else:
        with pytest.raises(AudioTooLongError):
            mix(paths, out)
    assert out.exists() == (frames <= 100_000)
