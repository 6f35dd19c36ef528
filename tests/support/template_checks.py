"""Say what is wrong with a template, where the public linters see nothing."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from support.stack import ROOT, Stack, allowed, listed

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
NO_RESOURCE = {
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# Lambda checks these on every resource before it makes a function in a VPC; the
# function's own code is denied them.
FOR_SUBNETS = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
}
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
        "s3:GetObject": UPLOADS | ours("waveforms"),
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
    "WaveformRole": ("waveforms/",),
    "MusicRole": (),
    "MixRole": ("mixed/", "waveforms/"),
}
TRUST = {"MachineRole": "states", "PipeRole": "pipes"}


def least_privilege(stack: Stack) -> Iterator[str]:
    """Hold every role to the contract's table, to the letter."""
    for role, grants in GRANTS.items():
        found, writer = stack.allowed(role), role.removesuffix("Role")
        logs = {f"{writer}LogGroup.Arn"} if writer in STAGES else set()
        writes = ("logs:CreateLogStream", "logs:PutLogEvents") if logs else ()
        expected = grants | dict.fromkeys(writes, logs)
        free = NO_RESOURCE | FOR_SUBNETS
        beyond = {a: r for a, r in found.items() if a not in free}
        if beyond != expected:
            yield f"{role} may do {beyond}"
        service = stack.properties(role)["AssumeRolePolicyDocument"]["Statement"]
        principal = f"{TRUST.get(role, 'lambda')}.amazonaws.com"
        if [s["Principal"] for s in service] != [{"Service": principal}]:
            yield f"{role} trusts another service"


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
    """Allow a delete only with If-Match, in the role as in the bucket's policy."""
    pinned = {"Null": {"s3:if-match": "false"}}
    for statement in stack.statements("DedupeDeleteRole"):
        deletes = "s3:DeleteObject" in listed(statement["Action"])
        if deletes and statement.get("Condition") != pinned:
            yield "DedupeDeleteRole deletes without If-Match"
    policy = stack.properties("BucketPolicy")["PolicyDocument"]["Statement"]
    roles = {f"{name}Role.Arn" for name in STAGES}
    for action, key in (("s3:DeleteObject", "Null"), ("s3:DeleteObjectVersion", None)):
        denied = [s for s in policy if s["Action"] == action and s["Effect"] == "Deny"]
        if len(denied) != 1:
            yield f"BucketPolicy does not deny {action}"
            continue
        condition = denied[0]["Condition"]
        if set(condition["ArnEquals"]["aws:PrincipalArn"]) != roles:
            yield f"BucketPolicy denies {action} to others than our roles"
        if key and condition.get(key) != {"s3:if-match": "true"}:
            yield "BucketPolicy does not ask for If-Match"


def only_tls(stack: Stack) -> Iterator[str]:
    """Refuse plain HTTP to bucket, queues and topic."""
    guarded = {
        "BucketPolicy": {"Bucket.Arn", "Bucket.Arn/*"},
        "QueuePolicy": {"Queue.Arn", "DeadLetterQueue.Arn"},
        "AlarmTopicPolicy": {"AlarmTopic"},
    }
    for name, resources in guarded.items():
        document = stack.properties(name).get("PolicyDocument", {"Statement": []})
        denied = [
            set(listed(statement["Resource"]))
            for statement in document["Statement"]
            if statement["Effect"] == "Deny"
            and statement["Principal"] == "*"
            and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        ]
        if denied != [resources]:
            yield f"{name} lets plain HTTP through"
    if set(stack.properties("QueuePolicy").get("Queues", [])) != {
        "Queue",
        "DeadLetterQueue",
    }:
        yield "QueuePolicy is not attached to both queues"


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
    }
    if allowed(own) != expected:
        yield f"ServerPolicy allows {allowed(own)}"


def machine_matches(stack: Stack) -> Iterator[str]:
    """Hold the definition's placeholders to what the template fills in."""
    own = stack.properties("Machine")
    text = (ROOT / own["DefinitionUri"]).read_text("utf-8")
    wanted = set(re.findall(r"\$\{(\w+)\}", text))
    filled = own["DefinitionSubstitutions"]
    if wanted != set(filled):
        yield f"the definition wants {wanted}, the template fills {set(filled)}"
    for name in STAGES:
        if filled.get(f"{name}FunctionArn") != f"{name}Function.Arn":
            yield f"{name}FunctionArn is another function"
    if own["Type"] != "STANDARD" or own["Role"] != "MachineRole.Arn":
        yield "Machine is not a standard machine with its own role"
    if own["Logging"].get("IncludeExecutionData") is not False:
        yield "Machine logs execution data, which holds task tokens"
    groups = own["Logging"]["Destinations"]
    if groups != [{"CloudWatchLogsLogGroup": {"LogGroupArn": "MachineLogGroup.Arn"}}]:
        yield "Machine logs elsewhere"
    if own.get("AutoPublishAlias") != "live":
        yield "Machine has no alias"
    if own["DeploymentPreference"].get("Alarms") != ["ErrorRateAlarm"]:
        yield "a deployment rolls back on no alarm"


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


def dashboard(stack: Stack) -> Iterator[str]:
    """Show metrics of what the stack has."""
    body = json.loads(stack.properties("Dashboard")["DashboardBody"])
    known = set(stack.resources) | {"Queue.QueueName", "DeadLetterQueue.QueueName"}
    shown = {row[3] for w in body["widgets"] for row in w["properties"]["metrics"]}
    functions = {f"{name}Function" for name in STAGES}
    if not shown <= known or not {"Machine", "Queue.QueueName", *functions} <= shown:
        yield f"Dashboard shows {shown}"
