"""Break a template in every property that matters, one at a time."""

import copy
from typing import Any

ABSENT = object()
STATEMENT = "PolicyDocument.Statement"
INLINE = f"Policies.0.{STATEMENT}"
TRUST = "AssumeRolePolicyDocument.Statement.0"
RULES = "LifecycleConfiguration.Rules"
MILLION = 1_000_000
# The resource, the way to one of its properties, and what then stands there. A way
# that begins with `^` leads to the resource itself, not into its properties.
BREAKS: list[tuple[str, str, Any]] = [
    ("Bucket", "VersioningConfiguration.Status", "Suspended"),
    ("Bucket", "PublicAccessBlockConfiguration.BlockPublicAcls", False),
    ("Bucket", "OwnershipControls", ABSENT),
    ("Bucket", "BucketEncryption", ABSENT),
    ("Bucket", f"{RULES}.0.Status", "Disabled"),
    ("Bucket", f"{RULES}.0.Prefix", "audio/"),
    ("Bucket", f"{RULES}.0.ExpirationInDays", 30),
    ("Bucket", f"{RULES}.0.NoncurrentVersionExpiration.NoncurrentDays", 1),
    ("Bucket", f"{RULES}.1.AbortIncompleteMultipartUpload", ABSENT),
    ("Bucket", "CorsConfiguration", ABSENT),
    ("Bucket", "^DeletionPolicy", "Delete"),
    ("BucketPolicy", f"{STATEMENT}.0.Effect", "Allow"),
    ("BucketPolicy", f"{STATEMENT}.0.Condition", {}),
    ("BucketPolicy", f"{STATEMENT}.1.Condition.Null", {}),
    ("BucketPolicy", f"{STATEMENT}.1.Condition.ArnEquals.aws:PrincipalArn", []),
    ("BucketPolicy", f"{STATEMENT}.2.Resource", "Bucket.Arn/audio/*"),
    ("Queue", "RedrivePolicy.maxReceiveCount", 1),
    ("Queue", "RedrivePolicy.deadLetterTargetArn", "Queue.Arn"),
    ("Queue", "MaximumMessageSize", ABSENT),
    ("Queue", "MessageRetentionPeriod", 60),
    ("Queue", "VisibilityTimeout", 0),
    ("Queue", "SqsManagedSseEnabled", False),
    ("DeadLetterQueue", "MessageRetentionPeriod", 60),
    ("DeadLetterQueue", "SqsManagedSseEnabled", ABSENT),
    ("DeadLetterQueue", "^UpdateReplacePolicy", "Delete"),
    ("QueuePolicy", "Queues", ["Queue"]),
    ("QueuePolicy", f"{STATEMENT}.0.Condition", ABSENT),
    ("WebhookSecret", "GenerateSecretString.SecretStringTemplate", "{}"),
    ("WebhookSecret", "GenerateSecretString.PasswordLength", 8),
    ("WebhookSecret", "^DeletionPolicy", ABSENT),
    ("ReadUploads", f"{STATEMENT}.0.Resource", "Bucket.Arn/*"),
    ("ReadUploads", f"{STATEMENT}.1.Condition.StringLikeIfExists.s3:prefix", ["*"]),
    ("HashRole", f"{INLINE}.0.Action", "s3:*"),
    ("HashRole", f"{INLINE}.2.Action", ["logs:PutLogEvents"]),
    ("HashRole", f"{INLINE}.0.Condition", {"Bool": {"aws:SecureTransport": "false"}}),
    ("HashLogGroup", "RetentionInDays", ABSENT),
    ("HashFunction", "Role", "DedupeDeleteRole.Arn"),
    ("HashFunction", "^Metadata.DockerBuildTarget", "mix"),
    ("DedupeDeleteRole", f"{INLINE}.0.Resource", "*"),
    ("DedupeDeleteLogGroup", "LogGroupName", "/waveflow/stack/hash"),
    ("DedupeDeleteFunction", "Timeout", 900),
    ("WaveformRole", "ManagedPolicyArns", ABSENT),
    ("WaveformLogGroup", "RetentionInDays", 1),
    ("WaveformFunction", "PackageType", "Zip"),
    ("WaveformFunction", "MemorySize", 128),
    ("MusicRole", "ManagedPolicyArns", ABSENT),
    ("MusicLogGroup", "RetentionInDays", ABSENT),
    ("MusicFunction", "Timeout", 900),
    ("MixRole", f"{TRUST}.Principal", "*"),
    ("MixLogGroup", "RetentionInDays", ABSENT),
    ("MixFunction", "LoggingConfig", {"LogGroup": "HashLogGroup"}),
    ("MixFunction", "EphemeralStorage.Size", 512),
    ("MixFunction", "Timeout", 60),
    ("NotifyRole", f"{INLINE}.0.Action", "secretsmanager:PutSecretValue"),
    ("NotifyRole", f"{INLINE}.1", ABSENT),
    ("NotifyLogGroup", "RetentionInDays", ABSENT),
    ("NotifyFunction", "Role", "HashRole.Arn"),
    ("NotifyFunction", "Timeout", 10),
    ("NotifyFunction", "VpcConfig", ABSENT),
    ("NotifyClosesTokens", f"{STATEMENT}.0.Resource", "*"),
    ("NotifyCodeLeavesSubnetsAlone", f"{STATEMENT}.0.Condition", ABSENT),
    ("Machine", "Logging.IncludeExecutionData", True),
    ("Machine", "Logging.Level", "OFF"),
    ("Machine", "Type", "EXPRESS"),
    ("Machine", "AutoPublishAlias", ABSENT),
    ("Machine", "DeploymentPreference", ABSENT),
    ("Machine", "DeploymentPreference.Alarms", ["ErrorRateAlarm"]),
    ("Machine", "DefinitionSubstitutions.HashFunctionArn", "MixFunction.Arn"),
    ("MachineLogGroup", "RetentionInDays", ABSENT),
    ("MachineRole", f"{INLINE}.0.Action", "lambda:*"),
    ("MachineRole", f"{INLINE}.1", ABSENT),
    ("MachineRole", f"{TRUST}.Condition", ABSENT),
    ("Pipe", "TargetParameters.InputTemplate", "<$.body>"),
    ("Pipe", "Target", "Machine"),
    ("Pipe", "SourceParameters.SqsQueueParameters.BatchSize", 10),
    ("Pipe", "LogConfiguration.Level", "OFF"),
    ("Pipe", "LogConfiguration.IncludeExecutionData", ["ALL"]),
    ("Pipe", "DesiredState", "STOPPED"),
    ("PipeLogGroup", "RetentionInDays", ABSENT),
    ("PipeRole", f"{INLINE}.0.Resource", "DeadLetterQueue.Arn"),
    ("PipeRole", f"{TRUST}.Condition", ABSENT),
    ("ServerPolicy", f"{STATEMENT}.0.Action", "sqs:PurgeQueue"),
    ("ServerPolicy", "Roles", ABSENT),
    ("AlarmTopic", "^Type", "AWS::SQS::Queue"),
    ("AlarmTopicPolicy", f"{STATEMENT}.0.Principal", "*"),
    ("AlarmTopicPolicy", f"{STATEMENT}.0.Condition", ABSENT),
    ("AlarmSubscription", "Endpoint", "nobody@example.com"),
    ("FailedExecutionsFilter", "FilterPattern", '{ $.type = "TaskFailed" }'),
    ("FailedExecutionsFilter", "MetricTransformations.0.DefaultValue", ABSENT),
    ("ToldFailuresFilter", "LogGroupName", "HashLogGroup"),
    ("ToldFailuresFilter", "MetricTransformations.0.MetricValue", "0"),
    ("UntoldFailuresAlarm", "Metrics.0.Expression", "0 * FILL(failed, 0)"),
    ("UntoldFailuresAlarm", "Metrics.0.ReturnData", False),
    ("UntoldFailuresAlarm", "Metrics.1.MetricStat.Stat", "Minimum"),
    ("UntoldFailuresAlarm", "OKActions", ABSENT),
    ("RefusedJobsAlarm", "Threshold", MILLION),
    ("RefusedJobsAlarm", "ComparisonOperator", "LessThanThreshold"),
    ("ExecutionsTimedOutAlarm", "AlarmActions", []),
    ("ExecutionsTimedOutAlarm", "Statistic", "Minimum"),
    ("ExecutionsAbortedAlarm", "TreatMissingData", "breaching"),
    ("ExecutionsAbortedAlarm", "EvaluationPeriods", 100),
    ("DeadLettersAlarm", "Dimensions.0.Value", "Queue.QueueName"),
    ("DeadLettersAlarm", "Dimensions.0.Name", "Queue"),
    ("QueueAgeAlarm", "MetricName", "NumberOfMessagesSent"),
    ("QueueAgeAlarm", "Period", 86_400),
    ("WebhookFailuresAlarm", "Dimensions.0.Value", "HashFunction"),
    ("WebhookFailuresAlarm", "Namespace", "AWS/States"),
    ("DefectsAlarm", "Dimensions.0.Value", "waveflow"),
    ("DefectsAlarm", "DatapointsToAlarm", 3),
    ("ErrorRateAlarm", "Metrics", []),
    ("ErrorRateAlarm", "Metrics.1.Expression", "FILL(e0, 0)"),
    ("ErrorRateAlarm", "Threshold", MILLION),
    ("ErrorRateAlarm", "Metrics.9.MetricStat.Metric.Dimensions", ABSENT),
    ("ThrottlesAlarm", "AlarmActions", ABSENT),
    ("ThrottlesAlarm", "Metrics.0.Expression", "0 * SUM(METRICS('t'))"),
    ("Dashboard", "DashboardBody", '{"widgets": []}'),
    ("Globals", "Environment.Variables.POWERTOOLS_SERVICE_NAME", "waveflow"),
    ("Globals", "Environment.Variables.WAVEFLOW_LOCAL", "1"),
    ("Globals", "Environment.Variables.DEDUPE_MODE", "delete_all"),
    ("Globals", "ReservedConcurrentExecutions", ABSENT),
]
LABELS = [f"{name}-{way}" for name, way, _ in BREAKS]


def broken(document: dict[str, Any], name: str, way: str, value: Any) -> dict[str, Any]:
    """Copy the template with one property changed, added or left out."""
    copied = copy.deepcopy(document)
    if name == "Globals":
        place: Any = copied["Globals"]["Function"]
    else:
        place = copied["Resources"][name]
        place = place if way.startswith("^") else place["Properties"]
    *steps, last = (
        int(step) if step.isdigit() else step for step in way.lstrip("^").split(".")
    )
    for step in steps:
        place = place[step]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return copied


def table() -> str:
    """List in Markdown what was broken of each resource."""
    rows: dict[str, list[str]] = {}
    for name, way, _ in BREAKS:
        short = way.lstrip("^").replace(STATEMENT, "").replace("Policies.0.", "")
        rows.setdefault(name, []).append(f"`{short.strip('.')}`")
    lines = [f"| {name} | {', '.join(ways)} |" for name, ways in rows.items()]
    return "\n".join(["| resource | broken |", "| --- | --- |", *lines])
