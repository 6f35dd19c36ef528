"""A full disk, and files that a process holds open."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK_BYTES = 512  # the unit of `st_blocks`, whatever the file system


@contextmanager
def disk_of(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def is_open(path: Path) -> bool:
    """Return whether this process holds a file open, even a removed one.

    A folder stands for all files below it.
    """
    return any(_links_to(path))


def held_bytes(path: Path) -> int:
    """Return the disk that a process's open files take, removed ones too.

    A folder, or the beginning of a file's path, stands for all files below it.
    """
    return sum(link.stat().st_blocks * BLOCK_BYTES for link in _links_to(path))


def _links_to(path: Path) -> Iterator[Path]:
    for link in Path("/proc/self/fd").iterdir():
        if link.is_symlink() and str(link.readlink()).startswith(str(path)):
            yield link
