"""Files of a mix: their formats, their bytes, and who hears them."""

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import sound
from support.mixes import FLAT, mixed, odd_stems
from waveflow.audio import codec
from waveflow.audio.listen.identity import AudioIdentity
from waveflow.audio.mix import total
from waveflow.audio.mix.render import render
from waveflow.audio.mix.settings import (
    LoudnessTarget,
    MixFormat,
    MixSettings,
    StemSettings,
    StemSource,
)
from waveflow.audio.mix.summing import sum_stems
from waveflow.audio.stream import Stream
from waveflow.audio.waveform.draw import draw

LOUD = LoudnessTarget(-9)
SUBTYPES = {
    "wav16": "PCM_16",
    "wav24": "PCM_24",
    "wav32f": "FLOAT",
    "flac16": "PCM_16",
    "flac24": "PCM_24",
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("form", MixFormat)
@pytest.mark.parametrize("loudness", [None, LOUD])
def test_waveform_and_hash_are_those_of_the_file(
    tmp_path: Path, form: MixFormat, channels: int, loudness: LoudnessTarget | None
):
    """A document drawn while mixing must equal a drawing of the finished file."""
    settings = MixSettings(channels, form, loudness=loudness)

    result = mixed(tmp_path, odd_stems(tmp_path), settings)

    drawn, given = draw(result.path, 4000), result.rendered.waveform
    info = soundfile.info(result.path)
    assert (info.subtype, info.channels) == (SUBTYPES[form], channels)
    assert info.frames == given.frames
    assert (drawn.data == given.data).all()
    assert (drawn.peaks == given.peaks).all()
    assert (drawn.peak, drawn.format, drawn.warnings, drawn.samples_per_pixel) == (
        (given.peak, given.format, given.warnings, given.samples_per_pixel)
    )
    digest = hashlib.sha256(result.path.read_bytes()).hexdigest()
    assert result.rendered.audio_hash == digest


@pytest.mark.parametrize("form", MixFormat)
def test_listeners_hear_the_written_samples(tmp_path: Path, form: MixFormat):
    """An identity of the mix must equal the identity of the downloaded file."""
    identities: list[AudioIdentity] = []

    def listen(stream: Stream) -> list[AudioIdentity]:
        identities.append(AudioIdentity(stream, tmp_path / "unused"))
        return identities

    settings = MixSettings(format=form, loudness=LOUD)
    result = mixed(tmp_path, odd_stems(tmp_path), settings, listen=listen)

    stream = codec.open_audio(result.path)
    again = AudioIdentity(stream, result.path)
    codec.decode_into(stream, [again])
    assert len(identities) == 1
    assert identities[0].finish() == again.finish() is not None


def test_flac_and_wav_hold_the_same_samples(tmp_path: Path):
    """A musician who asks for FLAC must get the mix of the WAV, bit by bit."""
    for bits in (16, 24):
        wav = mixed(
            tmp_path, odd_stems(tmp_path), MixSettings(2, MixFormat(f"wav{bits}"))
        )
        form = MixFormat(f"flac{bits}")
        flac = mixed(tmp_path, odd_stems(tmp_path), MixSettings(2, form))

        assert (wav.samples() == flac.samples()).all()


def test_the_head_of_a_flac_is_complete(tmp_path: Path):
    """A player shows the length from STREAMINFO, and `flac -t` checks its MD5."""
    settings = MixSettings(2, MixFormat.FLAC16)
    result = mixed(tmp_path, odd_stems(tmp_path), settings)

    head = result.path.read_bytes()[:42]
    pcm = soundfile.read(result.path, dtype="int16")[0].astype("<i2").tobytes()
    frames = int.from_bytes(head[18:26], "big") & (1 << 36) - 1
    assert frames == result.rendered.waveform.frames
    assert head[26:42] == hashlib.md5(pcm, usedforsecurity=False).digest()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (MixFormat.WAV24, (1, 24, 44)),
        (MixFormat.WAV16, (1, 16, 44)),
        (MixFormat.WAV32F, (3, 32, 58)),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_the_header_of_a_wav_is_plain(
    tmp_path: Path, form: MixFormat, expected: tuple[int, int, int], channels: int
):
    """Browsers and samplers read the plain header, not every one the extensible."""
    path = sound.write(tmp_path / "a.wav", sound.tone(0.0227), subtype="PCM_16")

    content = mixed(tmp_path, [path], MixSettings(channels, form)).path.read_bytes()

    tag, bits, header = expected
    frames = round(0.0227 * 44_100)
    assert frames % 2 == 1
    size = frames * channels * bits // 8
    fields = struct.unpack_from("<HHIIHH", content, 20)
    align = channels * bits // 8
    assert fields == (tag, channels, 44_100, 44_100 * align, align, bits)
    assert content[header - 8 : header] == b"data" + struct.pack("<I", size)
    assert len(content) == header + size + size % 2
    assert struct.unpack_from("<I", content, 4)[0] == len(content) - 8
    if tag == 3:
        assert content[36:50] == b"\0\0fact" + struct.pack("<II", 4, frames)


def test_16_bits_are_dithered(tmp_path: Path):
    """A tone below one step of 16 bits must be heard in noise, not vanish."""
    rate, level = 44_100, 0.4 / 32_768
    tone = sound.tone(4, hz=1_000, level=level)
    path = sound.write(tmp_path / "a.wav", tone, subtype="FLOAT")

    settings = MixSettings(1, MixFormat.WAV16)
    got = mixed(tmp_path, [path], settings).samples()[:, 0] * 32_768

    time = np.arange(len(got)) / rate
    found = 2 * (got * np.sin(2 * np.pi * 1_000 * time)).mean()
    noise = got - 0.4 * np.sin(2 * np.pi * 1_000 * time)
    assert found == pytest.approx(0.4, abs=0.02)
    # Triangular noise of two steps' width and rounding: 1/6 + 1/12.
    assert noise.var() == pytest.approx(0.25, rel=0.02)
    assert abs(noise.mean()) < 0.01
    assert np.abs(got).max() <= 2


@pytest.mark.parametrize(
    ("form", "loudness"),
    [
        (MixFormat.WAV16, None),
        (MixFormat.WAV16, LOUD),
        (MixFormat.FLAC24, LOUD),
    ],
)
def test_the_same_request_gives_the_same_bytes(
    tmp_path: Path, monkeypatch, form: MixFormat, loudness: LoudnessTarget | None
):
    """A redelivered message on another size of Lambda must find equal bytes."""
    paths = odd_stems(tmp_path, seconds=2)
    places = [FLAT, StemSettings(-3, 0.3), FLAT, StemSettings(offset_ms=-200)]
    request = list(zip(paths, places, strict=True))
    settings = MixSettings(2, form, loudness=loudness)

    hashes = [mixed(tmp_path, request, settings).rendered.audio_hash]
    hashes.append(mixed(tmp_path, request, settings).rendered.audio_hash)
    for processors, decoders, step in ((1, 2, 1 << 14), (5, 16, 192 << 6)):
        monkeypatch.setattr(total, "_processors", lambda n=processors: n)
        monkeypatch.setattr(total, "DECODERS", decoders)
        monkeypatch.setattr(total, "STEP_SAMPLES", step)
        hashes.append(mixed(tmp_path, request, settings).rendered.audio_hash)

    assert len(set(hashes)) == 1


@pytest.mark.parametrize("processors", [1, 3])
def test_parts_of_the_time_line_give_the_same_sum(
    tmp_path: Path, monkeypatch, processors: int
):
    """Offsets must land on the same frame where each thread sums a part."""
    music = sound.music(5)
    paths = [
        sound.write(tmp_path / f"{n}.wav", music[n * 999 :], subtype="PCM_24")
        for n in range(3)
    ]
    places = [StemSettings(offset_ms=off, pan=0.1) for off in (-700, 0, 1_900)]
    request = list(zip(paths, places, strict=True))
    monkeypatch.setattr(total, "_processors", lambda: processors)

    whole = mixed(tmp_path, request)
    monkeypatch.setattr(total, "MIN_SPLIT", 1)
    monkeypatch.setattr(total, "STEP_SAMPLES", 1 << 14)
    split = mixed(tmp_path, request)

    assert split.rendered.audio_hash == whole.rendered.audio_hash
    assert split.stems == whole.stems


@pytest.mark.parametrize("loudness", [None, LOUD])
def test_every_stem_is_decoded_once(
    tmp_path: Path, monkeypatch, loudness: LoudnessTarget | None
):
    """A loudness target must not cost the stems' decoding again."""
    paths, decoded = odd_stems(tmp_path), []
    open_audio = codec.open_audio

    def open_counted(path: Path) -> Stream:
        stream = open_audio(path)
        read = stream.read
        stream.read = lambda *where: decoded.append(path) or read(*where)
        return stream

    monkeypatch.setattr(codec, "open_audio", open_counted)

    mixed(tmp_path, paths, MixSettings(loudness=loudness))

    assert sorted(decoded) == sorted(paths)


def test_the_stems_may_be_removed_before_the_mix_is_written(tmp_path: Path):
    """A Lambda's disk holds the stems or the mix, not both."""
    paths, out = odd_stems(tmp_path), tmp_path / "mix.wav"
    sources = [StemSource(path, path.name) for path in paths]
    settings = MixSettings(loudness=LOUD)
    whole = mixed(tmp_path, paths, settings).rendered.audio_hash

    with sum_stems(sources, settings, tmp_path) as summed:
        for path in paths:
            path.unlink()
        assert render(summed, out, settings).audio_hash == whole
