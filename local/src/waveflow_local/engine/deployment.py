"""Set up in the engine what the template would set up on AWS."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from waveflow.bootstrap import services

from waveflow_local import paths
from waveflow_local.engine.clients import Clients
from waveflow_local.engine.definition import load_definition
from waveflow_local.engine.handlers import Function
from waveflow_local.engine.template import Template, local_name
from waveflow_local.paths import Project

_QUEUE_ATTRIBUTES = (
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "VisibilityTimeout",
)
_MACHINE_ROLE = paths.arn("iam", "role/waveflow").replace(paths.REGION, "")


@dataclass(frozen=True)
class Deployment:
    """Where the parts of a running pipeline are."""

    bucket: str
    queue_url: str
    dead_letter_queue_url: str
    machine_arn: str
    secret_arn: str


def deploy(clients: Clients, template: Template, project: Project) -> Deployment:
    """Create bucket, queues and machine; the secret exists already."""
    dead_letter_url = _create_queue(clients, template, "DeadLetterQueue")
    queue_url = _create_queue(clients, template, "Queue")
    bucket = local_name("Bucket")
    clients.s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": paths.REGION}
    )
    clients.s3.put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    definition = load_definition(
        project.file(template.property("Machine", "DefinitionUri")),
        template.property("Machine", "DefinitionSubstitutions"),
    )
    machine = clients.sfn.create_state_machine(
        name=local_name("Machine"), definition=definition, roleArn=_MACHINE_ROLE
    )
    return Deployment(
        bucket=bucket,
        queue_url=queue_url,
        dead_letter_queue_url=dead_letter_url,
        machine_arn=machine["stateMachineArn"],
        secret_arn=template.resolve({"Ref": "WebhookSecret"}),
    )


def create_secret(clients: Clients, template: Template, secret: str) -> None:
    """Store the webhook's secret, and answer references to it with its ARN."""
    created = clients.secrets.create_secret(
        Name=local_name("WebhookSecret"),
        SecretString=json.dumps({"current": secret, "previous": ""}),
    )
    template.bind("WebhookSecret", created["ARN"])


def functions(template: Template, project: Project) -> dict[str, Function]:
    """Return every function of the template, by its name."""
    deployed = {}
    for name, stage in template.functions().items():
        deployed[name] = Function(
            name=name,
            arn=paths.arn("lambda", f"function:{name}"),
            path=project.handler(stage),
            memory_mb=int(template.property(name, "MemorySize") or 128),
            timeout_s=float(template.property(name, "Timeout") or 3),
        )
    return deployed


class Environment:
    """The environment of the functions, set for as long as they run here."""

    def __init__(self, template: Template, clients: Clients) -> None:
        endpoint = clients.endpoint
        self._session = clients.session
        self._variables = {
            "WAVEFLOW_LOCAL": "1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": paths.REGION,
            "AWS_DEFAULT_REGION": paths.REGION,
            "AWS_ACCESS_KEY_ID": paths.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": paths.SECRET_KEY,
            # Nothing of the developer's own account may be reached.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": f"{paths.LOOPBACK},localhost",
            "no_proxy": f"{paths.LOOPBACK},localhost",
            "MOTO_PORT": endpoint.rpartition(":")[2],
        }
        for name in template.functions():
            self._variables |= template.environment(name)
        self._before: dict[str, str] = {}

    def __enter__(self) -> Mapping[str, str]:
        """Set the variables."""
        self._before = dict(os.environ)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            os.environ.pop(name, None)
        os.environ.update(self._variables)
        # Stages make clients of the default session; one that exists already is
        # safe for several threads, and has read botocore's data before.
        boto3.DEFAULT_SESSION = self._session
        services.cache_clear()
        return self._variables

    def __exit__(self, *_exc: object) -> None:
        """Put back what was there before."""
        os.environ.clear()
        os.environ.update(self._before)
        boto3.DEFAULT_SESSION = None
        services.cache_clear()


def _create_queue(clients: Clients, template: Template, logical_id: str) -> str:
    attributes: dict[Any, str] = {
        name: str(template.property(logical_id, name))
        for name in _QUEUE_ATTRIBUTES
        if template.property(logical_id, name) is not None
    }
    redrive = template.property(logical_id, "RedrivePolicy")
    if redrive:
        attributes["RedrivePolicy"] = json.dumps(redrive)
    created = clients.sqs.create_queue(
        QueueName=local_name(logical_id), Attributes=attributes
    )
    return created["QueueUrl"]
