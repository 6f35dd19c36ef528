"""Programs that run beside a test and end with the test."""

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")
HANGS_S = 300  # seconds; no event takes this long on the busiest machine


class Program:
    """Running program whose output goes to a file."""

    def __init__(
        self, command: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path
    ) -> None:
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command, stdout=out, stderr=out, cwd=cwd, env=dict(env)
            )

    @property
    def pid(self) -> int:
        """Return the program's process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """Return the program's output until now."""
        return self.log.read_text("utf-8", errors="replace")

    def wait_until(self, ready: Callable[[], object]) -> None:
        """Wait until `ready` is true; fail with the output when the program ends."""

        def look() -> object:
            code = self._process.poll()
            assert code is None, f"ended with {code}:\n{self.output}"
            return ready()

        eventually(look, otherwise=lambda: self.output)

    def stop(self) -> None:
        """Terminate the program; kill the program after ten seconds."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the program without a warning, as a crash would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=10)


def eventually(
    look: Callable[[], Found],
    *,
    otherwise: Callable[[], object] = str,
) -> Found:
    """Return the first truthy result of `look`; fail after `HANGS_S`."""
    deadline = time.monotonic() + HANGS_S
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    msg = f"nothing was seen within {HANGS_S} s; {otherwise()}"
    raise AssertionError(msg)


def free_port() -> int:
    """Return a port of loopback that no program uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Return whether a program accepts connections on a port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
