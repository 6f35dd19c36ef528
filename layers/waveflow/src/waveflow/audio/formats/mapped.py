"""Walk through a file by offsets, and hold only what lies near."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FORGET_BYTES = 4 << 20


@contextmanager
def map_file(path: Path) -> Iterator[mmap.mmap]:
    """Give a file's bytes by offset.

    Parameters
    ----------
    path
        A file that is not empty.

    Yields
    ------
    mmap
        To be read only.
    """
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        yield data


def forget(data: mmap.mmap, stop: int) -> int:
    """Let go of what was read; asked for again, it is read again.

    Parameters
    ----------
    data
        The file.
    stop
        Where the walk is.

    Returns
    -------
    int
        From where on to forget again.
    """
    size = min(stop, len(data)) // mmap.PAGESIZE * mmap.PAGESIZE
    if size:
        data.madvise(mmap.MADV_DONTNEED, 0, size)
    return stop + FORGET_BYTES
