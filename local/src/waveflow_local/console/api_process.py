"""Run the HTTP API in a process of its own, so that API and engine can end alone."""

import subprocess
import sys
import time
from dataclasses import replace
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from waveflow_local.console.place import Place
from waveflow_local.paths import LocalError

_ENDS_WITHIN_S = 5
_PAUSE_S = 2  # between two starts of an API that ends at once


class ApiProcess:
    """Start the HTTP API's process, and end the process with the `with` block."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._begin()

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "waveflow_local.console", self._place.text],
            stdin=subprocess.PIPE,  # closed when the parent ends
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C reaches the parent, who ends the API
        )

    def __enter__(self) -> Self:
        """Return without waiting for the API; `url` waits until the API answers."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the API's process, by force after five seconds."""
        self._process.terminate()
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def pid(self) -> int:
        """Return the id of the API's process."""
        return self._process.pid

    def url(self) -> str:
        """Wait until the API answers, and return its URL."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise LocalError("The API could not be started; its reason is above.")
        url = line.strip()
        self._place = replace(self._place, port=urlsplit(url).port)
        return url

    def revive(self, out: IO[str]) -> None:
        """Start an API that has ended again, on its port, and say both."""
        code = self._process.poll()
        if code is None or time.monotonic() < self._began + _PAUSE_S:
            return
        print(f"The HTTP API ended with {code}; starting it again.", file=out)
        out.flush()
        self._close()
        self._begin()
        try:
            print(f"The HTTP API is back at {self.url()}.", file=out, flush=True)
        except LocalError as exc:
            print(exc, file=out, flush=True)
