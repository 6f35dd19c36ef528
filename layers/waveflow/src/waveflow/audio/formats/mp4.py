"""Look at the boxes of an MPEG-4 file."""

from pathlib import Path

HEADER_BYTES = 8
LONG_HEADER_BYTES = 16
IS_LONG, UNTIL_THE_END = 1, 0  # in place of a box's size
MAX_BOXES = 1_000


def is_empty(path: Path) -> bool:
    """Tell whether the media data are there, and nothing in them.

    Parameters
    ----------
    path
        A file whose content is MPEG-4.

    Returns
    -------
    bool
        True where all boxes can be walked, and each `mdat` is without a body.
    """
    with path.open("rb") as file:
        end, position, found = file.seek(0, 2), 0, False
        for _ in range(MAX_BOXES):
            if position >= end:
                return found
            file.seek(position)
            header = file.read(LONG_HEADER_BYTES)
            size, body = int.from_bytes(header[:4], "big"), HEADER_BYTES
            if size == IS_LONG:
                size, body = int.from_bytes(header[8:], "big"), LONG_HEADER_BYTES
            elif size == UNTIL_THE_END:
                size = end - position
            is_media = header[4:8] == b"mdat"
            if size < body or (is_media and size > body):
                return False
            found = found or is_media
            position += size
    return False
