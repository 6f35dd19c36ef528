"""Files of a mix: their formats, their bytes, and what is left after a failure."""

import hashlib
import os
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from support import sound
from support.mixes import FLAT, mixed
from waveflow.audio import codec
from waveflow.audio.listen.identity import AudioIdentity
from waveflow.audio.mix import room, total
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
from waveflow.errors import (
    AudioTooLongError,
    CorruptAudioError,
    ResourceLimitError,
)

LOUD = LoudnessTarget(-9)
SUBTYPES = {
    "wav16": "PCM_16",
    "wav24": "PCM_24",
    "wav32f": "FLOAT",
    "flac16": "PCM_16",
    "flac24": "PCM_24",
}


def stems(folder: Path, *, seconds: float = 1) -> list[Path]:
    """Write stems of several kinds, one of them of another rate."""
    music = sound.music(seconds)
    slow = sound.music(seconds, rate=32_000, channels=1)
    return [
        sound.write(folder / "a.wav", music, subtype="PCM_16"),
        sound.write(folder / "b.wav", sound.tone(seconds, hz=300), subtype="FLOAT"),
        sound.write(folder / "c.flac", music[:, :1], subtype="PCM_24"),
        sound.write(folder / "d.wav", slow, rate=32_000, subtype="PCM_24"),
    ]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("form", MixFormat)
@pytest.mark.parametrize("loudness", [None, LOUD])
def test_waveform_and_hash_are_those_of_the_file(
    tmp_path: Path, form: MixFormat, channels: int, loudness: LoudnessTarget | None
):
    """A document drawn while mixing must equal a drawing of the finished file."""
    settings = MixSettings(channels, form, loudness=loudness)

    result = mixed(tmp_path, stems(tmp_path), settings)

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
    result = mixed(tmp_path, stems(tmp_path), settings, listen=listen)

    stream = codec.open_audio(result.path)
    again = AudioIdentity(stream, result.path)
    codec.decode_into(stream, [again])
    assert len(identities) == 1
    assert identities[0].finish() == again.finish() is not None


def test_flac_and_wav_hold_the_same_samples(tmp_path: Path):
    """A musician who asks for FLAC must get the mix of the WAV, bit by bit."""
    for bits in (16, 24):
        wav = mixed(tmp_path, stems(tmp_path), MixSettings(2, MixFormat(f"wav{bits}")))
        form = MixFormat(f"flac{bits}")
        flac = mixed(tmp_path, stems(tmp_path), MixSettings(2, form))

        assert (wav.samples() == flac.samples()).all()


def test_the_head_of_a_flac_is_complete(tmp_path: Path):
    """A player shows the length from STREAMINFO, and `flac -t` checks its MD5."""
    settings = MixSettings(2, MixFormat.FLAC16)
    result = mixed(tmp_path, stems(tmp_path), settings)

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
    paths = stems(tmp_path, seconds=2)
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
    paths, decoded = stems(tmp_path), []
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
    paths, out = stems(tmp_path), tmp_path / "mix.wav"
    sources = [StemSource(path, path.name) for path in paths]
    settings = MixSettings(loudness=LOUD)
    whole = mixed(tmp_path, paths, settings).rendered.audio_hash

    with sum_stems(sources, settings, tmp_path) as summed:
        for path in paths:
            path.unlink()
        assert render(summed, out, settings).audio_hash == whole


def test_nothing_is_left_beside_the_mix(tmp_path: Path):
    """Files without a name go with the process, also where it is killed."""
    folder = tmp_path / "scratch"
    folder.mkdir()

    mixed(folder, stems(tmp_path), MixSettings(loudness=LOUD))

    assert [path.name for path in folder.iterdir()] == ["mix.wav"]


FAILING = """
import resource, sys
from pathlib import Path
from support.mixes import mixed
from waveflow.audio.mix.settings import LoudnessTarget, MixFormat, MixSettings
from waveflow.audio.mix import summing
from waveflow.audio.mix.total import Total
from waveflow.errors import ResourceLimitError
folder, path, form, after = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, most))
if after == "sum":
    add = Total.add
    Total.add = lambda *args: (add(*args), limit())
else:
    limit()
try:
    mixed(folder, [path], MixSettings(2, MixFormat(form), loudness=None))
except ResourceLimitError as exc:
    print(exc)
"""


