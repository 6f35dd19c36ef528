"""Rights of the template's roles, and the rights that CONTRACT.md grants."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from waveflow_local import paths
from waveflow_local.engine.template import Template

from support.stack import Stack, listed, load

ROOT = Path(__file__).parents[2]
ROLES = {
    "hash": "HashRole",
    "dedupe_delete": "DedupeDeleteRole",
    "music": "MusicRole",
    "waveform": "WaveformRole",
    "mix": "MixRole",
    "compare": "CompareRole",
    "notify": "NotifyRole",
}

HOLDERS = {**ROLES, "api": "ApiRole", "server": "ServerPolicy"}
# Writers and readers of the bucket's prefixes, as in CONTRACT.md, section 10.
UPLOADS = "the allowed prefixes"
RESULTS = ("mixed/", "waveforms/", "previews/", "comparisons/")
WRITES = {
    "hash": (),
    "dedupe_delete": ("dedupe/", UPLOADS),  # of the uploads only copies
    "music": (),
    "waveform": ("waveforms/", "previews/"),
    "mix": ("mixed/", "waveforms/", "previews/"),
    "compare": ("comparisons/",),
    "notify": (),
    "api": ("audio/", "analysis/"),
    "server": (UPLOADS,),
}
READS = {
    "hash": (UPLOADS, "dedupe/"),
    "dedupe_delete": (UPLOADS, "dedupe/", "waveforms/"),
    "music": (UPLOADS,),
    "waveform": (UPLOADS, "dedupe/", "waveforms/", "previews/"),
    "mix": (UPLOADS, "mixed/", "waveforms/", "previews/"),
    "compare": (UPLOADS, "mixed/", "comparisons/"),
    "api": ("audio/", "analysis/", *RESULTS),
    "server": (UPLOADS, *RESULTS),
}
PARTS = {"api": ("audio/",), "server": (UPLOADS,)}  # parts of a large upload
BUCKET = {
    "s3:GetObject": READS,
    "s3:ListBucket": READS | {"server": (UPLOADS,)},
    "s3:PutObject": WRITES,
    "s3:DeleteObject": {"dedupe_delete": (UPLOADS,)},
    "s3:GetObjectVersion": {"dedupe_delete": (UPLOADS,)},
    "s3:AbortMultipartUpload": PARTS,
    "s3:ListMultipartUploadParts": PARTS,
}


# Holders of rights on secret, machine, queue and functions; no other role has any.
ALONE = {
    (action, holder)
    for action, holders in {
        "secretsmanager:GetSecretValue": {"NotifyRole", "ServerPolicy", "ApiRole"},
        "states:SendTaskSuccess": {"NotifyRole", "ServerPolicy"},
        "states:SendTaskFailure": {"ServerPolicy"},
        "states:SendTaskHeartbeat": {"ServerPolicy"},
        "states:StartExecution": {"PipeRole", "ApiRole"},
        "states:DescribeExecution": {"ApiRole"},
        "states:GetExecutionHistory": {"ApiRole"},
        "sqs:SendMessage": {"ServerPolicy"},
        "sqs:ReceiveMessage": {"PipeRole"},
        "sqs:DeleteMessage": {"PipeRole"},
        "sqs:GetQueueAttributes": {"PipeRole"},
        "lambda:InvokeFunction": {"MachineRole"},
    }.items()
    for holder in holders
}
# Secrets that each holder may read; "external" stands for ApiExternalSecretArn.
SECRETS = {
    "NotifyRole": {"WebhookSecret"},
    "ServerPolicy": {"WebhookSecret"},
    "ApiRole": {"ApiSecret", "external"},
}
# Rights that Step Functions needs to log, and Lambda to join a VPC.
DELIVER = """CreateLogDelivery DeleteLogDelivery GetLogDelivery ListLogDeliveries
    UpdateLogDelivery DescribeLogGroups DescribeResourcePolicies PutResourcePolicy"""
JOIN = """AssignPrivateIpAddresses CreateNetworkInterface DeleteNetworkInterface
    DescribeNetworkInterfaces DescribeSubnets UnassignPrivateIpAddresses"""


class Policies:
    """Policies of the template, resolved with some parameters."""

    def __init__(self, parameters: dict[str, str] | None = None) -> None:
        self.template = Template.read(ROOT / "template.yaml", parameters or {})
        self.document = load()
        self.template.bind("WebhookSecret", paths.arn("secretsmanager", "secret:s"))

    def statements(self, stage: str) -> list[dict[str, Any]]:
        """Return every policy statement of the stage's role."""
        role = ROLES[stage]
        documents = [
            policy["PolicyDocument"] for policy in self._of(role, "Policies") or []
        ]
        documents += [
            self._of(reference["Ref"], "PolicyDocument")
            for reference in self._raw(role).get("ManagedPolicyArns", [])
        ]
        for name, resource in self.document["Resources"].items():
            if resource["Type"] != "AWS::IAM::RolePolicy":
                continue
            condition = resource.get("Condition")
            holds = condition is None or self.template._holds(condition)
            if holds and self._raw(name)["RoleName"] == {"Ref": role}:
                documents.append(self._of(name, "PolicyDocument"))
        return [each for document in documents for each in document["Statement"]]

    def _raw(self, name: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.document["Resources"][name]["Properties"]
        return properties

    def _of(self, name: str, *path: str) -> Any:
        return self.template.property(name, *path)


def rights(stack: Stack) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield holder, action, resource and condition of every allowed right."""
    holders = {name: stack.statements(name) for name in stack.of_type("AWS::IAM::Role")}
    server = stack.properties("ServerPolicy")["PolicyDocument"]["Statement"]
    for holder, statements in {**holders, "ServerPolicy": server}.items():
        for each in (one for one in statements if one["Effect"] == "Allow"):
            for action in listed(each["Action"]):
                for place in listed(each["Resource"]):
                    yield holder, action, place, each.get("Condition", {})


@dataclass(frozen=True)
class Need:
    """Right that one call needs: an action, a resource, and what conditions look at."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


def of_holder(stack: Stack, role: str) -> list[dict[str, Any]]:
    """Return the statements that are about a role: its own, and the bucket's."""
    bucket = stack.properties("BucketPolicy").get("PolicyDocument", {"Statement": []})
    every = stack.statements(role) + bucket["Statement"]
    text = json.dumps(every).replace("Bucket.Arn", "arn:aws:s3:::Bucket")
    statements: list[dict[str, Any]] = json.loads(text)
    return statements


def allows(statements: Iterable[dict[str, Any]], need: Need, **context: str) -> bool:
    """Tell whether statements allow what a call needs, and none denies it.

    Only what the project's own policies hold is known: other operators raise.
    """
    known = {"aws:SecureTransport": "true", **need.context, **context}
    effects = {
        each["Effect"]
        for each in statements
        if _like(each["Action"], need.action)
        and _like(each["Resource"], need.resource)
        and all(
            _holds(operator, wanted, known.get(key))
            for operator, keys in each.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    }
    return effects == {"Allow"}


def _like(patterns: str | list[str], text: str) -> bool:
    """Tell whether a text fits one of IAM's patterns, of which * and ? are special."""
    return any(
        re.fullmatch(re.escape(each).replace(r"\*", ".*").replace(r"\?", "."), text)
        for each in listed(patterns)
    )


def _holds(operator: str, wanted: Any, value: str | None) -> bool:
    """Tell whether a condition holds for the value that a call has for its key."""
    if operator == "Null":
        return (value is None) == (wanted == "true")
    if value is None:
        return operator.endswith("IfExists")
    match operator.removesuffix("IfExists"):
        case "StringEquals":
            return value in listed(wanted)
        case "StringLike" | "ArnEquals":
            return _like(wanted, value)
        case "Bool":
            return value == wanted
    raise NotImplementedError(operator)
