"""Work for the processes of a batch, which pickle finds by name."""

import os
import time
from pathlib import Path


def name_of(path: Path) -> str:
    """Return the file's name; end the process where the name is `fatal`."""
    if path.name == "fatal":
        os._exit(3)
    return path.name


def wait_for_others(path: Path) -> int:
    """Leave a mark beside the others; the file `0` first waits until no mark comes."""
    marks = -1
    while path.name == "0" and marks != len(list(path.parent.iterdir())):
        marks = len(list(path.parent.iterdir()))
        time.sleep(0.5)
    path.touch()
    return marks