@pytest.mark.parametrize("form", ["wav24", "wav32f", "flac24"])
@pytest.mark.parametrize("after", ["start", "sum"])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, form: str, after: str):
    """A mix that was cut by a full disk would look whole to the musician."""
    path = sound.write(tmp_path / "a.wav", sound.music(3), subtype="PCM_16")
    folder = tmp_path / "scratch"
    folder.mkdir()

    result = subprocess.run(
        [sys.executable, "-c", FAILING, folder, path, form, after],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert result.stdout == "The disk has no room for the sum or the mix.\n"
    assert list(folder.iterdir()) == []


def test_a_listener_that_fails_leaves_no_mix(tmp_path: Path):
    """A failed mix must not leave a file that looks whole."""

    class Failing:
        def add(self, _block: object) -> None:
            raise CorruptAudioError("A listener broke.")

    with pytest.raises(CorruptAudioError):
        mixed(tmp_path, stems(tmp_path), listen=lambda _: [Failing()])

    assert not (tmp_path / "mix.wav").exists()


@pytest.mark.parametrize("form", [MixFormat.WAV32F, MixFormat.FLAC16])
@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sum_beyond_4_gib_is_refused_as_soon_as_it_shows(
    tmp_path: Path, monkeypatch, form: MixFormat, suffix: str, channels: int
):
    """The disk must not fill with a sum that cannot become a file."""
    path = tmp_path / f"a.{suffix}"
    sound.write(path, np.zeros(30_000, np.float32), subtype="PCM_16")
    late = StemSettings(offset_ms=1_000)
    frames = 30_000 + 44_100
    settings = MixSettings(channels, form)
    monkeypatch.setattr(room, "MAX_BYTES", 64 + frames * 4 * channels)

    assert mixed(tmp_path, [(path, late)], settings).rendered.waveform.frames == frames

    monkeypatch.setattr(room, "MAX_BYTES", 64 + frames * 4 * channels - 1)
    with pytest.raises(AudioTooLongError, match="4 GiB"):
        mixed(tmp_path, [(path, late)], settings)


def test_a_disk_too_small_is_told_before_decoding(tmp_path: Path, monkeypatch):
    """A mix of an hour would fail after minutes, on a disk that was full before."""
    path = sound.write(tmp_path / "a.wav", sound.music(1), subtype="PCM_16")
    monkeypatch.setattr(codec, "decode", lambda *_, **__: pytest.fail("decoded"))
    free = SimpleNamespace(free=44_100 * 2 * 7 - 1)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _folder: free)

    with pytest.raises(ResourceLimitError, match="617400 bytes"):
        mixed(tmp_path, [path])


def test_a_deadline_ends_the_mix(tmp_path: Path):
    """A Lambda that runs into its time-out leaves the server without an answer."""
    paths = stems(tmp_path)
    settings = MixSettings(loudness=LOUD)
    sources = [StemSource(path, path.name) for path in paths]

    late = pytest.raises(ResourceLimitError, match="Time ran out")
    with late, sum_stems(sources, settings, tmp_path, deadline=0.0):
        pass
    with sum_stems(sources, settings, tmp_path) as summed, late:
        render(summed, tmp_path / "mix.wav", settings, deadline=0.0)


def test_a_bad_stem_is_named(tmp_path: Path):
    """A user must be told which stem is bad."""
    bad = tmp_path / "노래.flac"
    bad.write_bytes(b"fLaC")

    with pytest.raises(CorruptAudioError, match=r"^노래\.flac: "):
        mixed(tmp_path, [*stems(tmp_path), bad])


MEASURE = """
import sys
from pathlib import Path
from support.mixes import mixed
from waveflow.audio.mix.settings import LoudnessTarget, MixSettings
path, count = Path(sys.argv[1]), int(sys.argv[2])
mixed(path.parent, [path] * count, MixSettings(loudness=LoudnessTarget(-9)))
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""


def megabytes(path: Path, *, count: int) -> int:
    """Return the peak memory of a mix of one file, several times, to a target."""
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, path, str(count)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return int(result.stdout)


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
def test_memory_grows_neither_with_length_nor_with_stems(tmp_path: Path, suffix: str):
    """32 stems of an hour must fit the memory of the function."""
    sizes = []
    for seconds, count in ((4, 32), (30, 3)):
        path = tmp_path / f"{seconds}.{suffix}"
        if suffix == "wav":
            sound.write(path, sound.music(seconds), subtype="PCM_24")
        else:
            sound.encode(path, sound.music(seconds), codec="aac", container="mp4")
        sizes.append(megabytes(path, count=count))

    assert max(sizes) <= 150
