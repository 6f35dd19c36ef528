"""Definition of `pkt1`, computed from the documents alone, by readers of the tests."""

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from support import sound
from support.wrapping import ffmpeg, identity, needs

RATE = 44_100
COMMENT = 1  # place of the comment header, in Vorbis and Opus alike
KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
CODERS = {"mp3": "libmp3lame", "ogg": "libvorbis", "opus": "libopus", "m4a": "aac"}
CODECS = {"mp3": "mp3", "ogg": "vorbis", "opus": "opus", "m4a": "aac"}
EMPTY_EXTENSION = bytes.fromhex("56e500")


def encoded(folder: Path, kind: str, *, channels: int = 2, seconds: float = 2) -> Path:
    """Return music as one kind of compressed file, with a title."""
    samples = sound.music(seconds, channels=channels)
    source = folder / f"{channels}-{seconds}.wav"
    soundfile.write(source, (samples * 32_767).astype(np.int16), RATE)
    family = ["-mapping_family", "1"] if channels > 2 else []
    tagged = ["-metadata", "title=Title", "-c:a", CODERS[kind], *family]
    return ffmpeg(source, source.with_suffix(f".{kind}"), *tagged)


def mp3_packets(content: bytes) -> Iterator[bytes]:
    """Yield the frames of an MP3 of 44.1 kHz behind its ID3 tag and its Info frame."""
    size = content[6:10]
    at = 10 + sum(byte << 7 * place for place, byte in enumerate(reversed(size)))
    while at < len(content):
        kbps, padding = KBPS[content[at + 2] >> 4], content[at + 2] >> 1 & 1
        frame = content[at : at + 144_000 * kbps // RATE + padding]
        if b"Info" not in frame:
            yield frame
        at += len(frame)


def ogg_packets(content: bytes) -> Iterator[bytes]:
    """Yield set-up and audio of every link of an Ogg file, without comment headers."""
    at, count, packet = 0, 0, b""
    while at < len(content):
        if content[at + 5] & 2:  # a link begins
            count = 0
        lacing = content[at + 27 : at + 27 + content[at + 26]]
        at += 27 + len(lacing)
        for size in lacing:
            packet += content[at : at + size]
            at += size
            if size < 255:
                if packet and count != COMMENT:
                    yield packet
                count, packet = count + 1, b""


def m4a_packets(path: Path) -> Iterator[bytes]:
    """Yield the AudioSpecificConfig of an M4A, and every packet behind it."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        yield stream.codec_context.extradata.removesuffix(EMPTY_EXTENSION)
        yield from (bytes(packet) for packet in container.demux(stream) if packet.size)


def defined(path: Path, kind: str) -> str:
    """Return the identity that another program computes from the documents."""
    content = path.read_bytes()
    if kind == "mp3":
        packets = mp3_packets(content)
    elif kind == "m4a":
        packets = m4a_packets(path)
    else:
        packets = ogg_packets(content)
    framed = b"".join(struct.pack("<I", len(each)) + each for each in packets)
    digest = hashlib.sha256(f"pkt1 {CODECS[kind]}\n".encode() + framed)
    return f"pkt1:{digest.hexdigest()}"


@needs("ffmpeg")
@pytest.mark.parametrize("kind", CODERS)
def test_packets_follow_the_definition(tmp_path, kind):
    """Another program must be able to compute the string from the documents."""
    path = encoded(tmp_path, kind)

    assert identity(path) == defined(path, kind)


@needs("ffmpeg")
def test_the_mapping_table_of_opus_is_part_of_the_set_up(tmp_path):
    """The same packets with front and rear exchanged are another sound."""
    path = encoded(tmp_path, "opus", channels=6)

    assert identity(path) == defined(path, "opus")


@needs("ffmpeg")
@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_each_link_of_a_chain_has_its_own_set_up(tmp_path, kind):
    """A link that is decoded by the set-up of another link is another sound."""
    links = [encoded(tmp_path, kind, seconds=seconds) for seconds in (1, 2)]
    chain = tmp_path / f"chain.{kind}"
    chain.write_bytes(b"".join(link.read_bytes() for link in links))

    assert identity(chain) == defined(chain, kind)
