"""Keep the API's process beside the engine's, so that either can end alone."""

import subprocess
import sys
from types import TracebackType
from typing import Self

from waveflow_local.console.place import Place
from waveflow_local.paths import LocalError

_ENDS_WITHIN_S = 5


class ApiProcess:
    """The API in a process of its own; a context manager."""

    def __init__(self, place: Place) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "waveflow_local.console", place.text],
            stdin=subprocess.PIPE,  # its end tells the child that we are gone
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Return at once; `url` waits for it."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def url(self) -> str:
        """Return where the API answers, once it does."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise LocalError("The API could not be started; its reason is above.")
        return line.strip()
