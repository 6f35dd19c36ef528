"""Rules of a mix with faders, beside the same rules in plain NumPy."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import sound
from support.mixes import FLAT, expected, mixed, null_db
from waveflow.audio.mix.settings import (
    MixFormat,
    MixSettings,
    StemSettings,
    mix_rate,
)
from waveflow.errors import EmptyAudioError, InvalidMessageError

FLOATS = MixSettings(format=MixFormat.WAV32F)
PLACES = {
    "as it is": FLAT,
    "quieter": StemSettings(gain_db=-7.3),
    "louder": StemSettings(gain_db=12),
    "nearly off": StemSettings(gain_db=-60),
    "left": StemSettings(pan=-1),
    "half left": StemSettings(pan=-0.5),
    "middle": StemSettings(pan=0),
    "half right": StemSettings(pan=0.5, gain_db=-3),
    "right": StemSettings(pan=1),
    "inverted": StemSettings(invert=True, pan=0.2),
    "late": StemSettings(offset_ms=123.4),
    "early": StemSettings(offset_ms=-500.5, gain_db=-1),
    "everything": StemSettings(gain_db=3, pan=-0.3, invert=True, offset_ms=-77),
}


def write(folder: Path, channels: int, *, rate: int = 44_100, name: str = "a") -> Path:
    """Write a second of floats."""
    samples = sound.music(1, rate=rate, channels=channels)
    return sound.write(folder / f"{name}.wav", samples, rate=rate, subtype="FLOAT")


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("place", PLACES)
def test_a_stem_is_placed_by_the_rules(tmp_path: Path, place: str, channels: int):
    """A page sets faders by Web Audio's rules, and the file must sound alike."""
    stem = (write(tmp_path, channels), PLACES[place])

    result = mixed(tmp_path, [stem], FLOATS)

    wanted = expected([stem], rate=44_100)
    assert null_db(result.samples(), wanted) < -120
    assert result.stems[0].peak == pytest.approx(np.abs(wanted).max(), rel=1e-5)
    assert result.stems[0].duration == 1
    mixed_down = ("CHANNELS_MIXED",) if channels == 6 else ()
    assert result.stems[0].warnings == mixed_down


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_one_channel_is_the_mean(tmp_path: Path, channels: int):
    """A mono mix must hold each stem's mean, with its fader, offset and polarity."""
    place = StemSettings(gain_db=-2, invert=True, offset_ms=50)
    stem = (write(tmp_path, channels), place)

    result = mixed(tmp_path, [stem], MixSettings(1, MixFormat.WAV32F))

    assert null_db(result.samples(), expected([stem], rate=44_100, channels=1)) < -120


def test_a_mono_stem_loses_three_decibels_by_the_panner_alone(tmp_path: Path):
    """A stem with `pan: 0` has a panner in Web Audio, without `pan` it has none."""
    path = write(tmp_path, 1)

    plain = mixed(tmp_path, [path], FLOATS).stems[0].peak
    panned = mixed(tmp_path, [(path, StemSettings(pan=0))], FLOATS).stems[0].peak

    assert 20 * np.log10(panned / plain) == pytest.approx(-3.01, abs=0.001)


@pytest.mark.parametrize("kind", ["wav", "flac"])
@pytest.mark.parametrize("own_rate", [22_050, 48_000, 96_000])
def test_other_rates_are_resampled(tmp_path: Path, own_rate: int, kind: str):
    """A stem of another rate must keep pitch, time and both of its channels."""
    first = write(tmp_path, 1)
    samples = sound.music(2, rate=own_rate)
    path = tmp_path / f"b.{kind}"
    other = sound.write(path, samples, rate=own_rate, subtype="PCM_24")
    # Rounded at the stem's own rate, the offset would be another frame.
    place = StemSettings(gain_db=-4, offset_ms=-300.03, pan=0.4)
    stems = [(first, FLAT), (other, place)]

    result = mixed(tmp_path, stems, FLOATS)

    assert null_db(result.samples(), expected(stems, rate=44_100)) < -110
    assert result.stems[1].warnings == ("RESAMPLED",)
    assert result.stems[1].duration == 2


