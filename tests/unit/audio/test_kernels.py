"""Reductions of samples, beside readings that a person can check."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waveflow.audio import kernels
from waveflow.audio.stream import Rounding
from waveflow.audio.waveform import levels
from waveflow.audio.waveform.canvas import Grid


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 900), st.integers(1, 400), st.integers(1, 300))
def test_grid_cuts_where_the_contract_says(frames: int, buckets: int, block: int):
    """A bucket that starts elsewhere than floor(i * n / N) shifts a user's peaks."""
    buckets = min(buckets, frames)
    owner = np.full(frames, -1)
    for position in range(0, frames, block):
        count = min(block, frames - position)
        where, starts = Grid(frames, buckets).cut(position, count)
        for index, start in zip(range(where.start, where.stop), starts, strict=True):
            owner[position + start : position + count] = index

    edges = [index * frames // buckets for index in range(buckets + 1)]
    expected = np.repeat(np.arange(buckets), np.diff(edges))
    assert (owner == expected).all()


@pytest.mark.parametrize("channels", [1, 2, 3, 24])
def test_channels_add_up_without_overflow(channels: int):
    """Sums of full scale in every channel must not overflow 16 bits."""
    block = np.full((5, channels), -32_768, np.int16)

    assert (kernels.channel_sum(block) == -32_768 * channels).all()


@pytest.mark.parametrize("level", [16_383, 16_384, -16_384, -16_385, -32_768])
def test_stereo_adds_up_around_half_of_full_scale(level: int):
    """The short way to a sum of 16 bits would wrap a loud song to its negative."""
    block = np.full((4, 2), level, np.int16)
    block[1] = [7, -9]
    sums = levels.ChannelSums(Rounding.SHIFT)

    summed = sums.of(block, loudest=abs(level) / 32_768)
    low, high = levels.fold(summed, np.array([0, 2]))

    assert low.tolist() == [min(-2, 2 * level), 2 * level]
    assert high.tolist() == [max(-2, 2 * level), 2 * level]


@pytest.mark.parametrize("dtype", ["i2", "i4", "i8", "f4", "f8"])
def test_division_rounds_towards_zero(dtype: str):
    """The C of audiowaveform divides towards zero; floor would differ by one."""
    values = np.array([-5, -4, -1, 1, 4, 5], dtype)

    assert kernels.divide_towards_zero(values, 3).tolist() == [-1, -1, 0, 0, 1, 1]


def test_division_of_full_scale_does_not_overflow():
    """The sum of 32 channels at full scale must not wrap to another level."""
    lowest = np.array([-(2**31), 2**31 - 1], np.int32)

    found = kernels.divide_towards_zero(lowest, 256).tolist()

    assert found == [-(2**23), 2**23 - 1]


def test_eight_bits_are_cut_towards_zero():
    """A shift rounds down, and would differ from audiowaveform: -87, not -88."""
    sixteen = np.array([-32_768, -22_400, -255, 255, 32_767], np.int16)

    assert levels.to_8_bits(sixteen).tolist() == [-128, -87, 0, 0, 127]


def test_levels_beyond_full_scale_clip():
    """A lossy 1.05 must not wrap to a negative level."""
    block = np.array([[1.05], [-1.2]], np.float32)

    summed = levels.ChannelSums(Rounding.NEAREST).of(block)
    low, _ = levels.fold(summed, np.arange(2))
    sixteen = levels.to_16_bits(low, 1, rounding=Rounding.NEAREST)

    assert sixteen.tolist() == [32_767, -32_767]


def test_anti_phase_stereo_keeps_its_magnitude():
    """A stereo file in anti-phase has a silent mono mix, but must show its peaks."""
    left = np.linspace(-1, 1, 64, dtype=np.float32)
    block = np.stack([left, -left], axis=1)

    assert kernels.magnitudes(block, np.array([0, 32])).tolist() == [1, 1]
    assert not kernels.mono(block).any()


@pytest.mark.parametrize("order", ["C", "F"])
def test_magnitudes_do_not_depend_on_memory_layout(order: str):
    """Decoders hand out interleaved and planar blocks, and peaks must be the same."""
    block = np.random.default_rng(1).integers(-9999, 9999, (100, 3)).astype(np.int16)
    starts = np.array([0, 7, 50])

    found = kernels.magnitudes(np.asarray(block, order=order), starts)

    parts = np.split(np.abs(block), starts[1:])
    assert found.tolist() == [part.max() for part in parts]
