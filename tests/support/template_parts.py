"""Say what is wrong with the parts of a template: stores, functions, machine, pipe.

Each part is held to a table as a whole, so that a property that is added, changed or
left out is noticed alike.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from support.stack import ROOT, Stack
from support.template_checks import STAGES

MACHINE = json.loads((ROOT / "statemachine/waveflow.asl.json").read_text("utf-8"))
TEMPLATE_OF_INPUT = (
    '{"messageId": <$.messageId>, "sentTimestamp": <$.attributes.SentTimestamp>, '
    '"body": <$.body>}'
)
# Seconds until Lambda ends a function, and MB of /tmp.
LIMITS = {
    "Hash": (300, 512),
    "DedupeDelete": (300, 512),
    "Waveform": (900, 2048),
    "Music": (300, 2048),
    "Mix": (900, 10_240),
    "Notify": (45, 512),
}
DAY_S = 86_400
ENCRYPTED = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
QUEUE = {
    "MaximumMessageSize": 81_920,
    "MessageRetentionPeriod": 4 * DAY_S,
    "VisibilityTimeout": 120,
    "SqsManagedSseEnabled": True,
    "RedrivePolicy": {
        "deadLetterTargetArn": "DeadLetterQueue.Arn",
        "maxReceiveCount": 5,
    },
}
DEAD_LETTER_QUEUE = {"MessageRetentionPeriod": 14 * DAY_S, "SqsManagedSseEnabled": True}
RETAINED = ("Bucket", "DeadLetterQueue", "WebhookSecret")


def _differs(name: str, found: Any, expected: Any) -> Iterator[str]:
    if found != expected:
        yield f"{name} is {found}, not {expected}"


def bucket(stack: Stack) -> Iterator[str]:
    """Keep uploads: versions, no public access, encryption, an end to quarantine.

    No rule may expire a current object: it may be the only copy of a recording.
    """
    origins = [each for each in stack.parameters["UploadOrigins"].split(",") if each]
    cors = {
        "AllowedOrigins": origins,
        "AllowedMethods": ["GET", "HEAD", "POST", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposedHeaders": ["ETag"],
        "MaxAge": 3600,
    }
    quarantine = {"NoncurrentDays": stack.parameters["QuarantineDays"]}
    blocked = ("BlockPublicAcls", "BlockPublicPolicy")
    ignored = ("IgnorePublicAcls", "RestrictPublicBuckets")
    expected = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": dict.fromkeys((*blocked, *ignored), True),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [ENCRYPTED]},
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "EndQuarantine",
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": quarantine,
                    "ExpiredObjectDeleteMarker": True,
                },
                {
                    "Id": "DropUnfinishedUploads",
                    "Status": "Enabled",
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                },
            ]
        },
        **({"CorsConfiguration": {"CorsRules": [cors]}} if origins else {}),
    }
    yield from _differs("Bucket", stack.properties("Bucket"), expected)


def queues(stack: Stack) -> Iterator[str]:
    """Bound a message, and keep those that cannot start an execution."""
    yield from _differs("Queue", stack.properties("Queue"), QUEUE)
    dead = stack.properties("DeadLetterQueue")
    yield from _differs("DeadLetterQueue", dead, DEAD_LETTER_QUEUE)


def retained(stack: Stack) -> Iterator[str]:
    """Keep with a deleted stack what nobody could make again."""
    for name in RETAINED:
        own = stack.resources.get(name, {})
        policies = (own.get("DeletionPolicy"), own.get("UpdateReplacePolicy"))
        yield from _differs(f"{name}'s end", policies, ("Retain", "Retain"))


def secret(stack: Stack) -> Iterator[str]:
    """Make a signing key of 33 random bytes, with a slot for its predecessor."""
    made = {
        "SecretStringTemplate": '{"previous": ""}',
        "GenerateStringKey": "current",
        "PasswordLength": 44,
        "ExcludePunctuation": True,
    }
    found = stack.properties("WebhookSecret").get("GenerateSecretString")
    yield from _differs("WebhookSecret", found, made)


def functions(stack: Stack) -> Iterator[str]:
    """Run each stage in its own image, with its own role, log and limits."""
    found = stack.of_type("AWS::Serverless::Function")
    yield from _differs("the functions", {*found}, {f"{n}Function" for n in STAGES})
    for name, stage in STAGES.items():
        own = dict(found.get(f"{name}Function", {}))
        own.pop("Description", None)
        timeout_s, tmp_mb = LIMITS[name]
        expected = {
            "PackageType": "Image",
            "Role": f"{name}Role.Arn",
            "MemorySize": stack.parameters[f"{name}MemoryMb"],
            "Timeout": timeout_s,
            "EphemeralStorage": {"Size": tmp_mb},
            "LoggingConfig": {"LogGroup": f"{name}LogGroup"},
            **(_network(stack) if name == "Notify" else {}),
        }
        yield from _differs(f"{name}Function", own, expected)
        built = stack.resources.get(f"{name}Function", {}).get("Metadata", {})
        yield from _differs(f"{name}'s image", built.get("DockerBuildTarget"), stage)
        if timeout_s >= _machine_waits(f"{name}FunctionArn"):
            yield f"the machine gives up on {name}Function before Lambda does"


def _network(stack: Stack) -> dict[str, Any]:
    subnets = stack.parameters["NotifySubnetIds"]
    groups = stack.parameters["NotifySecurityGroupIds"].split(",")
    vpc = {"SubnetIds": subnets.split(","), "SecurityGroupIds": groups}
    return {"VpcConfig": vpc} if subnets else {}


def _machine_waits(substitution: str) -> float:
    """Return the shortest time for which a state waits for a function."""
    return min(
        state["TimeoutSeconds"]
        for state in MACHINE["States"].values()
        if substitution in json.dumps(state.get("Arguments", {}))
        and isinstance(state["TimeoutSeconds"], int)
    )


def shared(stack: Stack) -> Iterator[str]:
    """Give every function the parameters, and the name its metrics are found by."""
    given = stack.parameters
    environment = {
        "BUCKET_NAME": given["ExistingBucketName"] or "Bucket",
        "ALLOWED_PREFIXES": given["AllowedPrefixes"],
        "MAX_FILE_SIZE_MB": given["MaxFileSizeMb"],
        "DEDUPE_MODE": given["DedupeMode"],
        "VERDICT_MODE": given["VerdictMode"],
        "WEBHOOK_URL": given["WebhookUrl"],
        "WEBHOOK_SECRET_ARN": "WebhookSecret",
        "WEBHOOK_ALLOWED_CIDRS": given["WebhookAllowedCidrs"],
        "POWERTOOLS_SERVICE_NAME": "stack",
        "POWERTOOLS_LOG_LEVEL": given["LogLevel"],
        "POWERTOOLS_METRICS_NAMESPACE": "WaveFlow",
    }
    reserved = given["ReservedConcurrency"]
    kept = {"ReservedConcurrentExecutions": reserved} if reserved != "0" else {}
    expected = {
        "Architectures": [given["Architecture"]],
        "Tracing": given["Tracing"],
        "Environment": {"Variables": environment},
        **kept,
    }
    yield from _differs("Globals", stack.globals, expected)


def log_groups(stack: Stack) -> Iterator[str]:
    """Forget logs in time; each group belongs to one writer."""
    vended = "/aws/vendedlogs"
    names = {f"{n}LogGroup": f"/waveflow/stack/{s}" for n, s in STAGES.items()}
    names["MachineLogGroup"] = f"{vended}/states/stack"
    names["PipeLogGroup"] = f"{vended}/pipes/stack"
    days = stack.parameters["LogRetentionDays"]
    expected = {
        name: {"LogGroupName": path, "RetentionInDays": days}
        for name, path in names.items()
    }
    found = stack.of_type("AWS::Logs::LogGroup")
    yield from _differs("the log groups", found, expected)


def machine(stack: Stack) -> Iterator[str]:
    """Fill in the definition, log what holds no token, and roll back on alarm."""
    own = stack.properties("Machine")
    text = (ROOT / own["DefinitionUri"]).read_text("utf-8")
    filled = {f"{name}FunctionArn": f"{name}Function.Arn" for name in STAGES}
    filled |= {n: stack.parameters[n] for n in ("VerdictTimeoutSeconds", "Release")}
    named = set(re.findall(r"\$\{(\w+)\}", text))
    yield from _differs("what the definition wants", named, set(filled))
    parameters = stack.parameters
    steps = {
        "Percentage": parameters["DeploymentPercentage"],
        "Interval": parameters["DeploymentIntervalMinutes"],
    }
    gradual = parameters["DeploymentType"] != "ALL_AT_ONCE"
    log = {"CloudWatchLogsLogGroup": {"LogGroupArn": "MachineLogGroup.Arn"}}
    expected = {
        "DefinitionUri": "statemachine/waveflow.asl.json",
        "DefinitionSubstitutions": filled,
        "Role": "MachineRole.Arn",
        "Type": "STANDARD",
        "Tracing": {"Enabled": parameters["Tracing"] == "Active"},
        "Logging": {
            "Level": "ALL",
            "IncludeExecutionData": False,
            "Destinations": [log],
        },
        "AutoPublishAlias": "live",
        "DeploymentPreference": {
            "Type": parameters["DeploymentType"],
            **(steps if gradual else {}),
            "Alarms": ["ErrorRateAlarm", "DefectsAlarm"],
        },
    }
    yield from _differs("Machine", own, expected)


def pipe(stack: Stack) -> Iterator[str]:
    """Start one execution of the alias for each message, and drop none."""
    own = dict(stack.properties("Pipe"))
    own.pop("Description", None)
    expected = {
        "RoleArn": "PipeRole.Arn",
        "Source": "Queue.Arn",
        "SourceParameters": {"SqsQueueParameters": {"BatchSize": 1}},
        "Target": "MachineAliaslive",
        "TargetParameters": {
            "InputTemplate": TEMPLATE_OF_INPUT,
            "StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"},
        },
        "LogConfiguration": {
            "Level": "ERROR",
            "CloudwatchLogsLogDestination": {"LogGroupArn": "PipeLogGroup.Arn"},
        },
    }
    yield from _differs("Pipe", own, expected)
