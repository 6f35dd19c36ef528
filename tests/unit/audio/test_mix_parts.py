"""Parts of a mix by themselves: the limiter's curve, the phase check, the panner."""

import numpy as np
import pytest
from waveflow.audio.listen.stem_check import StemCheck
from waveflow.audio.mix.limiter import Limiter
from waveflow.audio.mix.phase import PhaseCheck
from waveflow.audio.mix.quantise import Quantiser
from waveflow.audio.mix.route import mono_gains, stereo_gains
from waveflow.audio.mix.settings import MixFormat
from waveflow.audio.stream import Block

CEILING = 0.5
RATES = [8_000, 11_025, 32_000, 44_100, 96_000, 192_000]


class Peaks:
    """Levels in memory, of which the limiter reads the peaks."""

    def __init__(self, peaks: np.ndarray, sample_rate: int) -> None:
        self._peaks, self.sample_rate = peaks, sample_rate
        self.chunk = 16 if sample_rate >= 32_000 else 4

    def read(self, first: int, stop: int) -> np.ndarray:
        """Return peaks, and no loudness, with silence around them."""
        levels = np.zeros((stop - first, 2), np.float32)
        inside = np.arange(max(0, first), min(stop, len(self._peaks)))
        levels[inside - first, 0] = self._peaks[inside]
        return levels


def limiter(peaks: np.ndarray, *, rate: int) -> Limiter:
    """Return a limiter of chunks with these peaks, with a ceiling of 0.5."""
    return Limiter(Peaks(peaks, rate), gain_db=0, ceiling_db=20 * np.log10(CEILING))


