"""Look at the boxes of an MPEG-4 file."""

from pathlib import Path

HEADER_BYTES = 8
LONG_HEADER_BYTES = 16
IS_LONG, UNTIL_THE_END = 1, 0  # in place of a box's size
MAX_BOXES = 1_000


def holds_media(path: Path) -> bool:
    """Tell whether there is any media data to decode.

    Parameters
    ----------
    path
        A file whose content is MPEG-4.

    Returns
    -------
    bool
        False where all boxes can be walked and no `mdat` has a body.
    """
    with path.open("rb") as file:
        end, position = file.seek(0, 2), 0
        for _ in range(MAX_BOXES):
            if position >= end:
                return False
            file.seek(position)
            header = file.read(LONG_HEADER_BYTES)
            size, body = int.from_bytes(header[:4], "big"), HEADER_BYTES
            if size == IS_LONG:
                size, body = int.from_bytes(header[8:], "big"), LONG_HEADER_BYTES
            elif size == UNTIL_THE_END:
                size = end - position
            if size < body or (header[4:8] == b"mdat" and size > body):
                return True
            position += size
    return True
