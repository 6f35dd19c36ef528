"""Previews: they start with the recording, are as long, and fail without a trace."""

import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr
from support import sound
from waveflow.audio.preview import encoder
from waveflow.audio.preview.encoder import (
    CHANNELS_MIXED,
    Preview,
    PreviewEncoder,
    PreviewKind,
    write_preview,
)
from waveflow.audio.stream import Block

KINDS = list(PreviewKind)
BITS_PER_S = {("opus", 2): 96, ("opus", 1): 64, ("mp3", 2): 160, ("mp3", 1): 96}


def voice(rate: int, *, seconds: float = 1.5, channels: int = 2) -> np.ndarray:
    """Return noise below 1.6 kHz, which every rate and encoder keeps."""
    frames = round(seconds * rate) + 7
    spectrum = np.fft.rfft(
        np.random.default_rng(0).standard_normal((frames, channels)), axis=0
    )
    spectrum[np.fft.rfftfreq(frames, 1 / rate) > 1_600] = 0
    samples = np.fft.irfft(spectrum, frames, axis=0)
    return (samples * 0.3 / np.abs(samples).max()).astype(np.float32)


def encoded(path: Path, samples: np.ndarray, *, rate: int = 48_000) -> Preview:
    """Write a preview of samples, of the kind that the file's name says."""
    listener = PreviewEncoder(path, PreviewKind(path.suffix[1:]))
    for start in range(0, len(samples), 65_536):
        listener.add(Block(samples[start : start + 65_536], rate))
    return listener.finish()


def lag(one: np.ndarray, other: np.ndarray) -> int:
    """Return by how many frames `one` is later than `other`."""
    size = 1 << (len(one) + len(other)).bit_length()
    product = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    peak = int(np.fft.irfft(product, size).argmax())
    return peak if peak < size // 2 else peak - size


