"""Identity of compressed audio: its packets count, and no tag or page around them."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import sound
from support.wrapping import ffmpeg, identity, needs, run
from waveflow.audio.formats import ogg

RATE = 44_100
SOUND = (sound.music(3) * 32_767).astype(np.int16)


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """Return a recording of 16 bits as WAV."""
    path = tmp_path_factory.mktemp("packets") / "original.wav"
    soundfile.write(path, SOUND, RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def lossy(original, tmp_path_factory) -> dict[str, Path]:
    """Return the recording as MP3, Ogg, Opus and AAC by FFmpeg's encoders."""
    folder = tmp_path_factory.mktemp("lossy")
    return {
        "mp3": ffmpeg(original, folder / "a.mp3", "-c:a", "libmp3lame"),
        "ogg": ffmpeg(original, folder / "a.ogg", "-c:a", "libvorbis"),
        "opus": ffmpeg(original, folder / "a.opus", "-c:a", "libopus"),
        "m4a": ffmpeg(original, folder / "a.m4a", "-c:a", "aac"),
    }


KINDS = ["mp3", "ogg", "opus", "m4a"]


@needs("ffmpeg")
@pytest.mark.parametrize("kind", KINDS)
def test_remuxed_and_retagged_files_keep_their_packets(lossy, tmp_path, kind):
    """A copy with another title is the same recording."""
    copy = tmp_path / f"a.{kind}"
    ffmpeg(lossy[kind], copy, "-c", "copy", "-metadata", "title=Other")

    assert copy.read_bytes() != lossy[kind].read_bytes()
    assert str(identity(copy)).startswith("pkt1:")
    assert identity(copy) == identity(lossy[kind])


@needs("ffmpeg")
def test_tags_and_headers_of_mp3_are_no_packets(lossy, tmp_path):
    """ID3v1, Lyrics3v2, APE tags and the Info frame come and go with every tagger."""
    body = lossy["mp3"].read_bytes()
    lyrics = b"LYRICSBEGININD0000200" + b"LYR00010some words"
    lyrics += b"%06dLYRICS200" % len(lyrics)
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 32, 0, 0) + bytes(8)
    id3 = b"TAG" + b"x" * 125
    bare = ffmpeg(lossy["mp3"], tmp_path / "bare.mp3", "-c", "copy", "-write_xing", "0")
    copies = {"bare": bare.read_bytes(), "id3": body + id3}
    copies |= {"lyrics": body + lyrics + id3, "ape": body + ape + id3}

    found = {}
    for name, content in copies.items():
        (tmp_path / "copy.mp3").write_bytes(content)
        found[name] = identity(tmp_path / "copy.mp3")

    assert found == dict.fromkeys(copies, identity(lossy["mp3"]))


@needs("ffmpeg")
def test_opus_in_another_wrapping_keeps_its_packets(lossy, tmp_path):
    """A copy through Matroska holds the same packets and the same header."""
    there = ffmpeg(lossy["opus"], tmp_path / "a.mkv", "-c", "copy")
    back = ffmpeg(there, tmp_path / "a.opus", "-c", "copy")

    assert identity(back) == identity(lossy["opus"])


@needs("ffmpeg")
def test_aac_through_adts_keeps_its_packets(lossy, tmp_path):
    """The set-up that FFmpeg writes for ADTS lacks an empty extension."""
    there = ffmpeg(lossy["m4a"], tmp_path / "a.aac", "-c", "copy")
    back = ffmpeg(there, tmp_path / "a.m4a", "-c", "copy")

    assert identity(back) == identity(lossy["m4a"])


def with_opus_head(body: bytes, offset: int, value: bytes) -> bytes:
    """Return an Opus file with bytes of its header changed, and a right checksum."""
    page = next(ogg.pages(body))
    head = body.index(b"OpusHead") + offset
    changed = bytearray(body)
    changed[head : head + len(value)] = value
    changed[22:26] = checksum(bytes(changed[: page.stop]))
    return bytes(changed)


def checksum(page: bytes) -> bytes:
    """Return the checksum of an Ogg page, computed bit by bit."""
    rest = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        rest ^= byte << 24
        for _ in range(8):
            rest = (rest << 1) ^ (0x04C11DB7 if rest & 1 << 31 else 0)
            rest &= 0xFFFFFFFF
    return rest.to_bytes(4, "little")


@needs("ffmpeg")
@pytest.mark.parametrize(
    ("offset", "value"),
    [(16, struct.pack("<h", -12 * 256)), (10, struct.pack("<H", 1000))],
    ids=["gain", "pre-skip"],
)
def test_another_opus_header_is_another_recording(lossy, tmp_path, offset, value):
    """The same packets 12 dB lower, or cut elsewhere, are not the same sound."""
    path = tmp_path / "a.opus"
    path.write_bytes(with_opus_head(lossy["opus"].read_bytes(), offset, value))

    assert identity(path) not in {None, identity(lossy["opus"])}


@needs("opusenc")
def test_opusenc_files_are_remuxed_without_change(original, tmp_path):
    """Files of Opus' own encoder have other pages than FFmpeg's."""
    path, copy = tmp_path / "a.opus", tmp_path / "b.opus"
    run("opusenc", "--quiet", original, path)
    ffmpeg(path, copy, "-c", "copy", "-metadata", "title=Other")

    assert identity(copy) == identity(path)


@needs("lame")
def test_lame_files_are_retagged_without_change(original, tmp_path):
    """Files of LAME's own encoder keep their string under new tags."""
    plain, tagged = tmp_path / "a.mp3", tmp_path / "b.mp3"
    run("lame", "--quiet", original, plain)
    run("lame", "--quiet", "--tt", "Title", "--add-id3v2", original, tagged)

    assert identity(tagged) == identity(plain)


@needs("ffmpeg")
@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_a_chain_counts_every_link_with_its_headers(lossy, tmp_path, kind):
    """The second half of a chain must count, and in its order."""
    first = lossy[kind].read_bytes()
    other = tmp_path / f"other.{kind}"
    soundfile.write(other.with_suffix(".wav"), SOUND[::-1], RATE)
    coder = {"ogg": "libvorbis", "opus": "libopus"}[kind]
    ffmpeg(other.with_suffix(".wav"), other, "-c:a", coder)
    second = other.read_bytes()
    found = []
    for content in (first, first + second, second + first, first + first):
        (tmp_path / "chain").write_bytes(content)
        found.append(identity(tmp_path / "chain"))

    assert None not in found
    assert len(set(found)) == 4


@needs("ffmpeg")
@pytest.mark.parametrize("kind", KINDS)
def test_one_changed_packet_is_another_recording(lossy, tmp_path, kind):
    """A string that does not depend on every packet would join different takes."""
    samples = SOUND.copy()
    samples[60_000:] //= 2
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    coders = {"mp3": "libmp3lame", "ogg": "libvorbis", "opus": "libopus", "m4a": "aac"}
    changed = ffmpeg(tmp_path / "a.wav", tmp_path / f"a.{kind}", "-c:a", coders[kind])

    assert identity(changed) != identity(lossy[kind])
