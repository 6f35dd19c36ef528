"""The length of an M4A is known before it is decoded; a wrong one costs a pass."""

import struct
from pathlib import Path

import numpy as np
import pytest
from support import corpus, sound
from waveflow.audio import codec
from waveflow.audio.formats.head import sniff
from waveflow.audio.stream import Kind
from waveflow.audio.waveform.draw import draw
from waveflow.errors import WaveflowError

ENCODINGS = [
    ("aac", 48_000, 2, 1.0),
    ("aac", 44_100, 1, 1.237),
    ("aac", 8_000, 1, 0.5),
    ("aac", 96_000, 2, 0.3),
    ("aac", 44_100, 1, 0.001),
    ("alac", 44_100, 2, 0.7),
]
# Fields of the edit list and of the media header, behind the box's name.
EDIT_LENGTH, EDIT_START, MEDIA_LENGTH = (b"elst", 12), (b"elst", 16), (b"mdhd", 20)


def lengths(path: Path) -> tuple[int, int]:
    """Return a file's length as guessed and as decoded, in frames."""
    stream = codec.open_audio(path)
    return stream.frames, sum(len(block) for block in codec.blocks(stream))


def one_second(path: Path) -> Path:
    """Write one second of AAC."""
    return sound.encode(path, sound.music(1), codec="aac", container="ipod")


def claim(path: Path, field: tuple[bytes, int], value: int) -> None:
    """Overwrite one 32-bit field of an M4A."""
    raw = bytearray(path.read_bytes())
    name, offset = field
    struct.pack_into(">I", raw, raw.index(name) + offset, value)
    path.write_bytes(raw)


@pytest.mark.parametrize(("codec_name", "rate", "channels", "seconds"), ENCODINGS)
def test_an_m4a_is_decoded_once(
    tmp_path: Path, codec_name: str, rate: int, channels: int, seconds: float
):
    """A wrong guess doubles the cost of every M4A that a user uploads."""
    samples = sound.music(seconds, rate=rate, channels=channels)
    how = {"rate": rate, "codec": codec_name, "container": "ipod"}

    guessed, decoded = lengths(sound.encode(tmp_path / "a", samples, **how))

    assert guessed == decoded


@pytest.mark.parametrize(
    ("field", "value"),
    [(EDIT_LENGTH, 1), (EDIT_LENGTH, 500), (EDIT_LENGTH, 2_000)]
    + [(EDIT_START, start) for start in (0, 1, 1_023, 1_025, 3_000, 43_000)],
)
def test_an_edited_m4a_is_decoded_once(
    tmp_path: Path, field: tuple[bytes, int], value: int
):
    """Editors cut songs by an edit list: FFmpeg drops frames in front only."""
    path = one_second(tmp_path / "a")
    claim(path, field, value)

    guessed, decoded = lengths(path)

    assert guessed == decoded


@pytest.mark.parametrize("claimed", [0, 1_000, 20_000])
def test_an_m4a_that_lies_is_drawn_in_a_second_pass(tmp_path: Path, claimed: int):
    """A header that claims a part must not cut the waveform of the whole."""
    path = one_second(tmp_path / "a")
    honest = draw(path, 100)

    claim(path, MEDIA_LENGTH, claimed)

    drawn = draw(path, 100)
    assert codec.open_audio(path).frames < drawn.frames == honest.frames
    assert np.array_equal(drawn.peaks, honest.peaks)
    assert np.array_equal(drawn.data, honest.data)


def passes_of_found_m4a() -> dict[str, int]:
    """Return how often each M4A of the corpus and of the found files is decoded."""
    passes = {}
    for folder in (corpus.FOLDER, corpus.FOUND):
        for path in sorted(folder.rglob("*")):
            try:
                if path.is_file() and sniff(path) is Kind.M4A:
                    guessed, decoded = lengths(path)
                    passes[path.name] = 1 if guessed == decoded else 2
            except WaveflowError:
                continue  # refused, as another test demands
    return passes


@pytest.mark.skipif(not corpus.rows(), reason=corpus.ABSENT)
def test_no_found_m4a_is_decoded_twice():
    """Encoders other than FFmpeg's write other lengths: each file counts."""
    passes = passes_of_found_m4a()

    assert len(passes) >= 5
    assert [name for name, count in passes.items() if count > 1] == []
