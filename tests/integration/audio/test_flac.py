"""FLAC of every kind, whole and damaged, decoded to the bit."""

from pathlib import Path

import numpy as np
import pytest
from support import hostile, sound
from waveflow.audio import codec
from waveflow.audio.formats import flac
from waveflow.audio.stream import BLOCK_SAMPLES
from waveflow.audio.waveform import parallel
from waveflow.audio.waveform.canvas import Plan
from waveflow.audio.waveform.draw import draw
from waveflow.errors import CorruptAudioError


def noise(frames: int, *, bits: int, channels: int = 2) -> np.ndarray:
    """Return noise of so many bits, with both full scales in it."""
    top = 1 << bits - 1
    random = np.random.default_rng(bits * channels)
    samples = random.integers(-top // 4, top // 4, (frames, channels), np.int32)
    samples[0], samples[-1] = -top, top - 1
    return samples


def without_length(content: bytes) -> bytes:
    """Return a FLAC file whose encoder wrote to a pipe."""
    return content[:21] + bytes([content[21] & 0xF0]) + bytes(4) + content[26:]


def frame_at(content: bytes, number: int) -> int:
    """Return the position of a frame of 4,096 samples in a FLAC file."""
    coded = hostile.coded(number)
    at = content.index(b"\xff\xf8", 42)
    while True:
        end = at + 4 + len(coded)
        if (
            content[at + 4 : end] == coded
            and hostile.crc8(content[at:end]) == content[end]
        ):
            return at
        at = content.index(b"\xff\xf8", at + 1)


def decoded(path: Path, start: int = 0) -> np.ndarray:
    """Return all samples from a frame on."""
    stream = codec.open_audio(path)
    parts = [block.copy() for block in codec.blocks(stream, start=start)]
    assert stream.warnings == set()
    return np.concatenate(parts)


SHAPES = [
    *((bits, 2, 0) for bits in (4, 8, 12, 15, 16, 20, 24, 32)),
    *((16, channels, 0) for channels in (1, 3, 6, 8)),
    *((16, 2, size) for size in (16, 65_535)),
]


@pytest.mark.parametrize(("bits", "channels", "block_size"), SHAPES)
def test_flac_decodes_to_what_was_encoded(
    tmp_path: Path, bits: int, channels: int, block_size: int
):
    """Masters have up to 32 bits and 8 channels; each sample must stay as it is."""
    samples = noise(70_000, bits=bits, channels=channels)
    path = sound.flac(tmp_path / "a", samples, bits=bits, block_size=block_size)

    got = decoded(path)

    assert got.dtype == (np.int16 if bits <= 16 else np.int32)
    assert (got >> 8 * got.itemsize - bits == samples).all()


@pytest.mark.parametrize("start", [1, 4_095, 4_096, 50_000, 69_999])
def test_flac_decodes_from_any_frame_to_the_same_bits(tmp_path: Path, start: int):
    """Two decoders draw halves of a file; a seek that misses shifts a half."""
    samples = noise(70_000, bits=20)
    path = sound.flac(tmp_path / "a", samples, bits=20)
    for content in (path.read_bytes(), without_length(path.read_bytes())):
        path.write_bytes(content)

        got = decoded(path, start)

        assert (got >> 12 == samples[start:]).all()


def test_flac_of_unknown_length_is_drawn_in_two_parts(tmp_path: Path):
    """FLAC from a pipe took one decoder, and FFmpeg's, which is slower."""
    path = sound.flac(tmp_path / "a", noise(300_000, bits=16), bits=16)
    path.write_bytes(without_length(path.read_bytes()))
    stream = codec.open_audio(path)
    plan = Plan(stream.frames, 100, stream.rounding, stream.channels)

    assert stream.splittable
    assert parallel.paint(stream, plan, deadline=None, parts=2) is not None


@pytest.mark.parametrize(
    "front", [[], [100], [100, 5_000], [100, None]], ids=["no", "one", "two", "padded"]
)
def test_tags_in_front_of_flac_are_skipped(tmp_path: Path, front: list[int | None]):
    """Taggers put ID3 in front of FLAC, some of them twice or with zeros behind."""
    samples = noise(30_000, bits=16)
    path = sound.flac(tmp_path / "a", samples, bits=16)
    tags = b"".join(
        bytes(600)
        if size is None
        else b"ID3\4\0\0" + bytes([0, 0, size >> 7, size & 127]) + bytes(size)
        for size in front
    )
    path.write_bytes(tags + path.read_bytes())

    assert (decoded(path) == samples).all()


@pytest.mark.parametrize("behind", [b"TAG" + bytes(125), bytes(9_000), b"\xff" * 300])
def test_bytes_behind_flac_cost_no_frame(tmp_path: Path, behind: bytes):
    """To libFLAC a tag behind the last frame is an error, which takes a block along."""
    samples = noise(200_000, bits=16)
    path = sound.flac(tmp_path / "a", samples, bits=16)
    path.write_bytes(path.read_bytes() + behind)

    assert (decoded(path) == samples).all()


def test_the_length_of_flac_that_ends_in_silence_is_known_at_once(tmp_path: Path):
    """A last frame of 13 bytes was overlooked, and the file was drawn twice."""
    silence = np.zeros((10_000, 1), np.int32)
    path = sound.flac(tmp_path / "a", silence, bits=16)

    assert codec.open_audio(path).frames == 10_000


@pytest.mark.parametrize("other", [(24, 2), (16, 1)], ids=["bits", "channels"])
def test_flac_that_changes_its_format_on_the_way_is_corrupt(
    tmp_path: Path, other: tuple[int, int]
):
    """Frames of 24 bits, read as 16, would be noise in the middle of a song."""
    bits, channels = other
    one = sound.flac(tmp_path / "a", noise(600_000, bits=16), bits=16)
    two = noise(600_000, bits=bits, channels=channels)
    content = one.read_bytes()
    strange = sound.flac(tmp_path / "b", two, bits=bits).read_bytes()
    content = (
        content[: frame_at(content, 20)]
        + strange[frame_at(strange, 20) : frame_at(strange, 22)]
        + content[frame_at(content, 22) :]
    )
    one.write_bytes(content)

    with pytest.raises(CorruptAudioError):
        draw(one, 100)


@pytest.mark.parametrize("claimed", [10_000, 2**36 - 1])
def test_flac_is_drawn_in_two_parts_whatever_its_header_claims(
    tmp_path: Path, claimed: int
):
    """A claim decides neither where libFLAC ends nor where a part begins."""
    path = sound.flac(tmp_path / "a", noise(300_000, bits=16), bits=16)
    whole = draw(path, 100)
    content = path.read_bytes()
    packed = int.from_bytes(content[18:26], "big") >> 36 << 36 | claimed
    path.write_bytes(content[:18] + packed.to_bytes(8, "big") + content[26:])
    stream = codec.open_audio(path)
    plan = Plan(stream.frames, 100, stream.rounding, stream.channels)

    canvas = parallel.paint(stream, plan, deadline=None, parts=2)

    assert canvas is not None
    assert (canvas.finish().data == whole.data).all()


def test_where_flac_breaks_off_decides_and_not_the_size_of_blocks(tmp_path: Path):
    """A stem that can be drawn can be mixed, though a mix reads shorter blocks."""
    path = sound.flac(tmp_path / "a", noise(500_000, bits=16), bits=16)
    structure = flac.read_structure(path)

    for broken in range(0, 500_000, 7_000):
        answers = {
            structure.is_near_end(broken // frames * frames)
            for frames in (BLOCK_SAMPLES // 8, BLOCK_SAMPLES // 4, BLOCK_SAMPLES // 2)
        }
        assert len(answers) == 1


def test_junk_in_front_of_a_long_flac_costs_nothing(tmp_path: Path):
    """Some editors leave bytes in front of the first frame of a long recording."""
    samples = noise(600_000, bits=16)
    path = sound.flac(tmp_path / "a", samples, bits=16)
    content = path.read_bytes()
    first = frame_at(content, 0)
    path.write_bytes(content[:first] + b"junk" * 25 + content[first:])

    assert (decoded(path) == samples).all()


@pytest.mark.parametrize("bits", [16, 20])
def test_a_hole_in_any_flac_is_corrupt(tmp_path: Path, bits: int):
    """Audio behind the hole stood 0.1 s early, and no warning told the musician."""
    path = sound.flac(tmp_path / "a", noise(600_000, bits=bits), bits=bits)
    content = path.read_bytes()
    at = frame_at(content, 20)
    holed = content[:at] + bytes(300) + content[at + 300 :]
    for damaged in (holed, without_length(holed)):
        path.write_bytes(damaged)

        with pytest.raises(CorruptAudioError):
            draw(path, 100)


@pytest.mark.parametrize("lost", [1, 2, 500, 70_000])
def test_flac_that_is_cut_keeps_every_whole_frame(tmp_path: Path, lost: int):
    """A cut file ends for libFLAC without a word; the musician must hear of it."""
    samples = noise(200_000, bits=16)
    path = sound.flac(tmp_path / "a", samples, bits=16, block_size=4_096)
    path.write_bytes(path.read_bytes()[:-lost])
    stream = codec.open_audio(path)

    got = np.concatenate([block.copy() for block in codec.blocks(stream)])

    assert stream.warnings == {"TRUNCATED"}
    assert len(got) % 4_096 == 0
    assert (got == samples[: len(got)]).all()
