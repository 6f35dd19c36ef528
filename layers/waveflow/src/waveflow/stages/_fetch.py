"""Download pinned S3 objects to disk, and check their SHA-256."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waveflow.errors import StorageUnavailableError
from waveflow.ports import ObjectStore

FETCHES = 2  # a damaged transfer is repeated once here, then by the machine


@contextmanager
def workspace(scratch: Path | None) -> Iterator[Path]:
    """Lend a temporary folder that is removed afterwards, whatever happens."""
    with tempfile.TemporaryDirectory(prefix="waveflow-", dir=scratch) as folder:
        try:
            yield Path(folder)
        finally:
            for path in Path(folder).iterdir():
                discard(path)


def discard(path: Path) -> None:
    """Remove a file, and free its bytes even where a decoder holds the file open."""
    os.truncate(path, 0)
    path.unlink()


def fetch(  # noqa: PLR0913 - the pin has three parts
    key: str,
    path: Path,
    *,
    etag: str,
    audio_hash: str | None,
    objects: ObjectStore,
    size: int | None = None,
) -> str:
    """Download the pinned S3 object to `path`; check `audio_hash` and `size` if given.

    Returns the SHA-256 of the object's bytes in hexadecimal.

    Raises `SourceChangedError` or `ObjectNotFoundError` when the object is no
    longer there, and `StorageUnavailableError` when it arrived damaged twice.
    """
    for _ in range(FETCHES):
        digest = hashlib.sha256()
        # An unbuffered write to a full disk would be cut short without an error.
        with path.open("wb") as file:
            for chunk in objects.read(key, etag=etag, size=size):
                digest.update(chunk)
                file.write(chunk)
        if audio_hash is None or digest.hexdigest() == audio_hash:
            return digest.hexdigest()
    raise StorageUnavailableError("The object arrived with other bytes than hashed.")
