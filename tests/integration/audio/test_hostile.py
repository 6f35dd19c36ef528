"""Hostile files end typed: no crash, no hang, no NaN, no lost audio."""

import json
import struct
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from support import hostile, sound
from waveflow.audio.waveform.draw import Waveform, draw, waveform_document
from waveflow.errors import WaveflowError

BODY = sound.pcm16(sound.tone(1))
FRAMES = 44_100
OK = ("wav", FRAMES, ())
CUT = ("wav", FRAMES, ("TRUNCATED",))
FMT = sound.wav_format


def answer(path: Path) -> tuple | str:
    """Return format, frames and warnings of a file, or the code of its error."""
    try:
        waveform = draw(path, 100)
    except WaveflowError as error:
        return error.code if str(path) not in str(error) else f"{path} leaked"
    document = waveform_document(waveform, audio_hash="", created_at="")
    json.loads(document, parse_constant=pytest.fail)
    return waveform.format, waveform.frames, waveform.warnings


def fmt_after_data() -> bytes:
    """Return a WAV whose format follows its data."""
    chunks = sound.chunk(b"data", BODY) + sound.chunk(b"fmt ", FMT())
    return b"RIFF\0\0\0\0WAVE" + chunks


def with_nan() -> bytes:
    """Return a float WAV with NaN, infinities and a sample far beyond full scale."""
    samples = sound.tone(1)
    samples[[3, 50, 51, 52]] = np.nan, np.inf, -np.inf, 3e38
    return sound.wav(samples.astype("<f4").tobytes(), fmt=FMT(tag=3, bits=32))