@pytest.mark.parametrize(
    ("wanted", "rates", "rate"),
    [
        ("first", [44_100, 96_000], 44_100),
        ("highest", [44_100, 96_000, 48_000], 96_000),
        ("first", [768_000, 44_100], 192_000),
        ("highest", [44_100, 768_000], 192_000),
        ("first", [4_000], 8_000),
        (88_200, [44_100], 88_200),
    ],
)
def test_the_rate_of_a_mix(wanted, rates: list[int], rate: int):
    """A first stem of 768 kHz must not make a file that no player opens."""
    assert mix_rate(MixSettings(sample_rate=wanted), rates) == rate


def test_a_first_stem_of_768_khz_is_resampled(tmp_path: Path):
    """A rate beyond the limit must be heard at the limit, not refused."""
    tone = sound.tone(0.5, rate=768_000)
    path = sound.write(tmp_path / "a.wav", tone, rate=768_000, subtype="FLOAT")

    result = mixed(tmp_path, [path])

    assert result.rendered.waveform.sample_rate == 192_000
    assert result.rendered.waveform.duration == pytest.approx(0.5)
    assert result.stems[0].warnings == ("RESAMPLED",)


@pytest.mark.parametrize("count", [2, 8, 64])
@pytest.mark.parametrize("bits", [16, 24])
def test_24_bits_hold_the_integer_sum_exactly(tmp_path: Path, count: int, bits: int):
    """A mix at 0 dB must null against the same mix in a workstation."""
    random, top = np.random.default_rng(bits), int(0.98 * 2 ** (bits - 1)) // count
    samples = random.integers(-top, top, (count, 20_000, 2)) << 32 - bits
    paths = [
        sound.write(tmp_path / f"{n}.wav", stem, subtype=f"PCM_{bits}")
        for n, stem in enumerate(samples.astype(np.int32))
    ]

    result = mixed(tmp_path, paths)

    got = soundfile.read(result.path, dtype="int32")[0]
    assert result.rendered.applied_gain_db == 0
    assert (got == samples.sum(axis=0)).all()


def test_partial_sums_beyond_full_scale_stay_exact(tmp_path: Path):
    """Two stems that cancel a third must leave no noise, in any order."""
    top = np.full((1000, 2), 0x7FFF_FF00, np.int32)
    low = np.random.default_rng(0).integers(-(2**23), 2**23, (1000, 2)) << 8
    stems = [top, low, -top]
    paths = [
        sound.write(tmp_path / f"{n}.wav", stem.astype(np.int32), subtype="PCM_24")
        for n, stem in enumerate(stems)
    ]

    result = mixed(tmp_path, paths, FLOATS)

    assert (result.samples() * 2.0**31 == low).all()


def test_a_sum_beyond_the_ceiling_is_scaled_as_a_whole(tmp_path: Path):
    """Eight loud stems must not clip; one gain keeps the balance between them."""
    paths = [
        sound.write(tmp_path / f"{n}.wav", sound.tone(1, hz=200 + n), subtype="FLOAT")
        for n in range(8)
    ]

    plain = mixed(tmp_path, paths, FLOATS)
    loud = np.abs(plain.samples()).max()
    scaled = mixed(tmp_path, paths)

    assert loud > 3.9
    assert plain.rendered.applied_gain_db == 0
    assert np.abs(scaled.samples()).max() == pytest.approx(0.99, abs=1e-6)
    gain = 20 * np.log10(0.99 / loud)
    assert scaled.rendered.applied_gain_db == pytest.approx(gain, abs=0.001)


def test_a_quiet_sum_is_not_made_louder(tmp_path: Path):
    """A mix without a target must keep the level that the faders give."""
    path = sound.write(tmp_path / "a.wav", sound.tone(1, level=0.1), subtype="PCM_24")

    result = mixed(tmp_path, [path])

    assert result.rendered.applied_gain_db == 0
    assert result.rendered.waveform.peak == pytest.approx(0.1, abs=1e-4)


