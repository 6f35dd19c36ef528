"""Loudness of signals whose values the standards print."""

import numpy as np
import pytest
from waveflow.audio.listen import weighting
from waveflow.audio.listen.findings import Loudness
from waveflow.audio.listen.loudness import LoudnessMeter, loudness_range
from waveflow.audio.listen.true_peak import TruePeak
from waveflow.audio.stream import Block

RATE = 16_000  # the values hold for every rate


def sine(seconds, dbfs, *, hz=1000.0, rate=RATE, channels=2):
    """Return a sine whose peak is `dbfs`, float32, shape (channels, frames)."""
    angle = 2 * np.pi * hz * np.arange(round(seconds * rate)) / rate
    wave = 10 ** (dbfs / 20) * np.sin(angle)
    return np.tile(wave.astype(np.float32), (channels, 1))


def measured(*parts, rate=RATE, block=10_000) -> Loudness:
    """Return the loudness of signals that follow each other."""
    x = np.concatenate(parts, axis=1)
    meter = LoudnessMeter(rate, len(x))
    for start in range(0, x.shape[1], block):
        meter.add(Block(x[:, start : start + block].T, rate))
    return meter.finish()


def test_the_filters_are_those_of_the_standard():
    """A wrong filter shifts every loudness: BS.1770-4, tables 1 and 2."""
    shelf, highpass = weighting.k_weighting(48_000)

    assert shelf == pytest.approx(
        (
            1.53512485958697,
            -2.69169618940638,
            1.19839281085285,
            -1.69065929318241,
            0.73248077421585,
        )
    )
    assert highpass == pytest.approx((1, -2, 1, -1.99004745483398, 0.99007225036621))


@pytest.mark.parametrize("rate", [4_000, 8_000, 44_100, 192_000])
def test_the_fast_form_of_the_filters_is_the_slow_one(rate):
    """A fast filter that loses state between blocks would shift a loudness."""
    x = np.random.default_rng(1).standard_normal((3, 64 * 75))
    fast = weighting.KWeighting(rate, 3)

    blocks = [fast.filter(x[:, : 64 * 33]), fast.filter(x[:, 64 * 33 : 64 * 34])]
    blocks.append(fast.filter(x[:, 64 * 34 :]))

    slow = weighting.run_filters(weighting.k_weighting(rate), x, np.zeros((3, 4)))
    assert np.concatenate(blocks, axis=1) == pytest.approx(slow, abs=1e-8)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(20, -23)], -23.0),
        ([(20, -33)], -33.0),
        ([(10, -36), (60, -23), (10, -36)], -23.0),
        ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23.0),
        ([(20, -26), (20.1, -20), (20, -26)], -23.0),
    ],
    ids=["case 1", "case 2", "case 3", "case 4", "case 5"],
)
def test_integrated_loudness_is_ebus(parts, expected):
    """A user compares with other meters: EBU Tech 3341, table 1, within 0.1 LU."""
    found = measured(*(sine(seconds, level) for seconds, level in parts))

    assert found.integrated == pytest.approx(expected, abs=0.1)


def test_surround_channels_weigh_more_and_lfe_nothing():
    """Surround weighs more and LFE nothing: EBU Tech 3341, case 6, in 5.0 and 5.1."""
    levels = {0: -28, 1: -28, 2: -24, 4: -30, 5: -30}
    x = np.zeros((6, 20 * RATE), np.float32)
    for channel, level in levels.items():
        x[channel] = sine(20, level, channels=1)[0]
    x[3] = sine(20, -10, channels=1, hz=60)[0]

    assert measured(x).integrated == pytest.approx(-23.0, abs=0.1)
    assert measured(x[[0, 1, 2, 4, 5]]).integrated == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20)],
    ids=["case 1", "case 2", "case 3"],
)
def test_loudness_range_is_ebus(levels, expected):
    """A user compares ranges with other meters: EBU Tech 3342, table 1, within 1 LU."""
    found = measured(*(sine(20, level) for level in levels))

    assert found.range == pytest.approx(expected, abs=1)


def test_a_range_needs_five_blocks():
    """A range of fewer than five blocks has no tenth, and must be None."""
    assert loudness_range(np.full(4, 0.1)) is None
    assert loudness_range(np.full(5, 0.1)) == 0


def test_the_loudest_moment_is_found():
    """A loud moment of 400 ms must show in the maxima of 400 ms and 3 s."""
    found = measured(sine(3, -40), sine(0.4, -10), sine(3, -40))

    assert found.momentary_max == pytest.approx(-10, abs=0.1)
    assert found.short_term_max == pytest.approx(-10 + 10 * np.log10(0.4 / 3), abs=0.1)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("phase", [0, 45, 67.5])
def test_the_true_peak_lies_between_the_samples(rate, phase):
    """A peak between samples clips a player: EBU Tech 3341, cases 15 to 18."""
    n = np.arange(rate)
    wave = 10 ** (-6 / 20) * np.sin(np.pi / 2 * n + np.radians(phase))
    x = (wave * np.minimum(1, n / 500)).astype(np.float32)

    found = measured(x[None], rate=rate)

    assert -0.4 < found.true_peak + 6 < 0.2


def test_skipping_hopeless_runs_changes_nothing():
    """A shortcut over quiet runs must not miss a true peak."""
    x = np.random.default_rng(2).standard_normal((2, 9_000)).astype(np.float32)
    x *= np.linspace(1, 0.01, 9_000, dtype=np.float32)
    patient, hasty = TruePeak(RATE, 2), TruePeak(RATE, 2)
    patient._gain = 1e9

    for start in range(0, 9_000, 700):
        patient.add(x[:, start : start + 700])
    hasty.add(x)

    assert patient.level == pytest.approx(hasty.level, rel=1e-6)
    assert hasty.level > np.abs(x).max()


def test_the_size_of_blocks_does_not_matter():
    """A decoder of another version has other blocks, and loudness must not change."""
    x = np.random.default_rng(3).standard_normal((2, 5 * RATE)).astype(np.float32) / 9

    assert measured(x, block=997) == measured(x, block=131_072)


def test_silence_has_no_loudness():
    """Minus infinity is no number in JSON, so silence must be None with a reason."""
    found = measured(np.zeros((2, 5 * RATE), np.float32))

    assert found == Loudness(
        integrated=None,
        range=None,
        momentary_max=None,
        short_term_max=None,
        true_peak=None,
        reason="SILENT",
    )


def test_what_the_gate_keeps_out_has_no_loudness():
    """Room noise below -70 LUFS has no loudness by the standard, but a true peak."""
    found = measured(sine(5, -75))

    assert (found.integrated, found.reason) == (None, "SILENT")
    assert found.true_peak == pytest.approx(-75, abs=0.1)


@pytest.mark.parametrize(
    ("seconds", "reason"), [(0.39, "TOO_SHORT"), (0.001, "TOO_SHORT"), (0.4, None)]
)
def test_a_loudness_needs_400_ms(seconds, reason):
    """A sound under 400 ms has a true peak, but no loudness to compare."""
    found = measured(sine(seconds, -20))

    assert found.reason == reason
    assert (found.integrated is None) == (reason is not None)
    assert found.short_term_max is None
    assert found.true_peak is not None
