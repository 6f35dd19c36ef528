"""Damaged parts are silent and told; the other parts keep their samples and time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import chunked, hostile, sound
from waveflow.audio import codec
from waveflow.audio.waveform.draw import draw

SECONDS = 12
CLICK = 9  # seconds from the start
FORMATS = {
    "alac": {"codec": "alac", "container": "ipod"},
    "aac": {"codec": "aac", "container": "ipod"},
    "mp3": {"codec": "libmp3lame", "container": "mp3"},
    "opus": {"codec": "libopus", "container": "ogg"},
}
KINDS = [*FORMATS, "vorbis"]


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return noise with one click, encoded in each format."""
    folder = tmp_path_factory.mktemp("encoded")
    samples = 0.3 * sound.music(SECONDS, rate=48_000, channels=1)
    samples[CLICK * 48_000] = 0.99
    made = {
        name: sound.encode(folder / name, samples, rate=48_000, **how)
        for name, how in FORMATS.items()
    }
    how = {"format": "OGG", "subtype": "VORBIS"}
    made["vorbis"] = sound.write(folder / "vorbis", samples, rate=48_000, **how)
    return {name: path.read_bytes() for name, path in made.items()}


def loudest(path: Path) -> tuple[int, int, set[str]]:
    """Return a file's loudest frame, its length and its warnings."""
    stream = codec.open_audio(path)
    samples = np.concatenate([block[:, 0] * 1.0 for block in codec.blocks(stream)])
    return int(np.abs(samples).argmax()), len(samples), stream.warnings


def with_hole(content: bytes, size: int, *, at: float = 0.5) -> bytes:
    """Return content with some bytes overwritten."""
    start = int(len(content) * at)
    return content[:start] + b"\xff\0" * (size // 2) + content[start + size :]


@pytest.mark.parametrize("size", [100, 2000])
@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_a_hole_stays_at_its_time(
    tmp_path: Path, encoded: dict[str, bytes], kind: str, size: int
):
    """A lost packet must not move what follows, or stems of a song drift apart."""
    path = tmp_path / "a"
    path.write_bytes(encoded[kind])
    _, whole, _ = loudest(path)
    path.write_bytes(with_hole(encoded[kind], size))

    click, frames, warnings = loudest(path)

    assert abs(click - CLICK * 48_000) <= 1
    assert abs(frames - whole) <= 1152
    assert warnings == {"TRUNCATED"}


@pytest.mark.parametrize("kind", ["opus", "vorbis"])
def test_a_page_that_is_there_twice_cuts_nothing_in_silence(
    tmp_path: Path, encoded: dict[str, bytes], kind: str
):
    """A repeated page plays again, and must not push the end out unnoticed."""
    pages = list(hostile.ogg_pages(encoded[kind]))
    middle = len(pages) // 2
    path = tmp_path / "a"
    path.write_bytes(b"".join([*pages[:middle], *pages[middle - 1 :]]))

    _, frames, warnings = loudest(path)

    assert frames >= SECONDS * 48_000
    assert frames > SECONDS * 48_000 or warnings == {"TRUNCATED"}


@pytest.mark.parametrize("at", [0.3, 0.45, 0.6, 0.75])
@pytest.mark.parametrize("kind", ["alac", "aac"])
def test_one_broken_packet_costs_that_packet_alone(
    tmp_path: Path, encoded: dict[str, bytes], kind: str, at: float
):
    """A broken packet once cost a user the rest of the file."""
    path = tmp_path / "a"
    for size in (60, 1000, 4000):
        path.write_bytes(with_hole(encoded[kind], size, at=at))

        assert draw(path, 10).frames >= SECONDS * 48_000


def junk(size: int) -> bytes:
    """Return random bytes."""
    return np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8).tobytes()


def id3(body: bytes) -> bytes:
    """Return an ID3v2 tag with a body."""
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\4\0\0" + size + body


BEHIND: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda song: song,
    "a tag": lambda song: b"TAG" + bytes(125) + song,
    "a picture": lambda song: id3(junk(60_000)) + song,
}


@pytest.mark.parametrize("between", BEHIND)
def test_joined_mp3s_are_whole_without_a_gap(
    tmp_path: Path, encoded: dict[str, bytes], between: str
):
    """Tags between joined songs must be neither silence nor a warning to a user."""
    path = tmp_path / "a"
    path.write_bytes(encoded["mp3"] + BEHIND[between](encoded["mp3"]))

    waveform = draw(path, 10)

    assert abs(waveform.frames - 2 * SECONDS * 48_000) <= 2 * 1152
    assert waveform.warnings == ()


@pytest.mark.parametrize("disorder", ["doubled", "last page early"])
def test_ogg_pages_in_disorder_are_played_to_the_end(
    tmp_path: Path, encoded: dict[str, bytes], disorder: str
):
    """The end's position counts no page that stands twice, and must cut nothing off."""
    pages = list(hostile.ogg_pages(encoded["vorbis"]))
    extra = pages[4] if disorder == "doubled" else pages[-1]
    path = tmp_path / "a"
    path.write_bytes(b"".join([*pages[:2], extra, *pages[2:]]))

    frames = draw(path, 10).frames

    assert frames >= chunked.ffmpeg_frames(path, "ogg") > SECONDS * 48_000


def moved(content: bytes, by: int, *, only: int | None = None) -> bytes:
    """Return Ogg with its pages' positions moved, or one page's only."""
    pages = []
    for number, page in enumerate(hostile.ogg_pages(content)):
        granule = int.from_bytes(page[6:14], "little")
        moves = granule not in (0, 2**64 - 1) and only in (None, number)
        pages.append(hostile.with_granule(page, granule + by) if moves else page)
    return b"".join(pages)


@pytest.mark.parametrize("only", [None, 4])
@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_ogg_counts_from_where_it_begins(
    tmp_path: Path, encoded: dict[str, bytes], kind: str, only: int | None
):
    """A capture of a running stream begins at any hour, and must keep its length."""
    path = tmp_path / "a"
    path.write_bytes(moved(encoded[kind], 24 * 3600 * 48_000, only=only))

    waveform = draw(path, 10)

    assert (waveform.frames, waveform.warnings) == (SECONDS * 48_000, ())
