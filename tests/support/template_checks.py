"""Say who may do too much or too little, where the public linters see nothing."""

from collections.abc import Callable, Iterator
from typing import Any

from support.stack import Stack, allowed, listed

STAGES = {
    "Hash": "hash",
    "DedupeDelete": "dedupe_delete",
    "Waveform": "waveform",
    "Music": "music",
    "Mix": "mix",
    "Notify": "notify",
}
PREFIXES = ("audio/", "users/", "stems/", "uploads/")
# By AWS's service authorization reference these know no resource.
DELIVERY = {
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups"),
    *("logs:DescribeResourcePolicies", "logs:GetLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
}
TRACE = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
SAMPLE = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}
NO_RESOURCE = {
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
    *(DELIVERY | TRACE | SAMPLE),
}
# Lambda checks these on every resource before it makes a function in a VPC; the
# function's own code is denied them.
FOR_SUBNETS = {
    *("ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface"),
    *("ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"),
}
JOIN = FOR_SUBNETS | {"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}
UPLOADS = {f"Bucket.Arn/{prefix}*" for prefix in PREFIXES}
Check = Callable[[Stack], Iterator[str]]


def ours(*prefixes: str) -> set[str]:
    """Return the objects below output prefixes."""
    return {f"arn:aws:s3:::Bucket/{prefix}/*" for prefix in prefixes}


# What each role may do beside writing its log: exactly this.
GRANTS: dict[str, dict[str, set[str]]] = {
    "HashRole": {
        "s3:GetObject": UPLOADS | ours("dedupe"),
        "s3:ListBucket": {"Bucket.Arn"},
    },
    "DedupeDeleteRole": {
        "s3:GetObject": UPLOADS | ours("dedupe", "waveforms"),
        "s3:ListBucket": {"Bucket.Arn"},
        "s3:PutObject": ours("dedupe"),
        "s3:DeleteObject": UPLOADS,
    },
    "WaveformRole": {
        "s3:GetObject": UPLOADS | ours("dedupe", "waveforms"),
        "s3:ListBucket": {"Bucket.Arn"},
        "s3:PutObject": ours("waveforms"),
    },
    "MusicRole": {"s3:GetObject": UPLOADS, "s3:ListBucket": {"Bucket.Arn"}},
    "MixRole": {
        "s3:GetObject": UPLOADS | ours("mixed", "waveforms"),
        "s3:ListBucket": {"Bucket.Arn"},
        "s3:PutObject": ours("mixed", "waveforms"),
    },
    "NotifyRole": {
        "secretsmanager:GetSecretValue": {"WebhookSecret"},
        "states:SendTaskSuccess": {"Machine"},
    },
    "MachineRole": {
        "lambda:InvokeFunction": {f"{name}Function.Arn" for name in STAGES},
    },
    "PipeRole": {
        "sqs:ReceiveMessage": {"Queue.Arn"},
        "sqs:DeleteMessage": {"Queue.Arn"},
        "sqs:GetQueueAttributes": {"Queue.Arn"},
        "states:StartExecution": {"Machine"},
    },
}
LISTS = {
    "HashRole": ("dedupe/",),
    "DedupeDeleteRole": ("dedupe/", "waveforms/"),
    "WaveformRole": ("dedupe/", "waveforms/"),
    "MusicRole": (),
    "MixRole": ("mixed/", "waveforms/"),
}
TRUST = {"MachineRole": "states", "PipeRole": "pipes"}
OWN_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
NO_TLS = {"Bool": {"aws:SecureTransport": "false"}}
# Which allowed actions a condition may bound; elsewhere one would take a right away.
CONDITIONAL = {"s3:ListBucket", "s3:DeleteObject"}


def least_privilege(stack: Stack) -> Iterator[str]:
    """Hold every role to the contract's table, to the letter."""
    for role, grants in GRANTS.items():
        found, expected = stack.allowed(role), grants | _beside(stack, role)
        if found != expected:
            yield f"{role} may do {found}, not {expected}"
        trusted = {
            "Effect": "Allow",
            "Principal": {"Service": f"{TRUST.get(role, 'lambda')}.amazonaws.com"},
            "Action": "sts:AssumeRole",
            **({"Condition": OWN_ACCOUNT} if role in TRUST else {}),
        }
        document = stack.properties(role)["AssumeRolePolicyDocument"]
        if document["Statement"] != [trusted]:
            yield f"{role} trusts another"
        for statement in stack.statements(role):
            allows, bounded = statement["Effect"] == "Allow", "Condition" in statement
            if (
                allows
                and bounded
                and not CONDITIONAL & set(listed(statement["Action"]))
            ):
                yield f"{role} may not do what it must: {statement}"


def _beside(stack: Stack, role: str) -> dict[str, set[str]]:
    """Return what a role may do beside its work: log, trace, join subnets."""
    writer, traced = role.removesuffix("Role"), stack.parameters["Tracing"] == "Active"
    logs: dict[str, set[str]] = {}
    free: set[str] = TRACE if traced else set()
    if role == "MachineRole":
        free = free | DELIVERY | (SAMPLE if traced else set())
    elif writer in STAGES:
        writes = ("logs:CreateLogStream", "logs:PutLogEvents")
        logs = {action: {f"{writer}LogGroup.Arn"} for action in writes}
    else:
        return {}
    if role == "NotifyRole" and stack.parameters["NotifySubnetIds"]:
        free = free | JOIN
    return logs | {action: {"*"} for action in free}


def listing_is_bounded(stack: Stack) -> Iterator[str]:
    """Bound what a role may list to what it may read."""
    for role, outputs in LISTS.items():
        expected = {f"{prefix}*" for prefix in (*PREFIXES, *outputs)}
        found = {
            prefix
            for statement in stack.statements(role)
            if "s3:ListBucket" in listed(statement["Action"])
            for prefix in statement["Condition"]["StringLikeIfExists"]["s3:prefix"]
        }
        if found != expected:
            yield f"{role} lists {found}"


def wildcards(stack: Stack) -> Iterator[str]:
    """Find what both cfn-lint and checkov let pass: every action, every resource."""
    for name, resource in stack.resources.items():
        for statement in _statements(resource.get("Properties", {})):
            if statement["Effect"] != "Allow":
                continue
            actions = set(listed(statement["Action"]))
            if any("*" in action for action in actions):
                yield f"{name} allows {actions}"
            if "*" in listed(statement.get("Resource", [])):
                bounded = actions - NO_RESOURCE - FOR_SUBNETS
                if bounded:
                    yield f"{name} allows {bounded} on everything"


def _statements(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "Effect" in node:
            yield node
        for value in node.values():
            yield from _statements(value)
    elif isinstance(node, list):
        for value in node:
            yield from _statements(value)


def deletes_are_pinned(stack: Stack) -> Iterator[str]:
    """Allow a delete only with If-Match."""
    pinned = {"Null": {"s3:if-match": "false"}}
    for statement in stack.statements("DedupeDeleteRole"):
        deletes = "s3:DeleteObject" in listed(statement["Action"])
        if deletes and statement.get("Condition") != pinned:
            yield "DedupeDeleteRole deletes without If-Match"


def resource_policies(stack: Stack) -> Iterator[str]:
    """Refuse plain HTTP, a delete of ours without If-Match, and foreign alarms."""
    roles = {"ArnEquals": {"aws:PrincipalArn": [f"{name}Role.Arn" for name in STAGES]}}
    unpinned = {"Null": {"s3:if-match": "true"}, **roles}
    objects = "Bucket.Arn/*"
    expected: dict[str, list[dict[str, Any]]] = {
        "BucketPolicy": [
            _denied("OnlyTls", "s3:*", ["Bucket.Arn", objects], NO_TLS),
            _denied("OurDeletesOnlyWithIfMatch", "s3:DeleteObject", objects, unpinned),
            _denied(
                "OursNeverEndTheQuarantine", "s3:DeleteObjectVersion", objects, roles
            ),
        ],
        "QueuePolicy": [
            _denied("OnlyTls", "sqs:*", ["Queue.Arn", "DeadLetterQueue.Arn"], NO_TLS)
        ],
        "AlarmTopicPolicy": [
            {
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": "AlarmTopic",
                "Condition": OWN_ACCOUNT,
            },
            _denied("OnlyTls", "sns:Publish", "AlarmTopic", NO_TLS),
        ],
    }
    attached = {
        "BucketPolicy": {"Bucket": "Bucket"},
        "QueuePolicy": {"Queues": ["Queue", "DeadLetterQueue"]},
        "AlarmTopicPolicy": {"Topics": ["AlarmTopic"]},
    }
    for name, statements in expected.items():
        document = {"Version": "2012-10-17", "Statement": statements}
        if stack.properties(name) != {**attached[name], "PolicyDocument": document}:
            yield f"{name} lets through what it should not, or guards something else"


def _denied(sid: str, action: str, resource: Any, condition: Any) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    }


def server_policy(stack: Stack) -> Iterator[str]:
    """Give the platform's server what it needs, and no delete."""
    own = stack.properties("ServerPolicy")["PolicyDocument"]["Statement"]
    expected = {
        "sqs:SendMessage": {"Queue.Arn"},
        "states:SendTaskSuccess": {"Machine"},
        "states:SendTaskFailure": {"Machine"},
        "states:SendTaskHeartbeat": {"Machine"},
        "secretsmanager:GetSecretValue": {"WebhookSecret"},
        "s3:GetObject": UPLOADS | ours("waveforms", "mixed"),
        "s3:PutObject": UPLOADS,
        "s3:AbortMultipartUpload": UPLOADS,
        "s3:ListMultipartUploadParts": UPLOADS,
        "s3:ListBucket": {"Bucket.Arn"},
    }
    if allowed(own) != expected:
        yield f"ServerPolicy allows {allowed(own)}"
    role = stack.parameters["ServerRoleName"]
    if stack.properties("ServerPolicy").get("Roles", []) != ([role] if role else []):
        yield "ServerPolicy is not attached to the server's role"


def policies_of_notify(stack: Stack) -> Iterator[str]:
    """Keep the subnets' rights from the function's own code."""
    denied = [
        s for s in stack.statements("NotifyRole") if s["Effect"] == "Deny"
    ]  # Condition keys name the function that Lambda runs, not Lambda itself.
    if "VpcConfig" in stack.properties("NotifyFunction"):
        expected = {"ArnEquals": {"lambda:SourceFunctionArn": "NotifyFunction.Arn"}}
        if [(s["Action"], s.get("Condition")) for s in denied] != [("ec2:*", expected)]:
            yield "notify's code may touch network interfaces"
    elif any(action.startswith("ec2:") for action in stack.allowed("NotifyRole")):
        yield "NotifyRole has a network's rights without a network"
