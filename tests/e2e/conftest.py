"""A browser, and a stem of four minutes whose outputs lie in the local S3."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from support.console import OUTPUTS, Job, chromium, console, run_job, write_stem


@pytest.fixture(scope="session")
def browser() -> str:
    """Return a Chromium."""
    return chromium()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a stem, and the same sound as FLAC."""
    folder = tmp_path_factory.mktemp("stem")
    write_stem(folder / "stem.wav")
    sound, rate = soundfile.read(folder / "stem.wav", dtype="int16")
    soundfile.write(folder / "stem.flac", sound, rate)
    return folder


@pytest.fixture(scope="session")
def own_url(folder: Path) -> Iterator[str]:
    """Run `waveflow up` for the stem, and return the page's URL."""
    with console(folder) as url:
        yield url


@pytest.fixture(scope="session")
def stem(own_url: str, folder: Path) -> Job:
    """Return the job of a stem for which every output was asked."""
    return run_job(own_url, folder / "stem.wav", **OUTPUTS)


@pytest.fixture(scope="session")
def flac(own_url: str, folder: Path) -> Job:
    """Return the job of the stem's FLAC, without zoom levels and previews."""
    return run_job(own_url, folder / "stem.flac", audio_id="true")
