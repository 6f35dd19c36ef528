"""Read a memory-mapped file by offsets, with only the bytes nearby in memory."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FORGET_BYTES = 4 << 20


@contextmanager
def map_file(path: Path) -> Iterator[mmap.mmap]:
    """Map a file that is not empty into memory, to be read by offset."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        yield data


def forget(data: mmap.mmap, stop: int) -> int:
    """Free a mapped file's pages before an offset; return where to do so again."""
    size = min(stop, len(data)) // mmap.PAGESIZE * mmap.PAGESIZE
    if size:
        data.madvise(mmap.MADV_DONTNEED, 0, size)
    return stop + FORGET_BYTES
