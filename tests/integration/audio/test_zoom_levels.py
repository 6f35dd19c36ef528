"""Zoom levels, beside audiowaveform and an independent reading of its rules."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support import sound
from waveflow.audio.stream import Block, Kind, Rounding, Stream
from waveflow.audio.waveform.draw import draw
from waveflow.audio.waveform.zoom_levels import (
    CHANNELS_MIXED,
    ZOOM_DROPPED,
    Zoom,
    ZoomLevels,
)

TOOL = shutil.which("audiowaveform")
LEVELS = (64, 192, 768)


def zoom_of(
    path: Path, *, levels: tuple[int, ...] = LEVELS, split: bool = False
) -> Zoom:
    """Draw the zoom levels of a file beside its waveform, as a drawing stage does."""
    listeners: list[ZoomLevels] = []

    def listen(stream: Stream) -> list[ZoomLevels]:
        listeners.append(ZoomLevels(stream, levels, split=split))
        return listeners

    draw(path, 100, listen=listen)
    return listeners[0].finish()


def dat_by_rules(path: Path, *, run: int, split: bool) -> bytes:
    """Return a .dat file by audiowaveform's rules, read one number at a time."""
    if soundfile.info(path).subtype == "FLOAT":
        floats = soundfile.read(path, dtype="float32", always_2d=True)[0]
        rows = np.clip(floats * np.float32(32_767), -32_768, 32_767)
        rows = rows.astype(int).tolist()
    else:
        rows = soundfile.read(path, dtype="int16", always_2d=True)[0].tolist()
    lanes = len(rows[0]) if split else 1
    length = -(-len(rows) // run)
    head = struct.pack("<iIiiI", 1 + (lanes > 1), 1, 44_100, run, length)
    if lanes > 1:
        head += struct.pack("<i", lanes)
    return head + points_by_rules(rows, run=run, split=split)


def points_by_rules(rows: list[list[int]], *, run: int, split: bool) -> bytes:
    """Return the minima and maxima of runs of 16-bit samples, one byte each."""
    if not split:
        rows = [[int(sum(row) / len(row))] for row in rows]
    points = []
    for start in range(0, len(rows), run):
        for lane in zip(*rows[start : start + run], strict=True):
            points += [int(min(lane) / 256), int(max(lane) / 256)]
    return struct.pack(f"{len(points)}b", *points)


SOURCES = [
    ("WAV", "PCM_16", 1),
    ("WAV", "PCM_16", 2),
    ("WAV", "PCM_16", 8),
    ("WAV", "PCM_24", 2),
    ("WAV", "FLOAT", 2),
    ("FLAC", "PCM_16", 2),
    ("FLAC", "PCM_24", 8),
    ("AIFF", "PCM_16", 2),
]


@pytest.mark.parametrize("level", [0.3, 1.4], ids=["quiet", "loud"])
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("source", SOURCES, ids=lambda kind: "-".join(map(str, kind)))
def test_levels_are_the_tools_bytes(tmp_path, source, level, *, split):
    """A front-end may mix our files with those of audiowaveform."""
    form, subtype, channels = source
    path = tmp_path / f"a.{form.lower()}"
    samples = sound.music(1.3, channels=channels) * level
    soundfile.write(path, samples, 44_100, subtype, format=form)

    zoom = zoom_of(path, split=split)

    is_split = split and channels == 2
    assert [drawn.samples_per_pixel for drawn in zoom.levels] == list(LEVELS)
    for drawn in zoom.levels:
        run = drawn.samples_per_pixel
        assert drawn.dat() == dat_by_rules(path, run=run, split=is_split)
    assert zoom.warnings == ({CHANNELS_MIXED} if split and channels > 2 else set())


def tool_bytes(path: Path, *, run: int, split: bool) -> bytes:
    """Return the .dat file of audiowaveform itself."""
    out = path.with_suffix(".dat")
    command = [TOOL, "-q", "-i", path, "-o", out, "-z", str(run), "-b", "8"]
    if split:
        command.append("--split-channels")
    subprocess.run(command, check=True, capture_output=True)
    return out.read_bytes()


@pytest.mark.skipif(not TOOL, reason="audiowaveform is not installed")
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("form", ["WAV", "FLAC", "AIFF"])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_levels_are_the_real_tools_bytes(tmp_path, channels, form, *, split):
    """The rules as read in the tests could be wrong: the program itself decides."""
    random = np.random.default_rng(channels + 10 * split)
    finest = int(random.integers(64, 700))
    factors = random.integers(2, 9, 2).tolist()
    levels = (finest, finest * factors[0], finest * factors[0] * factors[1])
    samples = sound.music(3, channels=channels)[: -random.integers(1, 900)]
    samples *= random.uniform(0.2, 1.6)
    path, there = tmp_path / f"a.{form.lower()}", tmp_path / "a.wav"
    soundfile.write(path, samples, 44_100, "PCM_16", format=form)
    if form == "AIFF":  # which audiowaveform cannot read
        soundfile.write(there, samples, 44_100, "PCM_16")
    read = there if form == "AIFF" else path
    is_split = split and channels == 2

    zoom = zoom_of(path, levels=levels, split=split)

    for level, run in zip(zoom.levels, levels, strict=True):
        assert level.dat() == tool_bytes(read, run=run, split=is_split)


LOSSY = [
    ("a.mp3", {"format": "MP3", "subtype": "MPEG_LAYER_III"}),
    ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
    ("a.opus", {"format": "OGG", "subtype": "OPUS", "rate": 48_000}),
]


def check_within_one(found: np.ndarray, expected: np.ndarray) -> None:
    """Check that values differ by 1 at most, and on 0.5 % of them at most."""
    found, expected = found.reshape(-1).astype(int), expected.reshape(-1)
    shared = min(len(expected), len(found))
    off = np.abs(found[:shared] - expected[:shared])
    assert abs(len(found) - len(expected)) <= 40  # a few frames of padding
    assert off.max() <= 1
    assert (off > 0).mean() <= 0.005


@pytest.mark.parametrize(("name", "options"), LOSSY, ids=["mp3", "ogg", "opus"])
def test_lossy_levels_are_within_one(tmp_path, name, options):
    """Another decoder may differ by 1 on 0.5 % of the values, and by no more."""
    path = sound.write(tmp_path / name, sound.music(6), **options)
    samples = soundfile.read(path, dtype="int16")[0].astype(int)
    mixed = np.fix(samples.sum(axis=1) / 2)

    for level in zoom_of(path, levels=(256, 1024)).levels:
        starts = np.arange(0, len(mixed), level.samples_per_pixel)
        folded = [fold.reduceat(mixed, starts) for fold in (np.minimum, np.maximum)]
        check_within_one(level.data, np.fix(np.stack(folded, axis=1) / 256))


@pytest.mark.skipif(not TOOL, reason="audiowaveform is not installed")
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize(("name", "options"), LOSSY, ids=["mp3", "ogg", "opus"])
def test_lossy_levels_are_near_the_real_tools(tmp_path, name, options, *, split):
    """A front-end that kept files of audiowaveform must see the same picture."""
    path = sound.write(tmp_path / name, sound.music(6), **options)

    for level in zoom_of(path, levels=(97, 291), split=split).levels:
        theirs = tool_bytes(path, run=level.samples_per_pixel, split=split)
        head = 20 + 4 * split
        assert level.dat()[:4] == theirs[:4]
        check_within_one(level.data, np.frombuffer(theirs[head:], np.int8).astype(int))


def stream_of(samples: np.ndarray) -> Stream:
    """Return the facts of a stream whose blocks a test hands on itself."""
    return Stream(
        kind=Kind.WAV,
        sample_rate=44_100,
        channels=samples.shape[1],
        frames=0,
        rounding=Rounding.SHIFT,
        read=lambda _: iter(()),
    )


def zoom_by_blocks(samples: np.ndarray, step: int, **how: object) -> Zoom:
    """Draw samples that arrive in blocks of `step` frames."""
    listener = ZoomLevels(stream_of(samples), **how)
    for start in range(0, len(samples), step):
        listener.add(Block(samples[start : start + step], 44_100))
    return listener.finish()


SAMPLES = (sound.music(1) * 32_767).astype(np.int16)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("step", [1, 37, 64, 1_000, 44_100])
def test_blocks_of_any_size_give_the_same_levels(step, order, *, split):
    """The size and order of a decoder's blocks are no property of the recording."""
    samples = np.array(SAMPLES[:5_000], order=order)
    how = {"samples_per_pixel": (66, 198), "split": split}

    found = zoom_by_blocks(samples, step, **how)

    expected = zoom_by_blocks(SAMPLES[:5_000], 5_000, **how)
    dats = [level.dat() for level in found.levels]
    assert dats == [level.dat() for level in expected.levels]


@settings(deadline=None, max_examples=60)
@given(
    frames=st.integers(1, 4_000),
    step=st.integers(1, 700),
    runs=st.tuples(st.integers(2, 90), st.integers(2, 5), st.integers(2, 5)),
    kept=st.integers(0, 3),
    split=st.booleans(),
)
def test_any_length_block_and_level_is_folded_alike(frames, step, runs, kept, split):
    """A joint of two blocks, or a dropped level, must not move or lose a peak."""
    samples = SAMPLES[:frames]
    levels = (runs[0], runs[0] * runs[1], runs[0] * runs[1] * runs[2])
    files = {
        run: points_by_rules(samples.tolist(), run=run, split=split) for run in levels
    }
    coarsest = levels[len(levels) - kept :]
    room = sum(len(files[run]) + 24 for run in coarsest)

    zoom = zoom_by_blocks(
        samples, step, samples_per_pixel=levels, split=split, max_bytes=room
    )

    found = {x.samples_per_pixel: x.data.tobytes() for x in zoom.levels}
    assert found == {run: files[run] for run in coarsest}
    assert zoom.warnings == (set() if kept == len(levels) else {ZOOM_DROPPED})


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("step", [50, 1_000])
def test_the_finest_level_is_dropped_while_it_is_drawn(step, *, split):
    """Six hours at 64 samples per pixel must not fill the memory, nor cost the rest."""
    how = {"samples_per_pixel": LEVELS, "split": split}
    whole = zoom_by_blocks(SAMPLES, step, **how)
    coarser = sum(len(level.dat()) for level in whole.levels[1:])

    kept = zoom_by_blocks(SAMPLES, step, max_bytes=coarser + 50, **how)

    assert [level.samples_per_pixel for level in kept.levels] == list(LEVELS[1:])
    for one, other in zip(kept.levels, whole.levels[1:], strict=True):
        assert one.dat() == other.dat()
    assert kept.warnings == {ZOOM_DROPPED}


def test_all_levels_may_be_dropped():
    """A file too long for its coarsest level ends without levels, not with an error."""
    zoom = zoom_by_blocks(
        SAMPLES, 1_000, samples_per_pixel=(64,), split=False, max_bytes=100
    )

    assert zoom.levels == ()
    assert zoom.warnings == {ZOOM_DROPPED}


def test_one_frame_is_one_point():
    """The shortest recording has levels, too."""
    zoom = zoom_by_blocks(SAMPLES[:1], 1, samples_per_pixel=(64, 128), split=True)

    assert [level.length for level in zoom.levels] == [1, 1]
