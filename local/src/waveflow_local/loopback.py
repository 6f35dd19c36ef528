"""Serve a WSGI application on loopback, in a thread of this process."""

import logging
import socket
import threading
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from waveflow_local import paths
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_STOP_WITHIN_S = 0.05
_WAITING_CONNECTIONS = 128


class _SilentHandler(WSGIRequestHandler):
    """Keep malformed HTTP requests out of a command's output."""

    def log_error(self, *_args: object) -> None:
        """Print nothing about a malformed request; tracebacks are still printed."""


class LoopbackServer:
    """Serve HTTP on 127.0.0.1, each request in a thread, until the server is stopped.

    The constructor binds the port, so that a port in use is told before anything else.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        port: int,
        *,
        name: str,
        handler: type[WSGIRequestHandler] = _SilentHandler,
    ) -> None:
        # werkzeug would log a line for each request.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = _bind(application, port, handler=handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _STOP_WITHIN_S},
            name=name,
            daemon=True,
        )

    @property
    def port(self) -> int:
        """Return the TCP port that the server has bound."""
        return self._server.port

    def start(self) -> None:
        """Start to answer HTTP requests, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the HTTP server and free its port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _bind(
    application: "WSGIApplication", port: int, *, handler: type[WSGIRequestHandler]
) -> BaseWSGIServer:
    """Bind the TCP port before werkzeug does, which would exit on a port in use."""
    try:
        bound = socket.create_server(
            (paths.LOOPBACK, port), backlog=_WAITING_CONNECTIONS
        )
    except OSError as exc:
        raise LocalError(
            f"Port {port} of {paths.LOOPBACK} is in use; choose another with --port."
        ) from exc
    with bound:
        return make_server(
            paths.LOOPBACK,
            port,
            application,
            threaded=True,
            request_handler=handler,
            fd=bound.fileno(),
        )
