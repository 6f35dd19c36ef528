"""Files without a frame of audio: EMPTY_AUDIO in every format."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import hostile, sound
from waveflow.audio.waveform.draw import draw
from waveflow.errors import CorruptAudioError, EmptyAudioError, UnsupportedMediaError

NOTHING = np.zeros((0, 1), np.float32)


def box(name: bytes, body: bytes = b"") -> bytes:
    """Return a box of an MPEG-4 file."""
    return struct.pack(">I", 8 + len(body)) + name + body


def aiff(folder: Path) -> bytes:
    """Return AIFF without its sound data, which the format allows."""
    whole = sound.write(folder / "a.aiff", NOTHING, subtype="PCM_16").read_bytes()
    return whole[: whole.index(b"SSND")]


def ogg(folder: Path) -> bytes:
    """Return the header pages of Vorbis, without the last page."""
    how = {"format": "OGG", "subtype": "VORBIS"}
    whole = sound.write(folder / "a.ogg", sound.tone(0.1), **how).read_bytes()
    pages = list(hostile.ogg_pages(whole))
    return b"".join(page for page in pages if not any(page[6:14]))


def m4a(_: Path) -> bytes:
    """Return the M4A that FFmpeg writes for no input."""
    ftyp = box(b"ftyp", b"M4A \0\0\2\0M4A isomiso2")
    head = box(b"mvhd", bytes(12) + struct.pack(">I", 1000) + bytes(84))
    return ftyp + box(b"free") + box(b"mdat") + box(b"moov", head)


def mp3(_: Path) -> bytes:
    """Return an MP3 whose Xing header counts no frame."""
    return hostile.mp3_of_silence(0, xing_frames=0)


EMPTY: dict[str, Callable[[Path], bytes]] = {
    "aiff": aiff,
    "ogg": ogg,
    "opus": lambda _: hostile.opus_of_silence(0),
    "m4a": m4a,
    "mp3": mp3,
    "mp3 behind a tag": lambda folder: b"ID3\4\0\0\0\0\0\5" + bytes(5) + mp3(folder),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_a_file_without_frames_is_empty(tmp_path: Path, kind: str):
    """A musician who exports an empty track must not read that the file is damaged."""
    path = tmp_path / "a"
    path.write_bytes(EMPTY[kind](tmp_path))

    with pytest.raises(EmptyAudioError):
        draw(path, 10)


@pytest.mark.parametrize("kind", ["ogg", "m4a", "m4a, tags only"])
def test_a_file_that_lost_its_frames_is_corrupt(tmp_path: Path, kind: str):
    """A musician whose upload was cut must not be told that the track is empty."""
    content = EMPTY[kind.split(",", maxsplit=1)[0]](tmp_path)
    lost = {
        "ogg": content[:-10],
        "m4a": content + box(b"mdat", bytes(500)),
        "m4a, tags only": content.replace(box(b"mdat"), b""),
    }
    path = tmp_path / "a"
    path.write_bytes(lost[kind])

    with pytest.raises(CorruptAudioError):
        draw(path, 10)


@pytest.mark.parametrize(
    ("brand", "name"), [(b"heic", "HEIC"), (b"mif1", "HEIC"), (b"avif", "AVIF")]
)
def test_a_picture_in_the_same_boxes_is_named(tmp_path: Path, brand: bytes, name: str):
    """A cover in HEIC looks like an M4A, and must be named as an image."""
    path = tmp_path / "a"
    path.write_bytes(box(b"ftyp", brand + bytes(12)) + box(b"meta", bytes(92)))

    with pytest.raises(UnsupportedMediaError, match=f"{name} image"):
        draw(path, 10)


def test_an_mp3_cut_inside_its_header_is_named(tmp_path: Path):
    """An MP3 that ends inside its header must not be called empty."""
    path = tmp_path / "a"
    whole = mp3(tmp_path)
    path.write_bytes(whole[: whole.index(b"Xing") + 6])

    with pytest.raises(UnsupportedMediaError):
        draw(path, 10)
