"""Serve moto, an emulator of AWS, on loopback in this process."""

import logging

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)

from waveflow_local import paths
from waveflow_local.engine.bucket_access import BucketAccess
from waveflow_local.engine.lambdas import Invoker, LambdaApi
from waveflow_local.engine.moto import patches
from waveflow_local.engine.reads import ReadFaults, Reads
from waveflow_local.engine.webhook_address import WebhookAddress
from waveflow_local.loopback import LoopbackServer


class AwsServer:
    """Serve moto's AWS and Lambda's Invoke API under one endpoint."""

    def __init__(
        self,
        invoker: Invoker,
        port: int = 0,
        *,
        webhook_url: str,
        faults: ReadFaults | None = None,
    ) -> None:
        patches.apply()
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        # moto's interpreter logs every failed state with its data, as an error.
        logging.getLogger("moto").setLevel(logging.CRITICAL)
        moto = BucketAccess(DomainDispatcherApplication(create_backend_app))
        reads = Reads(moto, faults or ReadFaults())
        application = WebhookAddress(LambdaApi(reads, invoker), webhook_url)
        self._server = LoopbackServer(
            application, port, name="waveflow-aws", handler=MotoRequestHandler
        )

    @property
    def endpoint(self) -> str:
        """Return the URL for `AWS_ENDPOINT_URL`."""
        return paths.endpoint(self._server.port)

    def start(self) -> None:
        """Start moto's server, without any state of an earlier server.

        moto's state belongs to the process: only one server at a time has one.
        """
        reset()
        self._server.start()

    def stop(self) -> None:
        """Stop moto's server and forget all its state."""
        self._server.stop()
        reset()


def reset() -> None:
    """Delete all buckets, queues, state machines and executions in moto."""
    BackendDict.reset()
    reset_model_data()
