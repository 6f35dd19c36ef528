"""Bytes behind samples, or samples that look like such bytes, cost no sample."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import chunked, sound

BODY = sound.pcm16(sound.tone(0.5))
FRAMES = len(BODY) // 2
FMT = sound.chunk(b"fmt ", sound.wav_format())
LIST = sound.chunk(b"LIST", b"INFOabcd")
RARELY = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def riff(*chunks: bytes, form: bytes = b"RIFF", claim: int | None = None) -> bytes:
    """Enclose chunks."""
    inner = b"".join(chunks)
    size = 4 + len(inner) if claim is None else claim
    return form + struct.pack("<I", size) + b"WAVE" + inner


def data(body: bytes, claim: int | None = None) -> bytes:
    """Write a chunk of samples."""
    return sound.chunk(b"data", body, claim=claim)


def heard(tmp_path: Path, content: bytes) -> tuple[int, set[str]] | str:
    """Read some content."""
    path = tmp_path / "a"
    path.write_bytes(content)
    return chunked.heard(path)


@RARELY
@given(content=chunked.wavs())
def test_a_wav_is_never_shorter_than_ffmpegs_without_a_warning(
    tmp_path: Path, content: bytes
):
    """A listener who sees half of a recording and no warning trusts the half."""
    answer = heard(tmp_path, content)

    if not isinstance(answer, str) and not answer[1]:
        assert answer[0] >= chunked.ffmpeg_frames(tmp_path / "a", "wav")


@RARELY
@given(content=chunked.aiffs())
def test_an_aiff_is_never_shorter_than_ffmpegs_without_a_warning(
    tmp_path: Path, content: bytes
):
    """The same promise holds for the other kind of chunks."""
    answer = heard(tmp_path, content)

    if not isinstance(answer, str) and not answer[1]:
        assert answer[0] >= chunked.ffmpeg_frames(tmp_path / "a", "aiff")


@RARELY
@given(look=st.sampled_from(chunked.LOOKS), rest=st.binary(max_size=600))
def test_an_unclosed_recording_is_whole_whatever_its_first_bytes(
    tmp_path: Path, look: bytes, rest: bytes
):
    """A recorder that crashed leaves sizes of 0; any byte may be the first sample."""
    body = look + b"\xff" * 12 + rest + b"\xff" * (len(look + rest) % 2)

    answer = heard(tmp_path, sound.wav(body, claim=0, riff_claim=0))

    assert answer == (len(body) // 2, set())


HALF = len(BODY) // 2
WHOLE, CUT = (FRAMES, set()), (FRAMES, {"TRUNCATED"})
NOISE = bytes(range(1, 256)) * 8
LATE = sound.chunk(b"LIST", NOISE, claim=9_000)
DS64 = sound.chunk(b"ds64", struct.pack("<QQQI", 0, len(BODY), FRAMES, 0))
CASES: dict[str, tuple[bytes, tuple[int, set[str]] | str]] = {
    "an empty data chunk first": (riff(FMT, data(b""), data(BODY)), WHOLE),
    "empty data, LIST, data": (riff(FMT, data(b""), LIST, data(BODY)), WHOLE),
    "two halves": (riff(FMT, data(BODY[:HALF]), data(BODY[HALF:])), WHOLE),
    "two halves, LIST between": (
        riff(FMT, data(BODY[:HALF]), LIST, data(BODY[HALF:])),
        WHOLE,
    ),
    "the second half is cut short": (
        riff(FMT, data(BODY[:HALF]), data(BODY[HALF:], claim=4 * HALF)),
        CUT,
    ),
    "an empty data chunk last": (riff(FMT, data(BODY), data(b"")), WHOLE),
    "empty, and LIST behind": (riff(FMT, data(b""), LIST), "EMPTY_AUDIO"),
    "silence, unclosed": (riff(FMT, data(bytes(9_000), 0), claim=0), (4_500, set())),
    "half is claimed, < behind": (
        sound.wav(BODY[:HALF] + b"<a" + BODY[HALF + 2 :], claim=HALF),
        WHOLE,
    ),
    "half is claimed, four letters behind": (
        sound.wav(BODY[:HALF] + b"abcd\4\0\0\0" + BODY[HALF + 8 :], claim=HALF),
        WHOLE,
    ),
    "half is claimed, LIST behind": (
        sound.wav(BODY[:HALF] + b"LIST\4\0\0\0" + BODY[HALF + 8 :], claim=HALF),
        (FRAMES // 2, {"TRUNCATED"}),
    ),
    "LIST with a wrong size": (riff(FMT, data(BODY), LATE, claim=0), CUT),
    "LIST without its pad byte": (
        riff(FMT, b"junk\3\0\0\0abc", data(BODY)),
        WHOLE,
    ),
    "odd LISTs behind, no pad bytes": (
        riff(FMT, data(BODY), b"LIST\3\0\0\0abc", b"cue \5\0\0\0abcde"),
        WHOLE,
    ),
    "APE and ID3v1 behind, RIFF size 0": (
        riff(FMT, data(BODY), claim=0)
        + b"APETAGEX\xd0\7\0\0\x28\0\0\0".ljust(72, b"\0")
        + b"TAG".ljust(128, b"\0"),
        WHOLE,
    ),
    "LIST and padding behind, RIFF size 0": (
        riff(FMT, data(BODY), LIST, claim=0) + bytes(700),
        WHOLE,
    ),
    "LIST and noise behind, RIFF size 0": (
        riff(FMT, data(BODY), LIST, claim=0) + NOISE,
        CUT,
    ),
    "ID3 behind an odd chunk without its pad byte": (
        riff(FMT, data(BODY), b"odd?\3\0\0\0abc") + chunked.TAILS[5],
        WHOLE,
    ),
    "a chunk and a line feed behind, RIFF size 0": (
        riff(FMT, data(BODY), sound.chunk(b"odd?", b"abcd"), claim=0) + b"\r\n",
        WHOLE,
    ),
    "a second half behind something like a tag": (
        riff(FMT, data(BODY[:HALF])) + b"TAG".ljust(90, b"\0") + data(BODY[HALF:]),
        (FRAMES // 2, {"TRUNCATED"}),
    ),
    "ID3 and text behind": (
        riff(FMT, data(BODY)) + chunked.TAILS[5] + b"text" * 9,
        WHOLE,
    ),
    "noise behind": (riff(FMT, data(BODY)) + NOISE[:99], CUT),
    "RF64 without a size in data": (
        riff(DS64, FMT, data(BODY, claim=0), LIST, form=b"RF64", claim=2**32 - 1),
        WHOLE,
    ),
    "RF64 that says half": (
        sound.long_wav(BODY, form=b"RF64", claim=HALF),
        WHOLE,
    ),
    "RF64 that says twice": (sound.long_wav(BODY, form=b"RF64", claim=4 * HALF), CUT),
}


@pytest.mark.parametrize("case", CASES)
def test_sizes_and_chunks_that_lie(tmp_path: Path, case: str):
    """Chunks that lead to the end of the file end the samples; nothing else does."""
    content, expected = CASES[case]

    assert heard(tmp_path, content) == expected


def test_parts_of_a_recording_are_read_from_any_frame(tmp_path: Path):
    """Several decoders share a long file; each starts within one of its parts."""
    from waveflow.audio import codec

    path = tmp_path / "a"
    parts = [data(BODY[:HALF]), LIST, data(BODY[HALF : HALF + 400]), data(BODY[-400:])]
    path.write_bytes(riff(FMT, *parts))
    stream = codec.open_audio(path)
    whole = BODY[: HALF + 400] + BODY[-400:]

    for start in (0, 7, HALF // 2, HALF // 2 + 100, HALF // 2 + 300, stream.frames):
        read = b"".join(block.tobytes() for block in stream.read(start, 64))
        assert read == whole[2 * start :]
