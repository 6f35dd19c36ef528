"""A full disk, and files that a process holds open."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    links = Path("/proc/self/fd").iterdir()
    return any(str(x.readlink()).startswith(str(path)) for x in links if x.is_symlink())
