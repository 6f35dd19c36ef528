"""Recognising files by their content, whatever their names say."""

import unicodedata
from pathlib import Path

import pytest
from support import hostile, sound
from waveflow.audio.formats.head import sniff
from waveflow.audio.stream import Kind
from waveflow.errors import EmptyAudioError, UnsupportedMediaError

NAMES = [
    "a.wav",
    "a.mp3",
    "a.bin",
    "a.raw",
    "a",
    "a.txt",
    "a.flac.exe",
    "concat:a|b",
    unicodedata.normalize("NFC", "노래.wav"),
    unicodedata.normalize("NFD", "노래.wav"),
]
FOREIGN = {
    b".snd": "AU",
    b"caff": "CAF",
    b"Creative Voice File\x1a": "VOC",
    b"MATLAB 5.0 MAT-file": "MATLAB",
    b"riff\x2e\x91\xcf\x11": "W64",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "ASF",
    b"\x1a\x45\xdf\xa3": "Matroska",
    b"wvpk": "WavPack",
    b"NIST_1A": "NIST",
    b"PVF1\n": "Portable Voice",
    b"\xff\xf1\x50\x80\x02\x1f\xfc": "ADTS",
    b"\x89PNG\r\n": "PNG",
    b"PK\x03\x04": "ZIP",
    b"\x7fELF": "program",
    b"#EXTM3U\nhttp://example.com/a.ts\n": "playlist",
    b"ffconcat version 1.0\nfile a.wav\n": "playlist",
    b"<svg xmlns=": "markup",
    b"RIFF\x04\0\0\0AVI ": "RIFF AVI",
    b"FORM\0\0\0\x048SVX": "8SVX",
}


@pytest.mark.parametrize("name", NAMES)
def test_name_never_changes_the_kind(tmp_path: Path, name: str):
    """A musician's name for a file must not change its format."""
    path = tmp_path / name
    path.write_bytes(sound.wav(sound.pcm16(sound.tone(0.1))))

    assert sniff(path) is Kind.WAV


@pytest.mark.parametrize("magic", FOREIGN, ids=FOREIGN.get)
def test_foreign_content_is_named(tmp_path: Path, magic: bytes):
    """A user must read which format was refused, not that the file is damaged."""
    path = tmp_path / "a.wav"
    path.write_bytes(magic + bytes(2000))

    with pytest.raises(UnsupportedMediaError, match=FOREIGN[magic]):
        sniff(path)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"Speex   ", "Speex"),
        (b"\x7fFLAC\x01\0", "FLAC in Ogg"),
        (b"\x80theora", "video"),
    ],
)
def test_ogg_is_accepted_by_its_codec_only(tmp_path: Path, head: bytes, found: str):
    """A user's Ogg with an unlisted codec must be refused by the codec's name."""
    path = tmp_path / "a.ogg"
    path.write_bytes(
        hostile.ogg_page([head + bytes(40)], granule=0, sequence=0, flags=2)
    )

    with pytest.raises(UnsupportedMediaError, match=found):
        sniff(path)


def test_no_bytes_are_empty_audio(tmp_path: Path):
    """An upload that broke before its first byte is not a strange format."""
    path = tmp_path / "a.wav"
    path.touch()

    with pytest.raises(EmptyAudioError):
        sniff(path)


@pytest.mark.parametrize("data", [b"R", b"RIFF", b"\xff\xfb", b"ID3", bytes(4096)])
def test_a_few_bytes_are_unsupported(tmp_path: Path, data: bytes):
    """Half a magic must not reach a decoder."""
    path = tmp_path / "a.mp3"
    path.write_bytes(data)

    with pytest.raises(UnsupportedMediaError):
        sniff(path)


def test_id3_tag_hides_nothing(tmp_path: Path):
    """A tagged WAV must be recognised, even behind a cover of megabytes."""
    tag = b"ID3\x03\0\0" + bytes([5, 0, 0, 0]) + bytes(5 << 21)
    path = tmp_path / "a.mp3"

    path.write_bytes(tag + sound.wav(bytes(100)))
    wav = sniff(path)
    path.write_bytes(tag + hostile.mp3_of_silence(1))
    mp3 = sniff(path)

    assert (wav, mp3) == (Kind.WAV, Kind.MP3)


def test_zeros_behind_a_tag_are_no_content(tmp_path: Path):
    """Some taggers leave zeros that the tag's own size does not count."""
    tag = b"ID3\4\0\0\0\0\0\x0a" + bytes(10)
    path = tmp_path / "a"
    for zeros in (8, 70_000, 200_001):
        path.write_bytes(tag + bytes(zeros) + hostile.mp3_of_silence(2))

        assert sniff(path) is Kind.MP3

    path.write_bytes(tag + bytes(100_000))
    with pytest.raises(UnsupportedMediaError, match="ID3"):
        sniff(path)


@pytest.mark.parametrize("size", [417, 1_045])
def test_free_format_mp3_is_named(tmp_path: Path, size: int):
    """FFmpeg cannot decode frames whose headers do not tell their size."""
    frames = [b"\xff\xfb\x00\x64" + b"\x55" * (size + n % 2) for n in range(20)]
    path = tmp_path / "a.mp3"
    path.write_bytes(b"".join(frames))

    with pytest.raises(UnsupportedMediaError, match="free-format MP3"):
        sniff(path)


@pytest.mark.parametrize("first", [b"Speex   ", b"fishead\0", b"\x80theora"])
def test_ogg_is_known_by_any_of_its_streams(tmp_path: Path, first: bytes):
    """The answer once depended on which stream stood first."""
    pages = [
        hostile.ogg_page([packet], granule=0, sequence=0, flags=2, serial=serial)
        for serial, packet in enumerate([first, b"\x01vorbis".ljust(30, b"\0")])
    ]
    path = tmp_path / "a"
    for order in (pages, pages[::-1]):
        path.write_bytes(b"".join(order))

        assert sniff(path) is Kind.OGG