def by_ffmpeg(path: Path) -> np.ndarray:
    """Decode a preview with the libraries of FFmpeg."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1).T


def by_libsndfile(path: Path) -> np.ndarray:
    """Decode a preview with libsndfile."""
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


def by_opusdec(path: Path) -> np.ndarray:
    """Decode a preview with the decoder of the Opus project."""
    out = path.with_suffix(".decoded.wav")
    command = ["opusdec", "--quiet", "--float", "--rate", "48000", path, out]
    subprocess.run(command, check=True, capture_output=True)
    return by_libsndfile(out)


def preview_rate(path: Path) -> int:
    """Return the sample rate that a preview tells."""
    with av.open(str(path)) as container:
        return int(container.streams.audio[0].rate)


# Rates of both families of MP3, both limits of the contract, and two primes.
RATES = [
    *(4_000, 8_000, 11_025, 44_100, 44_101),
    *(48_000, 88_200, 192_000, 767_957, 768_000),
]


def apart(preview: Preview, samples: np.ndarray, *, heard: np.ndarray) -> float:
    """Return by how many frames a preview is longer, once its lag is seen to be 0."""
    rate, out_rate = len(samples) / preview.duration, preview_rate(preview.path)
    expected = soxr.resample(samples, rate, out_rate)[:, 0]
    assert lag(heard[:, 0], expected) == 0
    return len(heard) - len(samples) * out_rate / rate


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", RATES)
def test_a_preview_starts_and_ends_with_the_recording(tmp_path, rate, kind):
    """A cursor over the waveform must stand where the preview sounds."""
    samples = voice(rate)
    source = sound.write(tmp_path / "a.wav", samples, rate=rate, subtype="FLOAT")

    preview = write_preview(source, tmp_path / f"a.{kind}", kind=kind)

    is_cd = kind is PreviewKind.MP3 and rate % 11_025 == 0
    assert preview_rate(preview.path) == (44_100 if is_cd else 48_000)
    assert preview.duration == len(samples) / rate
    assert preview.size_bytes == preview.path.stat().st_size
    for decode in (by_ffmpeg, by_libsndfile):
        longer = apart(preview, samples, heard=decode(preview.path))
        assert -1 <= longer <= (1 if kind is PreviewKind.OPUS else 47)


@pytest.mark.skipif(not shutil.which("opusdec"), reason="opusdec is not installed")
@pytest.mark.parametrize("rate", [4_001, 44_100, 48_000])
def test_an_opus_preview_starts_with_the_recording_in_opusdec(tmp_path, rate):
    """Another decoder must cut the same frames from the start and the end."""
    samples = voice(rate)

    preview = encoded(tmp_path / "a.opus", samples, rate=rate)

    longer = apart(preview, samples, heard=by_opusdec(preview.path))
    assert -1 <= longer <= 1


def crc16(data: bytes) -> int:
    """Return the checksum that ends a LAME tag, computed bit by bit."""
    rest = 0
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = (rest >> 1) ^ (0xA001 if rest & 1 else 0)
    return rest


@pytest.mark.skipif(not shutil.which("lame"), reason="lame is not installed")
def test_an_mp3_preview_is_cut_by_lame_itself(tmp_path):
    """The tag's own program must read delay and padding under another's name."""
    preview, out = encoded(tmp_path / "a.mp3", voice(48_000)), tmp_path / "a.wav"
    command = ["lame", "--quiet", "--decode", preview.path, out]
    subprocess.run(command, check=True, capture_output=True)

    assert 0 <= apart(preview, voice(48_000), heard=by_libsndfile(out)) <= 47


@pytest.mark.parametrize("frames", [1, 575, 576, 1_152, 48_000])
def test_an_mp3_says_what_a_player_must_cut(tmp_path, frames):
    """Without LAME's delay and padding a browser plays the encoder's silence."""
    preview = encoded(tmp_path / "a.mp3", voice(48_000)[:frames])

    head = preview.path.read_bytes()[:600]
    tag = head.index(b"Info")  # "Xing" would stand for a variable bit rate
    assert head[tag + 120 : tag + 124] in {b"LAME", b"Lavc", b"Lavf"}
    start = tag - 36  # the header and the side information of a stereo frame
    checksum = int.from_bytes(head[tag + 154 : tag + 156], "big")
    assert checksum == crc16(head[start : tag + 154])
    packets = int.from_bytes(head[tag + 8 : tag + 12], "big")
    cut = int.from_bytes(head[tag + 141 : tag + 144], "big")
    delay, padding = cut >> 12, cut & 0xFFF
    assert 0 <= packets * 1_152 - delay - padding - frames <= 47


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 768_000])
@pytest.mark.parametrize("frames", [1, 2, 10, 100, 959, 960, 1_153])
def test_short_recordings_have_a_preview(tmp_path, frames, rate, kind):
    """A single click is a stem, too."""
    source = sound.write(tmp_path / "a.wav", voice(48_000)[:frames], rate=rate)

    preview = write_preview(source, tmp_path / f"a.{kind}", kind=kind)

    played = 44_100 if kind is PreviewKind.MP3 and rate == 44_100 else 48_000
    longer = len(by_ffmpeg(preview.path)) - max(1, frames * played // rate)
    assert 0 <= longer <= (1 if kind is PreviewKind.OPUS else 47)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 2, 8, 32])
def test_channels_and_bits_per_second(tmp_path, channels, kind):
    """Stereo stays stereo; more channels become their mean, and the result says so."""
    samples = np.repeat(voice(48_000, seconds=4, channels=1), channels, axis=1)
    samples[:, channels // 2 :] *= 0.5
    source = sound.write(tmp_path / "a.wav", samples, rate=48_000, subtype="FLOAT")

    preview = write_preview(source, tmp_path / f"a.{kind}", kind=kind)

    heard = by_ffmpeg(preview.path)
    played = 2 if channels == 2 else 1
    assert heard.shape[1] == played
    assert preview.warnings == ({CHANNELS_MIXED} if channels > 2 else set())
    expected = samples if channels == 2 else samples.mean(axis=1, keepdims=True)
    shared = min(len(heard), len(expected))
    assert np.abs(heard[:shared] - expected[:shared]).max() < 0.05
    kbps = preview.size_bytes * 8 / preview.duration / 1_000
    spread = 0.03 if kind is PreviewKind.MP3 else 0.2  # Opus varies with the sound
    assert kbps == pytest.approx(BITS_PER_S[kind, played], rel=spread)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_samples_of_any_type_are_as_loud(tmp_path, subtype, channels, kind):
    """A preview of integers must not play at another level than one of floats."""
    samples = np.repeat(voice(48_000, channels=1), channels, axis=1)
    source = sound.write(tmp_path / "a.wav", samples, rate=48_000, subtype=subtype)

    preview = write_preview(source, tmp_path / f"a.{kind}", kind=kind)

    heard = by_ffmpeg(preview.path)[: len(samples)]
    assert np.abs(heard - samples[: len(heard), :1]).max() < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_silence_stays_silent(tmp_path, kind):
    """A stem that pauses must not hiss."""
    source = sound.write(tmp_path / "a.wav", np.zeros((48_000, 2)), rate=48_000)

    preview = write_preview(source, tmp_path / f"a.{kind}", kind=kind)

    assert np.abs(by_ffmpeg(preview.path)).max() < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_levels_beyond_full_scale_clip(tmp_path, kind):
    """A hot float file must sound clipped, not wrapped or ten times as loud."""
    hot = sound.write(
        tmp_path / "a.wav", sound.tone(1, level=10), rate=44_100, subtype="FLOAT"
    )

    preview = write_preview(hot, tmp_path / f"a.{kind}", kind=kind)

    level = np.sqrt(np.mean(by_ffmpeg(preview.path) ** 2))
    assert level == pytest.approx(0.96, abs=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_recording_gives_the_same_bytes_without_tags(tmp_path, kind):
    """A second run must not replace a preview, and no name may leak into it."""
    source = tmp_path / "a.flac"
    with soundfile.SoundFile(source, "w", 44_100, 2) as file:
        file.title = "Secret title"
        file.write(voice(44_100))

    previews = [
        write_preview(source, tmp_path / f"{n}.{kind}", kind=kind) for n in range(2)
    ]

    bodies = [each.path.read_bytes() for each in previews]
    assert bodies[0] == bodies[1]
    assert b"Secret" not in bodies[0]


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_that_fails_half_way_leaves_no_file(tmp_path, kind):
    """Half a preview must not be published as a whole one."""
    path = tmp_path / f"a.{kind}"
    listener = PreviewEncoder(path, kind)
    listener.add(Block(voice(48_000), 48_000))
    assert path.exists()

    with pytest.raises(ValueError, match="array"):
        listener.add(Block(np.zeros((100, 2, 3), np.float32), 48_000))

    assert not path.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_decoder_that_fails_half_way_leaves_no_file(tmp_path, kind, monkeypatch):
    """The command must not leave half a preview beside an error."""
    source = sound.write(tmp_path / "a.wav", voice(48_000), rate=48_000)
    path = tmp_path / f"a.{kind}"

    def decode_half(_stream: object, listeners: list[PreviewEncoder]) -> None:
        listeners[0].add(Block(voice(48_000), 48_000))
        raise OSError

    monkeypatch.setattr(encoder.codec, "decode_into", decode_half)
    with pytest.raises(OSError):  # noqa: PT011 - the test's own error
        write_preview(source, path, kind=kind)

    assert not path.exists()


def test_blocks_of_any_size_give_the_same_preview(tmp_path):
    """The size of a decoder's blocks is no property of the recording."""
    samples = voice(44_100)
    bodies = []
    for step in (1_000, len(samples)):
        listener = PreviewEncoder(tmp_path / "a.opus", PreviewKind.OPUS)
        for start in range(0, len(samples), step):
            listener.add(Block(samples[start : start + step], 44_100))
        bodies.append(listener.finish().path.read_bytes())

    assert bodies[0] == bodies[1]
