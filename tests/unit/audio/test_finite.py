"""No listener takes a NaN, an infinity or a sum that overflows for a sample."""

import numpy as np
import pytest
from waveflow.audio import codec
from waveflow.audio.stream import (
    MAX_LEVEL,
    NON_FINITE_SAMPLES,
    Block,
    Kind,
    Rounding,
    Samples,
    Stream,
)
from waveflow.audio.waveform import parallel
from waveflow.audio.waveform.canvas import Canvas, Plan

FRAMES, BLOCK, AT = 3_000, 700, 1_234
PLAN = Plan(FRAMES, 25, Rounding.NEAREST, 2)
SIGNALLING = np.array([0x7FA0_0000], np.uint32).view(np.float32)[0]
NO_SAMPLES = [np.float32("nan"), SIGNALLING, np.float32("inf"), np.float32("-inf")]
TOO_LARGE = [np.float32(3e38), np.float32(-3e38)]


class Recorder:
    """Keep every sample that a listener can see."""

    def __init__(self) -> None:
        self.blocks: list[Samples] = []

    def add(self, block: Block) -> None:
        """Keep one block."""
        self.blocks.append(block.samples.copy())

    def finish(self) -> Samples:
        """Return all samples."""
        return np.concatenate(self.blocks)


def samples_with(value: np.float32, order: str) -> np.ndarray:
    """Return noise that holds one bad value, in the layout of a decoder."""
    noise = np.random.default_rng(3).uniform(-0.9, 0.9, (FRAMES, 2))
    samples = np.asarray(noise, np.float32, order=order)
    samples.view(np.uint32)[AT, 1] = np.float32(value).view(np.uint32)
    return samples


def stream_of(samples: np.ndarray) -> Stream:
    """Return a stream of samples, in blocks of their own memory layout."""
    return Stream(
        kind=Kind.OGG,
        sample_rate=8_000,
        channels=2,
        frames=FRAMES,
        rounding=Rounding.NEAREST,
        read=lambda start, _samples: (
            samples[at : at + BLOCK].copy(order="K")
            for at in range(start, FRAMES, BLOCK)
        ),
        splittable=True,
    )


def drawn(stream: Stream, *others: Recorder) -> list[object]:
    """Return what the canvas draws, beside other listeners."""
    canvas = Canvas(PLAN)
    codec.decode_into(stream, [canvas, *others])
    drawing = canvas.finish()
    return [drawing.peaks.tolist(), drawing.peak, drawing.data.tolist()]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("value", NO_SAMPLES)
def test_no_number_is_silence_for_every_listener(value: np.float32, order: str):
    """A single NaN would empty a user's waveform, mix and loudness."""
    stream, recorder = stream_of(samples_with(value, order)), Recorder()
    silent = samples_with(np.float32(0), order)

    alone = drawn(stream)
    beside = drawn(stream_of(samples_with(value, order)), recorder)

    assert alone == beside == drawn(stream_of(silent))
    assert np.array_equal(recorder.finish(), silent)
    assert stream.warnings == {NON_FINITE_SAMPLES}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("value", TOO_LARGE)
def test_a_sample_is_bounded_for_every_listener(value: np.float32, order: str):
    """64 stems of such samples would add up to infinity."""
    stream, recorder = stream_of(samples_with(value, order)), Recorder()
    bounded = samples_with(np.sign(value) * MAX_LEVEL, order)

    found = drawn(stream, recorder)

    assert found == drawn(stream_of(bounded))
    assert np.array_equal(recorder.finish(), bounded)
    assert stream.warnings == set()


@pytest.mark.parametrize("value", NO_SAMPLES)
def test_a_mix_takes_only_finite_samples(value: np.float32):
    """A mix reads blocks without a canvas in front that would see the NaN."""
    stream = stream_of(samples_with(value, "F"))

    read = np.concatenate([block.copy() for block in codec.blocks(stream)])

    assert np.array_equal(read, samples_with(np.float32(0), "F"))
    assert stream.warnings == {NON_FINITE_SAMPLES}


def test_parts_that_do_not_fit_together_are_not_joined():
    """A decoder that starts late in a file at a wrong frame would shift the song."""
    samples = samples_with(np.float32(0), "F")
    stream, late = stream_of(samples), stream_of(np.roll(samples, 1, axis=0))
    whole = stream.read
    stream.read = lambda start, size: (late.read if start else whole)(start, size)

    assert parallel.paint(stream, PLAN, deadline=None, parts=2) is None


def test_parts_of_a_file_draw_a_nan_as_silence():
    """The second decoder has no listener beside its canvas."""
    stream = stream_of(samples_with(NO_SAMPLES[0], "F"))

    canvas = parallel.paint(stream, PLAN, deadline=None, parts=2)

    drawing = canvas.finish()
    found = [drawing.peaks.tolist(), drawing.peak, drawing.data.tolist()]
    assert found == drawn(stream_of(samples_with(np.float32(0), "F")))
    assert stream.warnings == {NON_FINITE_SAMPLES}
