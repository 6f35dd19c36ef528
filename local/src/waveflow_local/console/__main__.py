"""Serve the HTTP API for `waveflow up`, in a process of its own."""

import os
import signal
import sys
import threading

from waveflow_local.console.api_server import serve
from waveflow_local.console.place import Place
from waveflow_local.paths import LocalError


def _end_with_parent() -> None:
    """End this process when the parent's end of stdin closes, even after SIGKILL."""
    while os.read(0, 1 << 10):  # sys.stdin would hold a lock that the exit needs
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        serve(Place.parse(sys.argv[1]), out=sys.stdout)
    except LocalError as exc:
        print(f"waveflow: {exc}", file=sys.stderr)
        sys.exit(1)
