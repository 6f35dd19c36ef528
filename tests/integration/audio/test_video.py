"""Video is refused by name; covers and the pictures of chapters are not video."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from support import corpus, hostile, sound
from waveflow.audio.formats import mp4
from waveflow.audio.waveform.draw import draw
from waveflow.errors import UnsupportedMediaError

SAMPLES = sound.tone(2, rate=48_000)
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}


def film(path: Path, codec: str, *, pictures: int, audio: str = "aac", **how) -> Path:
    """Write a tone and some pictures, the pictures first."""
    container, options = how.get("container", "mp4"), how.get("options", {})
    with av.open(str(path), "w", format=container, options=options) as out:
        video = out.add_stream(codec, rate=10)
        video.width = video.height = 64
        video.pix_fmt = how.get("pix_fmt", "yuv420p")
        stream = out.add_stream(audio, rate=48_000, layout="mono")
        for number in range(pictures):
            image = np.full((64, 64, 3), 10 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            out.mux(video.encode(frame.reformat(format=video.pix_fmt)))
        out.mux(video.encode(None))
        given = av.AudioFrame.from_ndarray(SAMPLES[None], format="flt", layout="mono")
        given.sample_rate, given.pts = 48_000, 0
        context = stream.codec_context
        if not context.is_open:
            context.open()
        shape = av.AudioResampler(context.format, "mono", 48_000, context.frame_size)
        for frame in [*shape.resample(given), *shape.resample(None)]:
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


FILMS: dict[str, Callable[[Path], Path]] = {
    "h264": lambda path: film(path, "libx264", pictures=10),
    "h264 in fragments": lambda path: film(
        path, "libx264", pictures=10, options=FRAGMENTS
    ),
    "mpeg4": lambda path: film(path, "mpeg4", pictures=10),
    "one picture of h264": lambda path: film(path, "libx264", pictures=1),
    "mjpeg": lambda path: film(path, "mjpeg", pictures=10, pix_fmt="yuvj420p"),
    "mjpeg in fragments": lambda path: film(
        path, "mjpeg", pictures=10, pix_fmt="yuvj420p", options=FRAGMENTS
    ),
    "mpeg4 in MOV": lambda path: film(path, "mpeg4", pictures=9, container="mov"),
}


@pytest.mark.parametrize("case", FILMS)
def test_video_in_mpeg_4_is_refused_by_name(tmp_path: Path, case: str):
    """A flag of PyAV is true in itself: every film was drawn as a stem."""
    path = FILMS[case](tmp_path / "a.m4a")

    with pytest.raises(UnsupportedMediaError, match=r"(h264|jpeg|mpeg4) video"):
        draw(path, 10)


@pytest.mark.parametrize("options", [{}, FRAGMENTS])
def test_one_picture_without_a_mark_is_a_cover(tmp_path: Path, options: dict[str, str]):
    """Some taggers store the cover as a track of one JPEG."""
    how = {"pictures": 1, "pix_fmt": "yuvj420p", "options": options}
    path = film(tmp_path / "a.m4a", "mjpeg", **how)

    assert draw(path, 10).frames >= len(SAMPLES)


def ogg(path: Path, samples: np.ndarray, *, rate: int = 48_000) -> bytes:
    """Encode Vorbis."""
    how = {"format": "OGG", "subtype": "VORBIS"}
    return sound.write(path, samples, rate=rate, **how).read_bytes()


THEORA = b"\x80theora\3\2\1\0\4\0\4".ljust(42, b"\0")
HEADERS = [b"\x81theora" + bytes(8), b"\x82theora"]
SKELETON = b"fishead\0\3\0\0\0".ljust(64, b"\0")


def beside(content: bytes, start: bytes, *, pictures: int, place: str) -> bytes:
    """Put another stream beside the audio of an Ogg file, first or second."""
    head, *rest = hostile.ogg_pages(content)
    first = hostile.ogg_page([start], granule=0, sequence=0, flags=2, serial=99)
    headers = hostile.ogg_page(HEADERS, granule=0, sequence=1, serial=99)
    shown = [
        hostile.ogg_page([b"picture"], granule=64, sequence=2 + number, serial=99)
        for number in range(pictures)
    ]
    heads = [first, head] if place == "first" else [head, first]
    others = [headers, *shown] if pictures else []
    return b"".join([*heads, *rest[:1], *others, *rest[1:]])


@pytest.mark.parametrize("place", ["first", "second"])
@pytest.mark.parametrize(
    ("start", "pictures"), [(THEORA, 1), (SKELETON, 0)], ids=["cover", "skeleton"]
)
def test_what_stands_beside_the_audio_does_not_matter(
    tmp_path: Path, start: bytes, pictures: int, place: str
):
    """FFmpeg writes an MP3's cover as a Theora stream of one picture, in front."""
    path = tmp_path / "a.ogg"
    content = ogg(path, SAMPLES)
    path.write_bytes(beside(content, start, pictures=pictures, place=place))

    waveform = draw(path, 10)

    assert (waveform.format, waveform.frames) == ("ogg", len(SAMPLES))
    assert waveform.warnings == ()


@pytest.mark.parametrize("place", ["first", "second"])
def test_video_in_ogg_is_refused_wherever_it_stands(tmp_path: Path, place: str):
    """A film whose audio stood first was drawn as a stem."""
    path = tmp_path / "a.ogg"
    content = ogg(path, SAMPLES)
    path.write_bytes(beside(content, THEORA, pictures=5, place=place))

    with pytest.raises(UnsupportedMediaError, match="Theora video"):
        draw(path, 10)


@pytest.mark.parametrize("entry", [b"drms", b"enca"])
def test_protected_audio_is_named(tmp_path: Path, entry: bytes):
    """A musician who bought the file must learn why it cannot be read."""
    path = sound.encode(tmp_path / "a", SAMPLES, codec="aac", container="ipod")
    path.write_bytes(path.read_bytes().replace(b"mp4a", entry, 1))

    assert mp4.find_protection(path) == entry.decode()
    with pytest.raises(UnsupportedMediaError, match="protected by DRM"):
        draw(path, 10)


@pytest.mark.parametrize(
    ("file", "frames"),
    [
        ("converted-from-mp3-with-cover-opus.ogg", 144_000),
        ("ogg-skeleton-first.ogg", 132_300),
    ],
)
def test_found_files_with_another_stream_in_front(file: str, frames: int):
    """Both were refused as video, although players play them."""
    path = corpus.FOUND / file
    if not path.exists():
        pytest.skip(f"no {path}")

    assert draw(path, 10).frames == frames
