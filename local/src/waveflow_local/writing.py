"""Write files that appear complete or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from waveflow_local.places import LocalError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it appears complete or not at all."""
    with appearing(path) as unfinished:
        unfinished.write_bytes(
            content.encode() if isinstance(content, str) else content
        )


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Yield a file to fill, which takes its name when the block ends well."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    except OSError as exc:
        raise LocalError(f"{path} cannot be written: {exc.strerror}.") from exc
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o644)  # mkstemp's own is for one user alone
        unfinished.replace(path)
    except OSError as exc:
        raise LocalError(f"{path} cannot be written: {exc.strerror}.") from exc
    finally:
        unfinished.unlink(missing_ok=True)
