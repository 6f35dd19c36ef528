"""Mark jobs that were just started, for reads of Step Functions that lag behind."""

import hashlib
from collections.abc import Callable

from waveflow.api.interfaces import UploadStore
from waveflow.ports import ObjectStore

START_PREFIX = "analysis/started/"
WINDOW_S = 300  # DescribeExecution lags by seconds; a mark counts for 5 to 10 minutes


class RecentStarts:
    """Marks in S3 of the jobs of the last minutes, which S3 shows to every process.

    DescribeExecution is eventually consistent, and S3 is not. A mark's key holds the
    number of the five minutes of the start, so that old marks are never read.
    """

    def __init__(
        self,
        uploads: UploadStore,
        *,
        objects: ObjectStore,
        clock: Callable[[], float],
    ) -> None:
        self._uploads = uploads
        self._objects = objects
        self._clock = clock

    def note(self, job_id: str) -> None:
        """Mark a job as started now; a second mark changes nothing."""
        key = _key(self._window(), job_id)
        self._uploads.put(key, b"", sha256=hashlib.sha256().digest())

    def has(self, job_id: str) -> bool:
        """Tell whether a job was started within the last five to ten minutes."""
        now = self._window()
        return any(
            self._objects.find(_key(window, job_id)) is not None
            for window in (now, now - 1)
        )

    def _window(self) -> int:
        return int(self._clock() // WINDOW_S)


def _key(window: int, job_id: str) -> str:
    return f"{START_PREFIX}{window}/{job_id}"
