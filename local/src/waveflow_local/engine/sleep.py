"""Let the Lambda functions sleep, as AWS lets those that nobody calls for weeks."""

import threading
import time
from collections.abc import Callable

ASLEEP_PATH = "/_waveflow/asleep"  # no name of a bucket begins like this path
# Others have measured 40 to 110 s from the first call until a function is awake.
WAKES_AFTER_S = 110.0
ASLEEP = "CodeArtifactUserPendingException"
WAKING = "Lambda is initializing your function. It will be ready to invoke shortly."


class Sleep:
    """Keep which Lambda functions are asleep; the first call of each wakes it."""

    def __init__(
        self,
        scaled: Callable[[float], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scaled, self._clock = scaled, clock
        self._wakes: dict[str, float] | None = None  # None until all fall asleep
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Let every Lambda function fall asleep."""
        with self._lock:
            self._wakes = {}

    def rejects(self, name: str) -> bool:
        """Tell whether a Lambda function rejects a call; the first call wakes it."""
        with self._lock:
            if self._wakes is None:
                return False
            now = self._clock()
            return now < self._wakes.setdefault(name, now + self._scaled(WAKES_AFTER_S))
