"""Sentences of refused files: a musician reads no bytes and no library's words."""

import csv
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import corpus, hostile, sound
from waveflow.audio.waveform.draw import draw
from waveflow.errors import WaveflowError

HEX = r"0x[0-9A-Fa-f]|\b[0-9a-f]{2}( [0-9a-f]{2}){2,}\b|\\x"
RAW = r"[^ -~]|b'|b\""
LIBRARY = (
    r"(?i)invalid data|invalid argument|\bpsf_|libsnd|\berrno|\bavcodec|\bav\.|"
    r"end of file|not yet implemented|unspecified error|unknown error|bad file|"
    r"\w+(Error|Exception)\b"
)
BOOKS = "tests/integration/audio/corpus_answers.tsv"
with (corpus.ROOT / BOOKS).open(encoding="utf-8") as table:
    REFUSED = [
        corpus.FOLDER / row["file"]
        for row in csv.DictReader(table, delimiter="\t")
        if row["answer"] != "ACCEPT"
    ]
FOUND = sorted(corpus.FOUND.glob("*.*")) if corpus.FOUND.exists() else []


def sentence(path: Path) -> str:
    """Return the message of a file's error; empty where the file is accepted."""
    try:
        draw(path, 10)
    except WaveflowError as error:
        return str(error)
    return ""


def assert_plain(told: str) -> None:
    """Check that a message has no hex, no raw bytes and no library's words."""
    for pattern in (HEX, RAW, LIBRARY):
        assert not re.search(pattern, told), told
    assert not told or re.fullmatch(r"[A-Z].*\.", told), told


@pytest.mark.skipif(not REFUSED[0].exists(), reason=corpus.ABSENT)
@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.name)
def test_a_refused_file_of_the_corpus_has_a_plain_sentence(path: Path):
    """A musician cannot act on `Invalid data found when processing input`."""
    told = sentence(path)

    assert told
    assert_plain(told)


@pytest.mark.skipif(not FOUND, reason=corpus.ABSENT)
@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_a_found_file_has_a_plain_sentence(path: Path):
    """A file that broke an earlier release must not be refused in raw bytes."""
    assert_plain(sentence(path))


def wav(tag: int, bits: int, channels: int) -> bytes:
    """Write a WAV file of any codec."""
    fmt = struct.pack("<HHIIHH", tag, channels, 8_000, 8_000, 1, bits)
    return sound.wav(bytes(200), fmt=fmt)


def aifc(compression: bytes, bits: int) -> bytes:
    """Write an AIFF-C file of any codec."""
    rate = struct.pack(">HQ", 16_383 + 13, 1 << 63)
    comm = struct.pack(">HIH", 1, 100, bits) + rate + compression + b"\0\0"
    parts = {b"COMM": comm, b"SSND": bytes(208)}
    body = b"".join(n + struct.pack(">I", len(b)) + b for n, b in parts.items())
    return b"FORM" + struct.pack(">I", 4 + len(body)) + b"AIFC" + body


def ogg(packet: bytes) -> bytes:
    """Write an Ogg file of any first packet."""
    return hostile.ogg_page([packet], granule=0, sequence=0, flags=2)


HEADS = [
    b"",
    *(b"RIFF\xff\0\0\0" + form for form in (b"WAVE", b"AVI ", b"\x01\xfe\x80A")),
    *(b"FORM\0\0\0\xff" + form for form in (b"AIFF", b"AIFC", b"\xff\x9c8S")),
    *(b"fLaC\0\0\0\x22", b"OggS\0\2", b"\0\0\0\x18ftypM4A ", b"\xff\xfb\x90\0"),
    *(b"ID3\4\0\0\0\0\0\0", b"\xff\xf1\x50\x80", b"\0\0\0\x10moov", b"fLaC"),
]
files = st.one_of(
    st.builds(bytes.__add__, st.sampled_from(HEADS), st.binary(max_size=300)),
    st.builds(
        wav, st.integers(0, 0xFFFF), st.integers(0, 70), channels=st.integers(0, 40)
    ),
    st.builds(aifc, st.binary(min_size=4, max_size=4), st.integers(0, 70)),
    st.builds(ogg, st.binary(min_size=1, max_size=80)),
)


@given(content=files)
def test_a_hostile_file_has_a_plain_sentence(tmp_path_factory, content: bytes):
    """A file's own bytes in an error message would reach terminals and web pages."""
    path = tmp_path_factory.getbasetemp() / "hostile"
    path.write_bytes(content)

    assert_plain(sentence(path))
