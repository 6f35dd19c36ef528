"""A drawing and a mix do not depend on where a decoder's blocks end."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import sound
from support.mixes import mono_stem
from waveflow.audio import codec
from waveflow.audio.listen.meter import Meter
from waveflow.audio.mix.classic import mix
from waveflow.audio.mix.stem import PIECE_FRAMES
from waveflow.audio.mix.total import STEP_SAMPLES
from waveflow.audio.stream import BLOCK_SAMPLES, Kind, Rounding, Stream
from waveflow.audio.waveform.canvas import Canvas, Plan
from waveflow.audio.waveform.draw import draw
from waveflow.audio.waveform.zoom import ZoomLevel

FRAMES, NUM_PEAKS = 3_000, 25
POINT = FRAMES // NUM_PEAKS  # frames of one peak, and of one pair of data
AROUND_A_POINT = [POINT - 1, POINT, POINT + 1]
KINDS = [
    (np.int16, Rounding.SHIFT),
    (np.int32, Rounding.SHIFT),
    (np.float32, Rounding.TRUNCATE),
    (np.float32, Rounding.NEAREST),
    (np.float32, Rounding.FLOOR),
]


def around(*lengths: int) -> list[int]:
    """Return each length, one less and one more."""
    return [length + off for length in lengths for off in (-1, 0, 1)]


def samples_of(dtype, channels: int = 2) -> np.ndarray:
    """Return noise up to full scale, and beyond in floats."""
    noise = np.random.default_rng(5).uniform(-1, 1, (FRAMES, channels))
    if dtype is np.float32:
        return (noise * 1.1).astype(np.float32)
    return (noise * np.iinfo(dtype).max).astype(dtype)


def stream_of(samples: np.ndarray, rounding: Rounding, *, block: int) -> Stream:
    """Return a stream whose decoder hands out blocks of one length."""
    return Stream(
        kind=Kind.WAV,
        sample_rate=8_000,
        channels=samples.shape[1],
        frames=len(samples),
        rounding=rounding,
        read=lambda _start, _samples: (
            samples[at : at + block].copy() for at in range(0, len(samples), block)
        ),
    )


def found_by(samples: np.ndarray, rounding: Rounding, *, block: int) -> list[object]:
    """Return what every listener finds in blocks of one length."""
    stream = stream_of(samples, rounding, block=block)
    canvas = Canvas(Plan(FRAMES, NUM_PEAKS, rounding, samples.shape[1]))
    levels = [
        ZoomLevel(stream, POINT, bits=bits, split=split)
        for bits, split in ((8, False), (16, True))
    ]
    meter = Meter()
    codec.decode_into(stream, [canvas, *levels, meter])
    drawing = canvas.finish()
    return [
        drawing.peaks.tolist(),
        drawing.peak,
        drawing.data.tolist(),
        *(level.finish().data.tolist() for level in levels),
        meter.finish(),
    ]


@pytest.mark.parametrize("block", [*AROUND_A_POINT, FRAMES - 1, FRAMES + 1])
@pytest.mark.parametrize(("dtype", "rounding"), KINDS)
def test_listeners_find_the_same_in_blocks_of_any_length(dtype, rounding, block):
    """A decoder of another version has other blocks; its waveforms must not change."""
    samples = samples_of(dtype)

    found = found_by(samples, rounding, block=block)

    assert found == found_by(samples, rounding, block=FRAMES)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_no_frame_is_lost_at_the_end_of_a_decoders_block(
    tmp_path: Path, channels: int, blocks: int, off: int
):
    """A click in the last frame would vanish from the waveform that a user sees."""
    frames = blocks * BLOCK_SAMPLES // channels + off
    click = np.zeros((frames, channels), np.float32)
    click[[0, -1]] = 0.5
    path = sound.write(tmp_path / "a.wav", click, subtype="PCM_16")

    waveform = draw(path, 100)

    assert waveform.frames == frames
    assert np.flatnonzero(waveform.peaks).tolist() == [0, 99]


@pytest.mark.parametrize("frames", around(PIECE_FRAMES, STEP_SAMPLES, BLOCK_SAMPLES))
def test_a_mix_sums_every_frame_of_stems_that_end_around_a_block(
    tmp_path: Path, frames: int
):
    """A stem whose last block is dropped or doubled is heard as a click."""
    ramp = (np.arange(frames) % 1000 / 2000).astype(np.float32)
    stems = [ramp, ramp[: frames - 1], ramp[: frames // 2]]
    paths = [
        sound.write(tmp_path / f"{n}.wav", stem, subtype="FLOAT")
        for n, stem in enumerate(stems)
    ]

    result = mix(paths, tmp_path / "out.wav")

    total = np.zeros(frames)
    for stem in stems:
        total[: len(stem)] += stem
    written = soundfile.read(tmp_path / "out.wav", dtype="int16")[0]
    assert result.waveform.frames == len(written) == frames
    assert np.abs(written - total / 3 * 32_767).max() <= 0.51


@pytest.mark.parametrize("frames", around(PIECE_FRAMES, STEP_SAMPLES, 2 * STEP_SAMPLES))
def test_a_stem_fills_every_step_of_the_mix(tmp_path: Path, frames: int):
    """Steps of the mix are full up to the last one, or stems would drift apart."""
    ramp = (np.arange(frames) % 1000 / 2000).astype(np.float32)
    path = sound.write(tmp_path / "a.wav", ramp, subtype="FLOAT")
    stem = mono_stem(path)

    steps, counts = [], []
    while not counts or counts[-1]:
        steps.append(np.zeros((STEP_SAMPLES, 1), np.float32))
        counts.append(stem.add_to(steps[-1]))

    *full, _, none = counts
    assert set(full) <= {STEP_SAMPLES}
    assert none == 0
    assert np.concatenate(steps)[:frames, 0].tolist() == ramp.tolist()
    assert sum(counts) == frames
