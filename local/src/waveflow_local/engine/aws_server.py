"""Serve moto's AWS on loopback, in this process."""

import logging
import socket
import threading
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from waveflow_local import paths
from waveflow_local.engine.lambdas import Invoker, LambdaApi
from waveflow_local.engine.moto import patches
from waveflow_local.paths import LocalError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_STOP_WITHIN_S = 0.05


@dataclass
class AwsServer:
    """The HTTP server that boto3 and every AWS SDK talk to."""

    invoker: Invoker
    port: int = 0

    def __post_init__(self) -> None:
        """Bind the port, so that a port in use is told before anything else."""
        patches.apply()
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # Its interpreter logs every failed state with its data, as an error.
        logging.getLogger("moto").setLevel(logging.CRITICAL)
        application = LambdaApi(
            DomainDispatcherApplication(create_backend_app), self.invoker
        )
        self._server = _bind(application, self.port)
        self.port = self._server.port
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _STOP_WITHIN_S},
            name="waveflow-aws",
            daemon=True,
        )

    @property
    def endpoint(self) -> str:
        """Return the URL for `AWS_ENDPOINT_URL`."""
        return paths.endpoint(self.port)

    def start(self) -> None:
        """Answer requests from now on, with nothing of an earlier server left.

        moto's state belongs to the process: only one server at a time has one.
        """
        reset()
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and forget all state."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        reset()


def reset() -> None:
    """Forget buckets, queues, machines and executions."""
    BackendDict.reset()
    reset_model_data()


def _bind(application: "WSGIApplication", port: int) -> BaseWSGIServer:
    """Bind first: werkzeug would print and exit when the port is in use."""
    try:
        bound = socket.create_server((paths.LOOPBACK, port), backlog=128)
    except OSError as exc:
        raise LocalError(
            f"Port {port} of {paths.LOOPBACK} is in use; choose another with --port."
        ) from exc
    with bound:
        server = make_server(
            paths.LOOPBACK,
            port,
            application,
            threaded=True,
            request_handler=MotoRequestHandler,
            fd=bound.fileno(),
        )
    if isinstance(server, ThreadingMixIn):
        server.daemon_threads = True
    return server
