"""Mixes that fail: what is told, what is left, and how much memory they take."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import numpy as np
import pytest
from support import sound
from support.mixes import mixed, odd_stems
from waveflow.audio import codec
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
from waveflow.errors import (
    AudioTooLongError,
    CorruptAudioError,
    ResourceLimitError,
)

LOUD = LoudnessTarget(-9)


def test_nothing_is_left_beside_the_mix(tmp_path: Path):
    """Files without a name go with the process, also where it is killed."""
    folder = tmp_path / "scratch"
    folder.mkdir()

    mixed(folder, odd_stems(tmp_path), MixSettings(loudness=LOUD))

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
        mixed(tmp_path, odd_stems(tmp_path), listen=lambda _: [Failing()])

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


def test_a_sum_that_turns_out_beyond_4_gib_ends_there(tmp_path: Path, monkeypatch):
    """FLAC may hold more than its head says: decoding must not fill the disk."""
    path = sound.write(tmp_path / "a.flac", sound.music(3), subtype="PCM_16")
    written: list[int] = []

    def note(file: IO[bytes], data: memoryview, at: int) -> None:
        written.append(at + data.nbytes)
        room.write_at(file, data, at)

    monkeypatch.setattr(total, "write_at", note)
    monkeypatch.setattr(room, "MAX_BYTES", 500_000)

    with pytest.raises(AudioTooLongError, match="4 GiB"):
        mixed(tmp_path, [path])

    assert written
    assert max(written) <= 500_000


def test_a_length_beyond_4_gib_is_told_before_decoding(tmp_path: Path, monkeypatch):
    """A long offset shows at once what minutes of decoding would only confirm."""
    path = sound.write(tmp_path / "a.wav", sound.music(1), subtype="PCM_16")
    monkeypatch.setattr(codec, "decode", lambda *_, **__: pytest.fail("decoded"))
    monkeypatch.setattr(room, "MAX_BYTES", 44_100 * 8)

    with pytest.raises(AudioTooLongError, match="4 GiB"):
        mixed(tmp_path, [path])


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
    paths = odd_stems(tmp_path)
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
        mixed(tmp_path, [*odd_stems(tmp_path), bad])


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