@pytest.mark.parametrize("rate", RATES)
def test_no_sample_of_a_loud_chunk_passes_the_ceiling(rate: int):
    """A single sample above the ceiling is a click in a listener's converter."""
    random = np.random.default_rng(rate)
    peaks = random.uniform(0, 1.9, 3_000) * (random.random(3_000) > 0.8)
    tool = limiter(peaks.astype(np.float32), rate=rate)
    chunk = 16 if rate >= 32_000 else 4
    block = np.repeat(peaks.astype(np.float32), chunk)[:, np.newaxis]

    tool.apply(block, 0)

    assert block.max() <= CEILING * (1 + 1e-6)
    assert tool.lowest == pytest.approx(CEILING / peaks.max(), rel=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_the_curve_begins_5_ms_before_a_peak(rate: int):
    """A gain that drops at once clicks; earlier than 5 ms, it is heard to duck."""
    peaks = np.zeros(2_000, np.float32)
    peaks[1_000] = 1
    tool = limiter(peaks, rate=rate)

    curve = tool.curve(0, 2_000)

    chunk_s = (16 if rate >= 32_000 else 4) / rate
    changed = np.flatnonzero(curve < 1)
    ahead_s, behind_s = (1_000 - changed[0]) * chunk_s, (changed[-1] - 1_000) * chunk_s
    assert ahead_s == pytest.approx(0.005, abs=1.01 * chunk_s)
    assert behind_s < 0.0125 + 2 * chunk_s
    assert curve[1_000] == pytest.approx(CEILING)
    assert np.abs(np.diff(curve)).max() <= 0.5 / max(1, round(0.0025 / chunk_s)) + 1e-6


def test_parts_of_the_curve_are_the_curve():
    """Blocks of another size must not change a byte of the mix."""
    random = np.random.default_rng(1)
    peaks = random.uniform(0, 1, 1_000).astype(np.float32)
    tool = limiter(peaks, rate=44_100)

    whole = tool.curve(-3, 1_003)

    edges = [-3, 0, 1, 500, 999, 1_003]
    parts = [tool.curve(*edges[n : n + 2]) for n in range(len(edges) - 1)]
    assert (np.concatenate(parts) == whole).all()


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
@pytest.mark.parametrize("right", [-1, -0.6, -0.5, -0.3, 0, 0.5, 1])
@pytest.mark.parametrize("level", [0.5, 5e-5])
def test_the_phase_check_says_what_the_stem_check_says(
    dtype: type, right: float, level: float
):
    """Mix and analysis must not disagree about the same stem."""
    left = np.random.default_rng(2).standard_normal(100_000).clip(-1, 1)
    samples = np.stack((left, left * right), axis=1) * level
    samples[20_000:40_000] = 0
    if dtype is not np.float32:
        samples = np.rint(samples * np.iinfo(dtype).max)
    samples = samples.astype(dtype)
    quick, whole = PhaseCheck(), StemCheck(44_100, 2)

    for start in range(0, len(samples), 30_000):
        quick.add(samples[start : start + 30_000])
        whole.add(Block(samples[start : start + 30_000], 44_100))

    codes = [warning.code for warning in whole.finish()]
    assert quick.is_anti_phase == ("ANTI_PHASE" in codes)


def test_other_channels_are_never_anti_phase():
    """The rule is about left and right; six channels have no such pair."""
    check = PhaseCheck()

    check.add(np.ones((100, 6), np.int16))

    assert not check.is_anti_phase


@pytest.mark.parametrize(
    ("pan", "left", "right"),
    [(-1, 1, 0), (-0.5, 0.9239, 0.3827), (0, 0.7071, 0.7071), (1, 0, 1)],
)
def test_a_mono_stem_is_panned_at_equal_power(pan: float, left: float, right: float):
    """A voice must not get louder or softer while it moves."""
    gains = mono_gains(pan)

    assert gains == pytest.approx((left, right), abs=1e-4)
    assert np.hypot(*gains) == pytest.approx(1)


def test_without_a_pan_there_is_no_panner():
    """A mono stem whose page has no panner must not lose 3 dB in the file."""
    assert mono_gains(None) == (1, 1)


@pytest.mark.parametrize("pan", [None, 0, -1, 1])
def test_a_stereo_stem_keeps_both_channels(pan: float | None):
    """At one side both channels sound there, as Chromium does; none is dropped."""
    from_left, from_right = stereo_gains(pan)

    expected = {-1: ((1, 0), (1, 0)), 1: ((0, 1), (0, 1))}
    wanted = expected.get(pan, ((1, 0), (0, 1)))
    assert np.allclose((from_left, from_right), wanted)


@pytest.mark.parametrize(
    ("pan", "wanted"),
    [
        (-0.5, ((1, 0), (0.7071, 0.7071))),
        (0.5, ((0.7071, 0.7071), (0, 1))),
        (-0.2, ((1, 0), (0.3090, 0.9511))),
    ],
)
def test_the_far_channel_moves_over_at_equal_power(pan: float, wanted: object):
    """A page pans a stereo piano by Web Audio's curve, and the file must follow."""
    assert np.allclose(stereo_gains(pan), wanted, atol=1e-4)


def test_24_bits_hold_what_they_can_exactly():
    """Rounding must not move a sample that 24 bits hold."""
    steps = np.array([[-(2**23)], [-1], [0], [1], [2**23 - 1]], np.float32)

    got = Quantiser(MixFormat.WAV24).samples(steps / np.float32(2**23))

    assert (got >> 8 == steps.astype(int)).all()


def test_dither_goes_on_from_block_to_block():
    """Blocks of another size must get the same noise."""
    silence = np.zeros((999, 2), np.float32)
    whole, parts = Quantiser(MixFormat.WAV16), Quantiser(MixFormat.WAV16)

    at_once = whole.samples(silence.copy())
    pieces = [parts.samples(silence[a:b].copy()) for a, b in ((0, 1), (1, 500))]
    pieces.append(parts.samples(silence[500:].copy()))

    assert (np.concatenate(pieces) == at_once).all()
    assert set(np.unique(at_once)) == {-1, 0, 1}
