"""Make files of chunks with wrong sizes, and ask FFmpeg for their length."""

import struct
from collections.abc import Callable
from pathlib import Path

import av
from hypothesis import strategies as st
from waveflow.audio import codec
from waveflow.errors import WaveflowError

from support import sound

AIFF_RATE = bytes.fromhex("400eac44000000000000")  # 44,100 as an 80-bit float
# Samples that look like something else; each once ended a recording.
LOOKS = (
    b"",
    b"<",
    b"TAG",
    b"LIST",
    b"  !!\x10\0\0\0",
    b"LIST\x04\0\0\0abcd",
    b"PK\x03\x04",
    b"%PDF-",
    b"ID3\x03\0\0\0\0\0\x05",
    b"APETAGEX",
)
TAILS = (
    b"",
    b"\r\n",
    bytes(7),
    bytes(513),
    b"TAG" + bytes(125),
    b"ID3\x03\0\0\0\0\0\x0b" + bytes(11),
    b"no chunk, but a line of text\r\n",
)


def aiff_chunk(name: bytes, body: bytes, *, claim: int | None = None) -> bytes:
    """Write one IFF chunk; `claim` lies about its size."""
    size = len(body) if claim is None else claim
    return name + struct.pack(">I", size) + body + b"\0" * (len(body) % 2)


def aiff(  # noqa: PLR0913 - each is one claim of the headers
    body: bytes,
    *,
    frames: int | None = None,
    bits: int = 16,
    codec: bytes = b"",
    rate: bytes = AIFF_RATE,
    claim: int | None = None,
    between: bytes = b"",
    behind: bytes = b"",
) -> bytes:
    """Write a mono AIFF, or AIFF-C where a codec is named, whose headers may lie."""
    count = len(body) // (bits // 8) if frames is None else frames
    comm = struct.pack(">HIH", 1, count, bits) + rate + codec
    chunks = aiff_chunk(b"COMM", comm + b"\0\0" * bool(codec)) + between
    chunks += aiff_chunk(b"SSND", bytes(8) + body, claim=claim) + behind
    form = b"AIFC" if codec else b"AIFF"
    return b"FORM" + struct.pack(">I", 4 + len(chunks)) + form + chunks


def ffmpeg_frames(path: Path, container: str) -> int:
    """Count the frames that FFmpeg decodes, 0 where it refuses the file."""
    frames = 0
    try:
        with av.open(str(path), format=container, metadata_errors="ignore") as file:
            for packet in file.demux(file.streams.audio[0]):
                frames += sum(frame.samples for frame in packet.decode())
    except (av.error.FFmpegError, IndexError):
        return frames
    return frames


def heard(path: Path) -> tuple[int, set[str]] | str:
    """Count our frames and list the warnings, or give the code of the error."""
    try:
        stream = codec.open_audio(path)
        frames = sum(len(block) for block in codec.blocks(stream))
    except WaveflowError as error:
        return error.code
    return frames, stream.warnings


samples = st.builds(bytes.__add__, st.sampled_from(LOOKS), st.binary(max_size=600))


@st.composite
def tails(draw: st.DrawFn, chunk: Callable[..., bytes] = sound.chunk) -> bytes:
    """Draw what may stand behind the samples: chunks, tags, text, padding, noise."""
    named = st.builds(chunk, st.sampled_from([b"LIST", b"id3 ", b"odd?"]), samples)
    parts = st.one_of(named, st.sampled_from(TAILS), st.binary(max_size=40))
    return b"".join(draw(st.lists(parts, max_size=3)))


@st.composite
def claims(draw: st.DrawFn, size: int) -> int:
    """Draw a claimed size: right, unknown, or wrong."""
    wrong = st.integers(0, 3 * size)
    return draw(
        st.one_of(st.sampled_from([size, 0, size // 2, 2**32 - 1, 2**31 - 1]), wrong)
    )


@st.composite
def wavs(draw: st.DrawFn) -> bytes:
    """Draw a WAV file of random samples, sizes and tail."""
    body = draw(samples)
    inner = draw(claims(len(body)))
    form = draw(st.sampled_from([None, 0, 2**32 - 1, 36 + inner]))
    made = sound.wav(body, claim=inner, riff_claim=form and form % 2**32)
    return made + draw(tails())


@st.composite
def aiffs(draw: st.DrawFn) -> bytes:
    """Draw an AIFF file of random samples, sizes and tail."""
    body = draw(samples)
    claim = min(8 + draw(claims(len(body))), 2**32 - 1)
    behind = draw(tails(aiff_chunk))
    frames = draw(st.sampled_from([None, 0, len(body)]))
    return aiff(body, frames=frames, claim=claim, behind=behind)
