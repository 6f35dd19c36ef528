"""Bytes of the classic mix, the same in every release and on every machine."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.fixed_stems import STEMS, write_stems
from waveflow.audio import codec
from waveflow.audio.mix import room, total
from waveflow.audio.mix.classic import mix
from waveflow.audio.stream import Stream
from waveflow.errors import AudioTooLongError, ResourceLimitError

# First 16 digits of the SHA-256 of each mixed WAV, as the release wrote
# them that decoded the stems of a loud mix twice.
HASHES = {
    "one, loud": "e9e579a52646c19a",
    "two alike, loud": "8abdeb7b285b397c",
    "one, quiet": "6a127a9fbec796ad",
    "eight of 16 bits": "d4770247357b83e8",
    "eight of FLAC": "122d6acec6c3da0a",
    "one channel and two": "9a0d90a1b5f53a53",
    "six channels": "2e55890ae9283937",
    "eight channels": "dcba5ba935abf5e7",
    "WAV beside FLAC": "e0a5ed4e60bed62e",
    "24 bits": "433c148b96ec08e7",
    "24 bits of FLAC": "9ac805871c1fc2c3",
    "floats": "e740196681bc1243",
    "every kind": "0cb087be32057458",
    "sixty-four": "f9d95d18c3f68864",
    "sixty-four floats": "c1ccff166c7b6e50",
}


def bytes_of(paths: list[Path], out: Path) -> str:
    """Return the first 16 digits of the mixed WAV's SHA-256."""
    return mix(paths, out).audio_hash[:16]


@pytest.mark.parametrize("case", STEMS)
def test_a_classic_mix_keeps_its_bytes(tmp_path: Path, case: str):
    """A redelivered message must find the mix that an older release has written."""
    assert bytes_of(write_stems(tmp_path, case), tmp_path / "out") == HASHES[case]


@pytest.mark.parametrize(("processors", "decoders"), [(1, 64), (2, 3), (5, 16)])
@pytest.mark.parametrize(
    "case",
    ["one channel and two", "eight of 16 bits", "every kind", "floats", "sixty-four"],
)
def test_a_mix_does_not_depend_on_the_processors(
    tmp_path: Path, monkeypatch, case: str, processors: int, decoders: int
):
    """Another size of Lambda must write the same bytes for the same message."""
    monkeypatch.setattr(total, "_processors", lambda: processors)
    monkeypatch.setattr(total, "DECODERS", decoders)
    monkeypatch.setattr(total, "MIN_SPLIT", 1)

    assert bytes_of(write_stems(tmp_path, case), tmp_path / "out") == HASHES[case]


@pytest.fixture
def decoded(monkeypatch) -> list[Path]:
    """Return the files that are decoded, each as often as a decoder starts."""
    paths: list[Path] = []
    open_audio = codec.open_audio

    def open_counted(path: Path) -> Stream:
        stream = open_audio(path)
        read = stream.read
        stream.read = lambda *where: paths.append(path) or read(*where)
        return stream

    monkeypatch.setattr(codec, "open_audio", open_counted)
    return paths


@pytest.mark.parametrize("case", ["one, quiet", "two alike, loud", "sixty-four"])
def test_every_stem_is_decoded_once_and_the_mix_never(
    tmp_path: Path, decoded: list[Path], case: str
):
    """A loud mix would cost twice as much if its stems were decoded twice."""
    paths = write_stems(tmp_path, case)

    mix(paths, tmp_path / "out")

    assert sorted(decoded) == sorted(paths)


@pytest.mark.parametrize("case", ["eight of 16 bits", "24 bits", "floats"])
def test_planes_are_summed_as_interleaved_samples_are(
    tmp_path: Path, monkeypatch, case: str
):
    """Another decoder of the same format must not change the mix."""
    paths, open_audio = write_stems(tmp_path, case), codec.open_audio

    def open_planes(path: Path) -> Stream:
        stream = open_audio(path)
        read = stream.read
        stream.read = lambda *where: map(np.asfortranarray, read(*where))
        return stream if path in paths[1:4] else open_audio(path)

    monkeypatch.setattr(codec, "open_audio", open_planes)

    assert bytes_of(paths, tmp_path / "out") == HASHES[case]


def test_the_sum_lies_in_a_file_without_a_name(tmp_path: Path, monkeypatch):
    """A killed mix must leave no sum, which is larger than the mix itself."""
    paths = write_stems(tmp_path, "eight of 16 bits")
    folder, seen = tmp_path / "scratch", []
    folder.mkdir()
    read = total.Total.read

    def read_watched(self: total.Total, *where: object) -> int:
        seen.append((os.fstat(self._file.fileno()).st_size, list(folder.iterdir())))
        return read(self, *where)

    monkeypatch.setattr(total.Total, "read", read_watched)

    mix(paths, folder / "out")

    assert seen[0] == (0, [])
    assert seen[-1] == (4 * 70_000, [folder / "out"])
    assert [path.name for path in folder.iterdir()] == ["out"]


def test_a_disk_too_small_for_sum_and_mix_is_told_before_decoding(
    tmp_path: Path, monkeypatch, decoded: list[Path]
):
    """A mix of an hour would fail after minutes, on a disk that was full before."""
    paths, out = write_stems(tmp_path, "eight of 16 bits"), tmp_path / "out"
    free = SimpleNamespace(free=6 * 70_000 - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: free)

    with pytest.raises(ResourceLimitError, match="420000 bytes"):
        mix(paths, out)

    assert not decoded
    assert not out.exists()
    free.free += 1
    assert bytes_of(paths, out) == HASHES["eight of 16 bits"]


LIMITED = """
import resource, sys
from pathlib import Path
from waveflow.audio.mix.classic import mix
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), most))
try:
    mix([Path(path) for path in sys.argv[3:]], Path(sys.argv[1]))
except OSError as exc:
    print(exc.errno)
"""


@pytest.mark.parametrize("room", [0, 100_000, 4 * 70_000 - 1])
def test_a_disk_that_fills_up_leaves_no_mix(tmp_path: Path, room: int):
    """A sum that was cut short without an error would be heard as silence."""
    paths, out = write_stems(tmp_path, "eight of 16 bits"), tmp_path / "out"

    result = subprocess.run(
        [sys.executable, "-c", LIMITED, out, str(room), *paths],
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(result.stdout) in (errno.ENOSPC, errno.EFBIG)
    assert not out.exists()


@pytest.mark.parametrize("case", ["one, quiet", "eight of FLAC"])
def test_a_mix_beyond_4_gib_is_refused_as_soon_as_it_shows(
    tmp_path: Path, monkeypatch, decoded: list[Path], case: str
):
    """Eight gigabytes of sum must not be written for a mix that cannot be."""
    paths, out = write_stems(tmp_path, case), tmp_path / "out"
    monkeypatch.setattr(room, "MAX_BYTES", 64 + 2 * 29_999)

    with pytest.raises(AudioTooLongError, match="4 GiB"):
        mix(paths, out)

    # The header of a WAV is exact; of a FLAC only decoding proves the length.
    assert bool(decoded) == (case == "eight of FLAC")
    assert not out.exists()
