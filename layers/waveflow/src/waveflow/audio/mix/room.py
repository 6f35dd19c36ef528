"""Refuse what a file or the disk cannot hold, or what takes too long."""

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from waveflow.errors import AudioTooLongError, ResourceLimitError

MAX_BYTES = 0xFFFF_FFFF  # RIFF counts the file in 32 bits; sums are held to the same
# No header of a mix is longer.
MAX_HEADER_BYTES = 64
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def most_frames(frame_bytes: int) -> int:
    """Return how many frames of so many bytes fit a file of 4 GiB."""
    return (MAX_BYTES - MAX_HEADER_BYTES) // frame_bytes


def too_long_error() -> AudioTooLongError:
    """Return the error of a mix that is longer than its file may be."""
    return AudioTooLongError("The mix is longer than 4 GiB or six hours.")


def check_room(frames: int, folder: Path, *, most: int, frame_bytes: int) -> None:
    """Refuse a mix of so many frames that its file or the disk cannot hold.

    Parameters
    ----------
    frames
        Known before any stem is decoded.
    frame_bytes
        That a frame takes in all files together.
    """
    if frames > most:
        raise too_long_error()
    needed = frames * frame_bytes
    if needed > shutil.disk_usage(folder).free:
        raise ResourceLimitError(f"The sum and the mix need {needed} bytes of disk.")


def write_at(file: IO[bytes], data: memoryview, at: int) -> None:
    """Write bytes at a position of an unbuffered file; raise where the disk is full."""
    if os.pwrite(file.fileno(), data, at) < data.nbytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def check_time(deadline: float | None, frames: int) -> None:
    """Raise `ResourceLimitError` past the deadline, after so many frames of a sum."""
    if deadline is not None and time.monotonic() > deadline:
        raise ResourceLimitError(f"Time ran out after {frames} frames of the sum.")


@contextmanager
def translate_full_disk(what: str = "sum or the mix") -> Iterator[None]:
    """Turn the system's error of a disk without room into `ResourceLimitError`."""
    try:
        yield
    except OSError as exc:
        if exc.errno not in FULL:
            raise
        raise ResourceLimitError(f"The disk has no room for the {what}.") from exc
