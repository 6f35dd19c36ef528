"""Identify compressed audio by its packets, which no tagger or copying changes."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from waveflow.audio.formats import mpeg, ogg, ogg_audio
from waveflow.audio.formats.container import Source, open_container
from waveflow.audio.formats.ogg_packets import OPUS, OPUS_HEAD_BYTES, VORBIS
from waveflow.audio.stream import Kind
from waveflow.errors import CorruptAudioError

CODECS = {VORBIS: "vorbis", OPUS: "opus"}
# FFmpeg ends some set-ups of AAC with an empty extension for spectral band replication.
NO_SBR = bytes.fromhex("56e500")
OPUS_FAMILY, OPUS_CHANNELS = 18, 9  # offsets in OpusHead
MAPPING_BYTES = 2  # head of an Opus mapping table; one byte for each channel follows


def packet_identity(path: Path, kind: Kind) -> str:
    """Return `pkt1:` and the SHA-256 of the decoder's set-up and all audio packets.

    Parameters
    ----------
    kind
        MP3, OGG, OPUS, or M4A with AAC inside.

    Raises
    ------
    WaveflowError
        The file cannot be read as packets.
    """
    codec, packets = _ogg(path) if kind in ogg.KINDS.values() else _movie(path, kind)
    whole = hashlib.sha256(f"pkt1 {codec}\n".encode())
    for packet in packets:
        whole.update(len(packet).to_bytes(4, "little") + packet)
    return f"pkt1:{whole.hexdigest()}"


def _movie(path: Path, kind: Kind) -> tuple[str, Iterator[bytes]]:
    """Return the codec and the packets of a file that FFmpeg takes apart."""
    with open_container(Source(path, kind)) as (_, stream):
        codec = str(stream.codec_context.codec.canonical_name)
    return codec, _demuxed(path, kind)


def _demuxed(path: Path, kind: Kind) -> Iterator[bytes]:
    with open_container(Source(path, kind)) as (container, stream):
        if kind is Kind.M4A:
            yield (stream.codec_context.extradata or b"").removesuffix(NO_SBR)
        for packet in container.demux(stream):
            body = bytes(packet) if packet.size else b""
            if body and (kind is Kind.M4A or _is_frame(body)):
                yield body


def _is_frame(body: bytes) -> bool:
    """Tell whether a packet of an MP3 is a frame of audio: no tag, and no Xing."""
    return mpeg.read_header(body, 0) is not None and mpeg.find_xing(body) is None


def _ogg(path: Path) -> tuple[str, Iterator[bytes]]:
    """Return the codec of the first link, and the packets of all links."""
    links = [link for link in ogg.read_links(path) if link.codec]
    if not links:
        raise CorruptAudioError("The ogg file holds no audio.")
    return CODECS[links[0].codec], _chained(path, links)


def _chained(path: Path, links: list[ogg.Link]) -> Iterator[bytes]:
    for link in links:
        packets = ogg_audio.read_packets(path, link)
        if link.codec == OPUS:
            yield _opus_setup(next(packets, b""))
            next(packets, None)  # the comment header
        else:
            yield next(packets, b"")
            next(packets, None)
            yield next(packets, b"")
        for packet in packets:
            if len(packet) > ogg_audio.MAX_PACKET_BYTES:
                raise CorruptAudioError("An Ogg packet is too large for audio.")
            if packet:
                yield packet


def _opus_setup(head: bytes) -> bytes:
    """Return the fields of OpusHead that a decoder reads."""
    size = OPUS_HEAD_BYTES
    if len(head) >= size and head[OPUS_FAMILY]:
        size += MAPPING_BYTES + head[OPUS_CHANNELS]
    return head[:size]
