"""Forwarding of connections from containers to servers on loopback."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from waveflow_local.paths import LOOPBACK


@contextlib.contextmanager
def forwarded(address: str, port: int) -> Iterator[int]:
    """Forward connections from `address` to loopback, and yield the open port."""
    with socket.create_server((address, 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, port), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        # A shut listener wakes the thread that waits for the next connection.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            outer, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(outer, port), daemon=True).start()


def _join(outer: socket.socket, port: int) -> None:
    with outer, socket.create_connection((LOOPBACK, port)) as inner:
        back = threading.Thread(target=_copy, args=(inner, outer), daemon=True)
        back.start()
        _copy(outer, inner)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
