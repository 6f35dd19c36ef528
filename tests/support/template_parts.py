"""Questions to a template: what is kept, and what ends in time."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from waveflow.adapters.secrets import SLOTS
from waveflow.api.jobs.context import UPLOAD_PREFIX
from waveflow.api.jobs.feed import LIFE_S
from waveflow.api.jobs.starts import START_PREFIX

from support.stack import ROOT, Stack

STATES = json.loads((ROOT / "statemachine/waveflow.asl.json").read_text())["States"]
DAY_S, STATE_BYTES = 86_400, 1 << 18
DISK_MB = {
    "mix": 8192,
    "compare": 8192,
    "waveform": 1024,
    "music": 1024,
}  # twice 4 GiB; one upload


def _fills_slots(made: Any) -> bool:
    """Tell whether a secret is generated in the slots that the code reads."""
    slots = {made["GenerateStringKey"], *json.loads(made["SecretStringTemplate"])}
    # base64 of 24 to 64 bytes
    return slots == {*SLOTS} and made["PasswordLength"] in range(32, 86, 4)


# The API has no state; Lambda bills a stream until its end or this time-out.
API_ENDS_S = int(LIFE_S) + 90
# Empty objects alone lie there: the marks of jobs that were just started.
MARKS = {
    "Id": "DropStartMarks",
    "Status": "Enabled",
    "Prefix": START_PREFIX,
    "ExpirationInDays": 1,
}
# Tests of values below a resource, where the stack has the resource.
PROMISES: dict[str, Callable[[Any], bool]] = {
    "Bucket VersioningConfiguration": lambda kept: kept["Status"] == "Enabled",
    "Bucket PublicAccessBlockConfiguration": lambda on: [*on.values()] == [True] * 4,
    "Bucket OwnershipControls": lambda acls: "BucketOwnerEnforced" in str(acls),
    "Bucket BucketEncryption": lambda by: "SSEAlgorithm" in str(by),
    "Bucket LifecycleConfiguration": lambda rules: (
        # A rule for current versions would end uploads; the others tidy up.
        (others := str([rule for rule in rules["Rules"] if rule != MARKS]))
        and re.search("NoncurrentVersionExpiration.*AbortIncomplete", others)
        and not re.search("Disabled|'Prefix'|'Filter'|'Expirat|Transition", others)
    ),
    "Queue RedrivePolicy deadLetterTargetArn": lambda to: to == "DeadLetterQueue.Arn",
    # Fewer would move messages away while Step Functions throttles new executions.
    "Queue RedrivePolicy maxReceiveCount": lambda tries: 10 <= tries <= 100,
    # A body of quotes alone is twice as long when escaped, and must fit the state.
    "Queue MaximumMessageSize": lambda size: 2 * size <= STATE_BYTES,
    "Queue VisibilityTimeout": lambda seconds: seconds >= 30,
    "Queue MessageRetentionPeriod": lambda seconds: seconds >= 3 * DAY_S,
    "Queue SqsManagedSseEnabled": lambda on: on,
    "DeadLetterQueue MessageRetentionPeriod": lambda seconds: seconds >= 14 * DAY_S,
    "DeadLetterQueue SqsManagedSseEnabled": lambda on: on,
    "WebhookSecret GenerateSecretString": _fills_slots,
    "ApiSecret GenerateSecretString": _fills_slots,
    "Machine Type": lambda kind: kind == "STANDARD",
    "Machine Logging Level": lambda level: level == "ALL",
    # Data of executions holds task tokens.
    "Machine Logging IncludeExecutionData": lambda on: on is False,
    "Machine DefinitionSubstitutions": lambda words: all(
        word.removesuffix("Arn") + ".Arn" == given
        for word, given in words.items()
        if word.endswith("Arn")
    ),
    "Machine AutoPublishAlias": lambda alias: alias == "live",  # the pipe's target
    # Open pages of the API hold invocations, which no stage then has.
    "ApiFunction ReservedConcurrentExecutions": lambda own: 0 < int(own) <= 100,
    "ApiUploadsAreRead AllowedPattern": lambda pattern: (
        [text for text in PREFIXES if re.search(pattern, text)] == PREFIXES[:3]
    ),
    "ApiFunction FunctionUrlConfig": lambda url: url["InvokeMode"] == "RESPONSE_STREAM",
    "Pipe Source": lambda source: source == "Queue.Arn",
    "Pipe Target": lambda target: target == "MachineAliaslive",
    "Pipe SourceParameters SqsQueueParameters BatchSize": lambda size: size == 1,
    "Pipe TargetParameters InputTemplate": lambda text: all(
        f'"{word}": <$.' in text for word in ("messageId", "sentTimestamp", "body")
    ),
    "Pipe LogConfiguration Level": lambda level: level == "ERROR",
    "Pipe LogConfiguration IncludeExecutionData": lambda data: data is None,
    "Pipe DesiredState": lambda state: state is None,  # RUNNING by default
}
# The first three let the stages read what the API takes.
PREFIXES = [UPLOAD_PREFIX, f"a/,{UPLOAD_PREFIX}", f"a/b/,{UPLOAD_PREFIX},c/"]
PREFIXES += ["a/", f"my{UPLOAD_PREFIX}", f"a/{UPLOAD_PREFIX}", f"a/,{UPLOAD_PREFIX}b/"]
KEPT = ("Bucket", "DeadLetterQueue", "WebhookSecret")  # irreplaceable data


def promises(stack: Stack) -> Iterator[str]:
    """Yield the broken promises of resources, and data that would go with the stack."""
    for way, promise in PROMISES.items():
        (name, *steps), holds = way.split(), False
        value: Any = stack.resources.get(name, {}).get("Properties")
        for step in steps:
            value = (value or {}).get(step)
        with suppress(TypeError, AttributeError):  # an absent value keeps no promise
            holds = promise(value)
        if name in stack.resources and not holds:
            yield f"{way}: {value}"
    for name, own in stack.resources.items():
        ends = (own.get("DeletionPolicy"), own.get("UpdateReplacePolicy"))
        # A creation that fails must leave no debris, which the next one meets.
        if name in KEPT and ends != ("RetainExceptOnCreate", "Retain"):
            yield f"{name} goes with its stack, or stays after a failed creation"


def functions(stack: Stack) -> Iterator[Any]:
    """Yield functions of another stage, that outlive their state, or lack disk."""
    for name, own in stack.of_type("AWS::Serverless::Function").items():
        short = name.removesuffix("Function")
        stage = re.sub(r"(?<!^)(?=[A-Z])", "_", short).lower()
        states = [each for each in STATES.values() if f"{name}Arn" in str(each)]
        given = {each["TimeoutSeconds"] for each in states}
        waits = [each for each in given if isinstance(each, int)]  # not Ask's text
        spare_s = min(waits, default=API_ENDS_S) - own.get("Timeout", 3)
        built = stack.resources[name]["Metadata"]["DockerBuildTarget"]
        if built != stage or own["PackageType"] != "Image":
            yield f"{name} is built as {built}"
        disk_mb = own["EphemeralStorage"]["Size"]
        if not 0 < spare_s <= 30 or disk_mb < DISK_MB.get(stage, 0):
            yield f"{name} has {spare_s} s less than its state, and {disk_mb} MB"
    for name, own in stack.of_type("AWS::Logs::LogGroup").items():
        if own.get("RetentionInDays") != stack.parameters["LogRetentionDays"]:
            yield f"{name} keeps its lines for {own.get('RetentionInDays')} days"
