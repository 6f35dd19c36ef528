"""Run the whole pipeline in one process: AWS, state machine, handlers and pipe."""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from waveflow.audio.listen.loops import import_librosa
from waveflow.bootstrap import services

from waveflow_local import paths
from waveflow_local.engine.aws_server import AwsServer
from waveflow_local.engine.clients import Clients
from waveflow_local.engine.deployment import (
    Deployment,
    allow_origins,
    create_secrets,
    deploy,
    functions,
)
from waveflow_local.engine.environment import FunctionsEnvironment
from waveflow_local.engine.handlers import Handlers
from waveflow_local.engine.lambdas import Invoker, LambdaEndpoint
from waveflow_local.engine.moto import patches
from waveflow_local.engine.pipe import InputTemplate, Pipe
from waveflow_local.engine.reads import OWN_AGENT, ReadFaults
from waveflow_local.engine.template import Template
from waveflow_local.paths import Project

OnStart = Callable[[str, str], None]


@dataclass(frozen=True)
class Settings:
    """Hold the settings in which two local pipelines may differ, such as the port."""

    webhook_url: str
    webhook_secret: str = paths.WEBHOOK_SECRET
    port: int = 0
    retry_scale: float = 0.02  # five minutes become six seconds
    parameters: Mapping[str, str] = field(default_factory=dict)
    reads: ReadFaults = field(default_factory=ReadFaults)
    project: Project = field(default_factory=Project)


class Pipeline:
    """Start engine, machine, handlers and pipe, and stop them with the `with` block."""

    clients: Clients
    deployment: Deployment
    pipe: Pipe

    def __init__(self, settings: Settings, on_start: OnStart | None = None) -> None:
        self.reads = settings.reads
        self._settings = settings
        self._on_start = on_start
        self._cleanup = contextlib.ExitStack()
        self._parameters = {"WebhookUrl": settings.webhook_url, **settings.parameters}
        self._template = Template.read(settings.project.template, self._parameters)
        self.handlers = Handlers(functions(self._template, settings.project))
        # The functions' environment, set later, hides AWS_ENDPOINT_URL_LAMBDA.
        self._server = AwsServer(
            _invoker(self.handlers),
            settings.port,
            webhook_url=settings.webhook_url,
            faults=settings.reads,
        )

    @property
    def endpoint(self) -> str:
        """Return the URL under which every local AWS service answers."""
        return self._server.endpoint

    def __enter__(self) -> Self:
        """Start engine, machine, handlers and pipe; then messages can be sent."""
        with contextlib.ExitStack() as starting:
            starting.callback(self._server.stop)
            self._server.start()
            patches.scale_retries(self._settings.retry_scale)
            self.clients = Clients(self.endpoint, agent=OWN_AGENT)
            create_secrets(self.clients, self._template, self._settings.webhook_secret)
            self.deployment = deploy(
                self.clients, self._template, self._settings.project
            )
            starting.enter_context(FunctionsEnvironment(self._template, self.clients))
            self.pipe = self._make_pipe()
            self.pipe.start()
            starting.callback(self.pipe.stop)
            self._cleanup = starting.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop all parts of the pipeline, in the opposite order of their start."""
        self._cleanup.__exit__(exc_type, exc, traceback)

    def warm(self) -> None:
        """Import handlers, shared services and librosa, one after the other.

        Lambda runs one event at a time in a process. Here several stages start at
        once, and two threads must not make the same client.
        """
        self.handlers.warm()
        with contextlib.suppress(ModuleNotFoundError):  # `make run` alone installs none
            import_librosa()
        shared = services()
        for part in ("objects", "webhook", "tokens", "policy"):
            getattr(shared, part)

    def send(self, body: str) -> str:
        """Send a message to the SQS queue and return the message's id."""
        sent = self.clients.sqs.send_message(
            QueueUrl=self.deployment.queue_url, MessageBody=body
        )
        return sent["MessageId"]

    def allow_origins(self, origins: Sequence[str]) -> None:
        """Let pages of these web origins read the bucket, by the template's rule."""
        named = {**self._parameters, "UploadOrigins": ",".join(origins)}
        template = Template.read(self._settings.project.template, named)
        allow_origins(self.clients, template, self.deployment.bucket)

    def _make_pipe(self) -> Pipe:
        text = self._template.text("Pipe", "TargetParameters", "InputTemplate")
        pipe = Pipe(
            self.clients,
            self.deployment.queue_url,
            self.deployment.machine_arn,
            InputTemplate(text),
        )
        if self._on_start is not None:
            pipe.on_start = self._on_start
        return pipe


def _invoker(handlers: Handlers) -> Invoker:
    elsewhere = os.environ.get("AWS_ENDPOINT_URL_LAMBDA")
    return LambdaEndpoint(elsewhere, handlers) if elsewhere else handlers
