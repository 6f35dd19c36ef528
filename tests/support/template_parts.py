"""Say what is wrong with the parts of a template: stores, functions, alarms."""

import json
from collections.abc import Iterator

from support.stack import ROOT, Stack
from support.template_checks import STAGES

MACHINE = json.loads((ROOT / "statemachine/waveflow.asl.json").read_text("utf-8"))
ENVIRONMENT = {
    "BUCKET_NAME",
    "ALLOWED_PREFIXES",
    "MAX_FILE_SIZE_MB",
    "DEDUPE_MODE",
    "VERDICT_MODE",
    "WEBHOOK_URL",
    "WEBHOOK_SECRET_ARN",
    "WEBHOOK_ALLOWED_CIDRS",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
}
TEMPLATE_OF_INPUT = (
    '{"messageId": <$.messageId>, "sentTimestamp": <$.attributes.SentTimestamp>, '
    '"body": <$.body>}'
)
WATCHED = {
    "ExecutionsFailedAlarm": ("AWS/States", "ExecutionsFailed", "Machine"),
    "ExecutionsTimedOutAlarm": ("AWS/States", "ExecutionsTimedOut", "Machine"),
    "ExecutionsAbortedAlarm": ("AWS/States", "ExecutionsAborted", "Machine"),
    "DeadLettersAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "DeadLetterQueue.QueueName",
    ),
    "QueueAgeAlarm": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Queue.QueueName"),
    "WebhookFailuresAlarm": ("AWS/Lambda", "Errors", "NotifyFunction"),
}
SUMMED = {
    "ErrorRateAlarm": {"Errors", "Invocations"},
    "ThrottlesAlarm": {"Throttles"},
}
UNSUMMED = {"ErrorRateAlarm": {"Music"}}  # of ten metrics at most; it fails no job
DAY_S = 86_400


def bucket(stack: Stack) -> Iterator[str]:
    """Keep uploads: versions, no public access, encryption, an end to quarantine."""
    own = stack.properties("Bucket")
    if own.get("VersioningConfiguration") != {"Status": "Enabled"}:
        yield "Bucket is not versioned"
    block = own.get("PublicAccessBlockConfiguration", {})
    if len(block) != 4 or not all(block.values()):
        yield "Bucket may become public"
    if "BucketEncryption" not in own:
        yield "Bucket is not encrypted"
    rules = own.get("LifecycleConfiguration", {}).get("Rules", [])
    kept = [r.get("NoncurrentVersionExpiration") for r in rules]
    days = stack.parameters["QuarantineDays"]
    if {"NoncurrentDays": days} not in kept:
        yield "Bucket keeps deleted uploads for another time than QuarantineDays"
    if not any("AbortIncompleteMultipartUpload" in rule for rule in rules):
        yield "Bucket keeps unfinished uploads for ever"
    if stack.resources["Bucket"].get("DeletionPolicy") != "Retain":
        yield "Bucket goes with the stack"


def queues(stack: Stack) -> Iterator[str]:
    """Bound a message, and keep those that cannot start an execution."""
    own, dead = stack.properties("Queue"), stack.properties("DeadLetterQueue")
    if own.get("MaximumMessageSize") != 81920:
        yield "Queue takes messages that the machine's states cannot carry"
    redrive = own.get("RedrivePolicy", {})
    if redrive.get("deadLetterTargetArn") != "DeadLetterQueue.Arn":
        yield "Queue has no dead-letter queue"
    if redrive.get("maxReceiveCount", 0) < 5:
        yield "Queue gives up before the pipe has tried five times"
    if dead.get("MessageRetentionPeriod") != 14 * DAY_S:
        yield "DeadLetterQueue forgets before it must"
    for name, each in (("Queue", own), ("DeadLetterQueue", dead)):
        if each.get("SqsManagedSseEnabled") is not True:
            yield f"{name} is not encrypted"


def secret(stack: Stack) -> Iterator[str]:
    """Make a signing key of 33 random bytes, with a slot for its predecessor."""
    made = stack.properties("WebhookSecret").get("GenerateSecretString", {})
    if made.get("GenerateStringKey") != "current":
        yield "WebhookSecret has no current key"
    if json.loads(made.get("SecretStringTemplate", "{}")) != {"previous": ""}:
        yield "WebhookSecret has no slot for rotation"
    if made.get("PasswordLength") != 44 or not made.get("ExcludePunctuation"):
        yield "WebhookSecret is not base64"