def test_an_offset_beyond_the_end_cuts_the_stem_away(tmp_path: Path):
    """A stem that no longer sounds must be named, and the mix go on without it."""
    heard, gone = write(tmp_path, 2), write(tmp_path, 2, name="b")
    flac = sound.write(tmp_path / "c.flac", sound.music(1), subtype="PCM_16")
    cut = StemSettings(offset_ms=-4000)

    result = mixed(tmp_path, [heard, (gone, cut), (flac, cut)])

    found = [stem.warnings for stem in result.stems]
    assert found == [(), ("CUT_AWAY",), ("CUT_AWAY",)]
    assert [stem.peak for stem in result.stems[1:]] == [0, 0]
    assert [stem.duration for stem in result.stems] == [1, 1, 1]
    assert result.rendered.waveform.frames == 44_100


def test_a_mix_of_which_nothing_is_left_is_refused(tmp_path: Path):
    """A file without a frame would break every player."""
    stem = (write(tmp_path, 1), StemSettings(offset_ms=-600_000))

    with pytest.raises(EmptyAudioError, match="offsets"):
        mixed(tmp_path, [stem])


def test_a_mix_needs_a_stem(tmp_path: Path):
    """A mix of muted stems alone must be refused in a sentence."""
    with pytest.raises(InvalidMessageError):
        mixed(tmp_path, [])


def test_an_offset_far_beyond_the_others_leaves_silence_between(tmp_path: Path):
    """A late stem makes the mix longer, and is heard where it was put."""
    path = sound.write(tmp_path / "a.wav", sound.tone(0.1), subtype="PCM_16")
    late = StemSettings(offset_ms=9_000)

    result = mixed(tmp_path, [path, (path, late)], FLOATS)

    got = result.samples()
    assert len(got) == 9 * 44_100 + 4_410
    assert (got[4_410 : 9 * 44_100] == 0).all()
    assert (got[:4_410] == got[9 * 44_100 :]).all()


@pytest.mark.parametrize(
    ("channels", "right", "warnings"),
    [(1, -1, ("ANTI_PHASE",)), (1, -0.2, ()), (1, 1, ()), (2, -1, ())],
)
def test_a_stem_that_cancels_itself_says_so(
    tmp_path: Path, channels: int, right: float, warnings: tuple[str, ...]
):
    """A wide synthesizer must not vanish from a mono mix without a word."""
    left = sound.music(4, channels=1)[:, 0]
    samples = np.stack((left, left * right), axis=1)
    path = sound.write(tmp_path / "a.wav", samples, subtype="PCM_16")

    result = mixed(tmp_path, [path], MixSettings(channels))

    assert result.stems[0].warnings == warnings


def test_nan_counts_as_silence_and_is_told(tmp_path: Path):
    """A single broken sample must not turn the whole mix into silence."""
    samples = sound.music(1)
    samples[1000, 1] = np.nan
    samples[2000, 0] = np.inf
    path = sound.write(tmp_path / "a.wav", samples, subtype="FLOAT")
    other = write(tmp_path, 1, name="b")

    result = mixed(tmp_path, [path, other], FLOATS)

    samples[~np.isfinite(samples)] = 0
    clean = sound.write(tmp_path / "c.wav", samples, subtype="FLOAT")
    wanted = expected([(clean, FLAT), (other, FLAT)], rate=44_100)
    assert result.stems[0].warnings == ("NON_FINITE_SAMPLES",)
    assert null_db(result.samples(), wanted) < -120


def test_a_truncated_stem_is_named(tmp_path: Path):
    """A musician must learn which of the stems ended early."""
    path = write(tmp_path, 2)
    path.write_bytes(path.read_bytes()[:-50_001])

    result = mixed(tmp_path, [write(tmp_path, 1, name="b"), path])

    assert [stem.warnings for stem in result.stems] == [(), ("TRUNCATED",)]
    assert result.stems[1].duration < 1
