"""Hash files, also in a thread beside other work on the same file."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from waveflow_local.files.streams import open_input
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from concurrent.futures import Future

CHUNK_BYTES = 1 << 18  # a thread can be stopped between two chunks


class Digest(NamedTuple):
    """Hold a file's SHA-256 in hex, and the number of bytes that were hashed."""

    sha256: str
    size: int


def digest_of(path: Path, stop: Event | None = None) -> Digest:
    """Return a file's SHA-256 and size; set `stop` to end the reading early."""
    digest, size, buffer = hashlib.sha256(), 0, memoryview(bytearray(CHUNK_BYTES))
    try:
        with open_input(path) as file:
            while (count := file.readinto(buffer)) and not (stop and stop.is_set()):
                digest.update(buffer[:count])
                size += count
    except OSError as exc:
        raise LocalError(f"{path} cannot be read: {exc.strerror}.") from exc
    return Digest(digest.hexdigest(), size)


@contextmanager
def hash_beside(path: Path) -> Iterator["Future[Digest]"]:
    """Hash a file in a thread while the block runs; the block's end stops the thread.

    OpenSSL releases the interpreter's lock, so a second core does the work.
    """
    from concurrent.futures import ThreadPoolExecutor

    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(digest_of, path, stop)
        finally:
            stop.set()