def functions(stack: Stack) -> Iterator[str]:
    """Run each stage in its own image, with its own role, log and limits."""
    found = stack.of_type("AWS::Serverless::Function")
    if set(found) != {f"{name}Function" for name in STAGES}:
        yield f"the functions are {sorted(found)}"
    for name, stage in STAGES.items():
        own = found.get(f"{name}Function", {})
        built = stack.resources.get(f"{name}Function", {}).get("Metadata", {})
        if own.get("PackageType") != "Image" or built.get("DockerBuildTarget") != stage:
            yield f"{name}Function runs another image"
        if own.get("Role") != f"{name}Role.Arn":
            yield f"{name}Function has another role"
        if own.get("LoggingConfig") != {"LogGroup": f"{name}LogGroup"}:
            yield f"{name}Function logs elsewhere"
        if own.get("MemorySize") != stack.parameters[f"{name}MemoryMb"]:
            yield f"{name}Function has a fixed memory"
        if own.get("Timeout", 0) >= _machine_waits(f"{name}FunctionArn"):
            yield f"the machine gives up on {name}Function before Lambda does"
    if set(stack.globals["Environment"]["Variables"]) != ENVIRONMENT:
        yield "the functions' environment is another one"


def _machine_waits(substitution: str) -> float:
    """Return the shortest time for which a state waits for a function."""
    return min(
        state["TimeoutSeconds"]
        for state in MACHINE["States"].values()
        if substitution in json.dumps(state.get("Arguments", {}))
        and isinstance(state["TimeoutSeconds"], int)
    )


def log_groups(stack: Stack) -> Iterator[str]:
    """Forget logs in time; each group belongs to one writer."""
    names = set()
    for name, own in stack.of_type("AWS::Logs::LogGroup").items():
        names.add(own["LogGroupName"])
        if own.get("RetentionInDays") != stack.parameters["LogRetentionDays"]:
            yield f"{name} keeps logs for another time than LogRetentionDays"
    if len(names) != len(STAGES) + 2:
        yield "a log group is missing or shared"


def pipe(stack: Stack) -> Iterator[str]:
    """Start one execution of the alias for each message, and drop none."""
    own = stack.properties("Pipe")
    if (own["Source"], own["Target"]) != ("Queue.Arn", "MachineAliaslive"):
        yield "Pipe joins other ends"
    if own["RoleArn"] != "PipeRole.Arn":
        yield "Pipe has another role"
    target = own["TargetParameters"]
    if target.get("InputTemplate") != TEMPLATE_OF_INPUT:
        yield "Pipe hands over another input"
    started = target.get("StepFunctionStateMachineParameters")
    if started != {"InvocationType": "FIRE_AND_FORGET"}:
        yield "Pipe waits for a standard machine"
    if own["SourceParameters"] != {"SqsQueueParameters": {"BatchSize": 1}}:
        yield "Pipe filters messages, or starts executions of many"
    logs = own.get("LogConfiguration", {})
    if "IncludeExecutionData" in logs or logs.get("CloudwatchLogsLogDestination") != {
        "LogGroupArn": "PipeLogGroup.Arn"
    }:
        yield "Pipe logs messages, or elsewhere"


def alarms(stack: Stack) -> Iterator[str]:
    """Watch what the runbook describes, and tell the topic."""
    found = stack.of_type("AWS::CloudWatch::Alarm")
    if set(found) != set(WATCHED) | set(SUMMED):
        yield f"the alarms are {sorted(found)}"
    page = (ROOT / "docs/runbook.md").read_text("utf-8")
    for name, own in found.items():
        if own.get("AlarmActions") != ["AlarmTopic"]:
            yield f"{name} tells nobody"
        if own.get("TreatMissingData") != "notBreaching":
            yield f"{name} rings when nothing happens"
        if f"## {name}" not in page:
            yield f"{name} is not in the runbook"
    for name, (namespace, metric, target) in WATCHED.items():
        own = found.get(name, {})
        looked = (own.get("Namespace"), own.get("MetricName"))
        if looked != (namespace, metric) or [
            d["Value"] for d in own.get("Dimensions", [])
        ] != [target]:
            yield f"{name} watches something else"
    yield from _summed(stack)


def _summed(stack: Stack) -> Iterator[str]:
    for name, metrics in SUMMED.items():
        rows = stack.properties(name).get("Metrics", [])
        watched = {
            (row["MetricStat"]["Metric"]["MetricName"], dimension["Value"])
            for row in rows
            if "MetricStat" in row
            for dimension in row["MetricStat"]["Metric"]["Dimensions"]
        }
        stages = set(STAGES) - UNSUMMED.get(name, set())
        if watched != {(m, f"{stage}Function") for m in metrics for stage in stages}:
            yield f"{name} does not watch every function"


def topic(stack: Stack) -> Iterator[str]:
    """Let CloudWatch publish, and mail where an address is given."""
    policy = stack.properties("AlarmTopicPolicy").get("PolicyDocument", {})
    publishers = [
        statement["Principal"]
        for statement in policy.get("Statement", [])
        if statement["Effect"] == "Allow"
    ]
    if publishers != [{"Service": "cloudwatch.amazonaws.com"}]:
        yield "AlarmTopic takes alarms from others, or none"
    if "AlarmTopic" not in stack.resources:
        yield "AlarmTopic is missing"
    mailed = stack.properties("AlarmSubscription")
    address = stack.parameters["AlarmEmail"]
    if address and (mailed.get("TopicArn"), mailed.get("Endpoint")) != (
        "AlarmTopic",
        address,
    ):
        yield "AlarmSubscription does not mail the alarms"
