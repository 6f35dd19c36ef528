"""Create bucket, queues, secrets and machine in the engine, as the template says."""

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from waveflow_local import paths
from waveflow_local.engine.clients import Clients
from waveflow_local.engine.definition import load_definition
from waveflow_local.engine.handlers import Function
from waveflow_local.engine.template import Template, local_name
from waveflow_local.paths import Project

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_QUEUE_ATTRIBUTES: "tuple[QueueAttributeNameType, ...]" = (
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "VisibilityTimeout",
)
_GENERATED_BYTES = 33  # 44 characters, as many as the template asks for
_MACHINE_ROLE = paths.arn("iam", "role/waveflow").replace(paths.REGION, "")


@dataclass(frozen=True)
class Deployment:
    """Hold the names and addresses of a running pipeline's parts."""

    bucket: str
    queue_url: str
    dead_letter_queue_url: str
    machine_arn: str
    secret_arn: str


class _CorsRule(msgspec.Struct, frozen=True, rename="pascal"):
    """Read a rule for pages of other origins, as CloudFormation writes the rule."""

    allowed_origins: list[str]
    allowed_methods: list[str]
    allowed_headers: list[str]
    exposed_headers: list[str]
    max_age: int

    def for_s3(self) -> "CORSRuleTypeDef":
        """Return the rule in the words of S3's own API."""
        return {
            "AllowedOrigins": self.allowed_origins,
            "AllowedMethods": self.allowed_methods,
            "AllowedHeaders": self.allowed_headers,
            "ExposeHeaders": self.exposed_headers,
            "MaxAgeSeconds": self.max_age,
        }


class _CorsConfiguration(msgspec.Struct, frozen=True, rename="pascal"):
    cors_rules: list[_CorsRule]


def deploy(clients: Clients, template: Template, project: Project) -> Deployment:
    """Create bucket, queues and machine; the secrets exist already."""
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
        project.file(template.text("Machine", "DefinitionUri")),
        template.texts("Machine", "DefinitionSubstitutions"),
    )
    machine = clients.sfn.create_state_machine(
        name=local_name("Machine"), definition=definition, roleArn=_MACHINE_ROLE
    )
    return Deployment(
        bucket=bucket,
        queue_url=queue_url,
        dead_letter_queue_url=dead_letter_url,
        machine_arn=machine["stateMachineArn"],
        secret_arn=str(template.resolve({"Ref": "WebhookSecret"})),
    )


def create_secrets(clients: Clients, template: Template, webhook_secret: str) -> None:
    """Store every secret; the template's references to a secret become its ARN."""
    values = {
        "WebhookSecret": webhook_secret,
        "ApiSecret": secrets.token_urlsafe(_GENERATED_BYTES),
        "ExternalSecret": paths.EXTERNAL_SECRET,
    }
    for logical_id, value in values.items():
        created = clients.secrets.create_secret(
            Name=local_name(logical_id),
            SecretString=json.dumps({"current": value, "previous": ""}),
        )
        template.bind(logical_id, created["ARN"])


def allow_origins(clients: Clients, template: Template, bucket: str) -> None:
    """Give the bucket the template's rule for pages of other web origins."""
    configuration = template.property("Bucket", "CorsConfiguration")
    rules = msgspec.convert(configuration, _CorsConfiguration).cors_rules
    clients.s3.put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={"CORSRules": [each.for_s3() for each in rules]},
    )


def functions(template: Template, project: Project) -> dict[str, Function]:
    """Return every Lambda function of the template, by its name."""
    deployed = {}
    for name, stage in template.functions().items():
        deployed[name] = Function(
            name=name,
            arn=paths.arn("lambda", f"function:{name}"),
            path=project.handler(stage),
            memory_mb=int(template.text(name, "MemorySize", default="128")),
            timeout_s=float(template.text(name, "Timeout", default="3")),
        )
    return deployed


def _create_queue(clients: Clients, template: Template, logical_id: str) -> str:
    attributes: dict[QueueAttributeNameType, str] = {
        name: str(value)
        for name in _QUEUE_ATTRIBUTES
        if (value := template.property(logical_id, name)) is not None
    }
    redrive = template.property(logical_id, "RedrivePolicy")
    if redrive:
        attributes["RedrivePolicy"] = json.dumps(redrive)
    created = clients.sqs.create_queue(
        QueueName=local_name(logical_id), Attributes=attributes
    )
    return created["QueueUrl"]
