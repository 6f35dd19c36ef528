"""Import librosa with compiled loops that one process alone has written.

numba writes each compiled loop as several files, and never locks them. Where two
processes compile at once, the files that stay name functions of each other's, and
every later process ends by a segmentation fault (numba's issue 10128). So a process of
its own compiles into a new folder, which gets the final name when all loops are there.
"""

import fcntl
import importlib.metadata
import importlib.util
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

_LOG = logging.getLogger(__name__)


@cache
def import_librosa() -> ModuleType:
    """Import librosa, with all parts that tempo and key use, and its compiled loops."""
    import numba

    config = cast("Any", numba.config)
    # An image names a folder of its own, which the build has filled.
    if not config.CACHE_DIR and "librosa" not in sys.modules:
        with suppress(OSError):  # numba finds a folder where this one is read-only
            config.CACHE_DIR = str(fill_once(_folder(), _compile))
    import librosa

    # librosa loads its parts with their first function; two threads then wait in turn.
    _ = librosa.feature.chroma_cqt
    return librosa


def fill_once(folder: Path, fill: Callable[[Path], None]) -> Path:
    """Return a folder that `fill` has filled, whole or not at all, in one process.

    Other threads and processes wait meanwhile; a `fill` that fails leaves nothing.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f"{folder.name}.lock")):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as new:
                fill(Path(new, folder.name))
                Path(new, folder.name).rename(folder)
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a file against other threads and processes; a killed process unlocks."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _folder() -> Path:
    """Return the folder for loops of the installed versions on this processor."""
    from llvmlite.binding import get_host_cpu_name

    spec = importlib.util.find_spec("librosa")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("librosa is not installed.", name="librosa")
    versions = [importlib.metadata.version(name) for name in ("librosa", "numba")]
    parts = ("waveflow", sys.implementation.cache_tag, *versions, get_host_cpu_name())
    return Path(spec.origin).parent / "__pycache__" / "-".join(parts)


def _compile(folder: Path) -> None:
    _LOG.warning("Compiling what finds tempo and key, once; this takes half a minute.")
    subprocess.run(
        [sys.executable, "-m", "waveflow.audio.listen.compiled"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