CLOSED = sound.wav(BODY)
NOISE = bytes(range(1, 256)) * 8
LONGER = struct.pack("<I", len(NOISE) + 500)
# The RIFF size counts a chunk that was cut.
TAGGED = sound.wav(BODY, riff_claim=len(CLOSED) + len(NOISE) + 500)
HALF = sound.wav(BODY, claim=len(BODY) // 2, riff_claim=36 + len(BODY) // 2)
WAVS: dict[str, tuple[bytes, tuple | str]] = {
    "as it should be": (sound.wav(BODY), OK),
    "header only": (sound.wav(b""), "EMPTY_AUDIO"),
    "cut in half a sample": (sound.wav(BODY)[:30_001], ("wav", 14_978, ("TRUNCATED",))),
    "streamed, -1": (sound.wav(BODY, claim=2**32 - 1), OK),
    "streamed, 2^31 - 1": (sound.wav(BODY, claim=2**31 - 1), OK),
    "claims ten times": (sound.wav(BODY, claim=10 * len(BODY)), CUT),
    "recorder never closed: data 0": (sound.wav(BODY, claim=0), OK),
    "claims half": (sound.wav(BODY, claim=len(BODY) // 2), OK),
    "RIFF size 0": (sound.wav(BODY, riff_claim=0), OK),
    "LIST behind": (sound.wav(BODY) + sound.chunk(b"LIST", b"INFOabcd"), OK),
    "odd chunk before": (sound.wav(BODY, between=sound.chunk(b"junk", b"abc")), OK),
    "ID3v1 behind": (sound.wav(BODY) + b"TAG" + bytes(125), OK),
    "ZIP behind": (sound.wav(BODY) + b"PK\x03\x04" + bytes(500), OK),
    "id3 behind, cut short": (TAGGED + b"id3 " + LONGER + NOISE, OK),
    "LIST behind, cut short": (TAGGED + b"LIST" + LONGER + NOISE, OK),
    "bext behind, cut short": (TAGGED + b"bext" + LONGER + NOISE, OK),
    "a tag of its own behind, cut short": (CLOSED + b"LGWX" + LONGER + NOISE, OK),
    "a boundary of an upload behind": (CLOSED + b"\r\n--b8f3a1c2d4e5f607--\r\n", OK),
    "line feeds behind": (CLOSED + b"\r\n" * 8, OK),
    "zeros behind": (CLOSED + bytes(200_000), OK),
    "text behind": (CLOSED + b"\r\nDownloaded from an example. " * 20, OK),
    "much that is nothing behind": (CLOSED + NOISE * 100, CUT),
    "both sizes are half": (HALF, ("wav", FRAMES // 2, ("TRUNCATED",))),
    "ID3 before": (b"ID3\3\0\0\0\0\0\x0a" + bytes(10) + sound.wav(BODY), OK),
    "RF64": (sound.long_wav(BODY, form=b"RF64"), OK),
    "BW64": (sound.long_wav(BODY, form=b"BW64"), OK),
    "RF64 claims 2^62": (sound.long_wav(BODY, form=b"RF64", claim=2**62), CUT),
    "NaN and infinity": (with_nan(), ("wav", FRAMES, ("NON_FINITE_SAMPLES",))),
    "32 channels": (sound.wav(bytes(6400), fmt=FMT(channels=32)), ("wav", 100, ())),
    "33 channels": (sound.wav(bytes(6600), fmt=FMT(channels=33)), "TOO_MANY_CHANNELS"),
    "1,024 channels": (
        sound.wav(bytes(20_480), fmt=FMT(channels=1024)),
        "TOO_MANY_CHANNELS",
    ),
    "0 channels": (
        sound.wav(BODY, fmt=struct.pack("<HHIIHH", 1, 0, 44_100, 0, 0, 16)),
        "CORRUPT_AUDIO",
    ),
    "1 Hz": (sound.wav(bytes(8800), fmt=FMT(rate=1)), "BAD_SAMPLE_RATE"),
    "0 Hz": (sound.wav(bytes(8800), fmt=FMT(rate=0)), "BAD_SAMPLE_RATE"),
    "2^31 - 1 Hz": (sound.wav(bytes(80), fmt=FMT(rate=2**31 - 1)), "BAD_SAMPLE_RATE"),
    "4 kHz": (sound.wav(bytes(80), fmt=FMT(rate=4000)), ("wav", 40, ())),
    "768 kHz": (sound.wav(bytes(80), fmt=FMT(rate=768_000)), ("wav", 40, ())),
    "64 bit": (sound.wav(bytes(8800), fmt=FMT(bits=64)), "UNSUPPORTED_MEDIA"),
    "0 bit": (sound.wav(bytes(8800), fmt=FMT(bits=0)), "CORRUPT_AUDIO"),
    "1 bit": (sound.wav(bytes(8800), fmt=FMT(bits=1)), "UNSUPPORTED_MEDIA"),
    "float of 16 bit": (
        sound.wav(bytes(8800), fmt=FMT(tag=3, bits=16)),
        "UNSUPPORTED_MEDIA",
    ),
    "AAC inside": (sound.wav(bytes(8800), fmt=FMT(tag=0xFF)), "UNSUPPORTED_MEDIA"),
    "format behind data": (fmt_after_data(), "CORRUPT_AUDIO"),
    "no data": (
        b"RIFF\0\0\0\0WAVE" + sound.chunk(b"fmt ", FMT()),
        "CORRUPT_AUDIO",
    ),
    "100,000 chunks": (
        sound.wav(BODY, between=sound.chunk(b"junk", b"") * 100_000),
        "CORRUPT_AUDIO",
    ),
}


@pytest.mark.parametrize("case", WAVS)
def test_wav_headers_that_lie_are_seen_through(tmp_path: Path, case: str):
    """A recorder's wrong header must neither cut a user's file nor refuse the file."""
    content, expected = WAVS[case]
    path = tmp_path / "a.wav"
    path.write_bytes(content)

    assert answer(path) == expected


def sources(folder: Path) -> dict[str, bytes]:
    """Return eight seconds in each compressed format."""
    samples = sound.music(8, channels=1)
    made = {
        "flac": sound.write(folder / "f", samples, format="FLAC", subtype="PCM_16"),
        "ogg": sound.write(folder / "o", samples, format="OGG", subtype="VORBIS"),
        "opus": sound.write(
            folder / "p", samples, rate=48_000, format="OGG", subtype="OPUS"
        ),
        "mp3": sound.encode(folder / "m", samples, codec="libmp3lame", container="mp3"),
        "m4a": sound.encode(folder / "a", samples, codec="aac", container="ipod"),
    }
    return {name: path.read_bytes() for name, path in made.items()}


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the encoded files, made once for all tests."""
    return sources(tmp_path_factory.mktemp("encoded"))


LENGTH = 8 * 44_100


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus", "mp3"])
def test_a_file_that_ends_early_is_drawn_with_a_warning(
    tmp_path: Path, encoded: dict[str, bytes], kind: str
):
    """A musician must see the half of an upload that arrived, with a warning."""
    content = encoded[kind]
    path = tmp_path / "a"
    path.write_bytes(content[: len(content) // 2])

    found, frames, warnings = answer(path)

    assert (found, warnings) == (kind, ("TRUNCATED",))
    assert 0.4 * LENGTH < frames < 0.6 * LENGTH


def test_m4a_without_its_index_is_corrupt(tmp_path: Path, encoded: dict[str, bytes]):
    """An M4A's index stands at its end, so a cut upload must be refused as corrupt."""
    path = tmp_path / "a"
    path.write_bytes(encoded["m4a"][: len(encoded["m4a"]) // 2])

    assert answer(path) == "CORRUPT_AUDIO"


def test_flac_with_a_hole_is_corrupt(tmp_path: Path, encoded: dict[str, bytes]):
    """Audio behind a hole in FLAC stands at a wrong time, so the file is refused."""
    content = bytearray(encoded["flac"] + b"")
    content[len(content) // 3 : len(content) // 3 + 3000] = bytes(3000)
    path = tmp_path / "a"
    path.write_bytes(content)

    assert answer(path) == "CORRUPT_AUDIO"


def test_flac_of_unknown_length_is_whole(tmp_path: Path, encoded: dict[str, bytes]):
    """An encoder that writes to a pipe leaves the length open in a whole file."""
    content = bytearray(encoded["flac"])
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path = tmp_path / "a"
    path.write_bytes(content)

    assert answer(path) == ("flac", LENGTH, ())


@pytest.mark.parametrize(("kind", "rate"), [("ogg", 44_100), ("opus", 48_000)])
def test_chained_ogg_is_whole(
    tmp_path: Path, encoded: dict[str, bytes], kind: str, rate: int
):
    """A radio recorder joins streams; only the first would be drawn."""
    path = tmp_path / "a"
    path.write_bytes(encoded[kind] * 3)

    found, frames, warnings = answer(path)

    assert (found, warnings) == (kind, ())
    assert abs(frames - 3 * LENGTH) <= 3 * 960
    assert rate in (44_100, 48_000)


def test_vbr_mp3_without_a_length_header_is_whole(tmp_path: Path):
    """A VBR file without a header must be drawn beyond the decoder's guess (T1)."""
    quiet = hostile.mp3_of_silence(5)
    loud = b"\xff\xf3\xe8\xc4" + bytes(716)  # 160 kbit/s, the same rate
    path = tmp_path / "a"
    path.write_bytes(loud * 100 + quiet)

    found, frames, _ = answer(path)

    assert found == "mp3"
    assert abs(frames - (100 * 576 + 5 * 16_000)) <= 2 * 576


@pytest.mark.parametrize(
    "junk", [b"APETAGEX" + bytes(400), bytes(5000), b"TAG" + bytes(125)]
)
def test_junk_behind_an_mp3_costs_no_sample(
    tmp_path: Path, encoded: dict[str, bytes], junk: bytes
):
    """A tag behind the audio once cost a user the last second."""
    path = tmp_path / "a"
    path.write_bytes(encoded["mp3"] + junk)

    found, frames, _ = answer(path)

    assert found == "mp3"
    assert 0 <= frames - LENGTH <= 1152


NAMES = ["a.wav", "a.mp3", "a.bin", "a.raw", "a", "가.wav", "http:", "-", "concat:a|b"]


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "opus", "mp3", "m4a"])
def test_the_same_bytes_under_any_name_give_the_same_answer(
    tmp_path: Path, encoded: dict[str, bytes], kind: str
):
    """A decoder that trusts suffixes would draw one file in two ways (T7)."""
    content = sound.wav(BODY) if kind == "wav" else encoded[kind]
    names = [*NAMES, unicodedata.normalize("NFD", "가.wav")]
    answers = []
    for name in names:
        path = tmp_path / name
        path.write_bytes(content)
        answers.append(draw(path, 50))
        path.unlink()

    first: Waveform = answers[0]
    assert first.format == kind
    for other in answers[1:]:
        assert other.frames == first.frames
        assert (other.data == first.data).all()
        assert (other.peaks == first.peaks).all()


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus", "mp3", "m4a"])
def test_flipped_bits_never_crash(tmp_path: Path, encoded: dict[str, bytes], kind: str):
    """A file damaged anywhere must end as a waveform or typed, never as a crash."""
    random = np.random.default_rng(3)
    path = tmp_path / "a"
    for _ in range(12):
        content = bytearray(encoded[kind][:60_000])
        for position in random.integers(0, len(content), 40):
            content[position] ^= 1 << int(random.integers(8))
        path.write_bytes(content)

        answer(path)
