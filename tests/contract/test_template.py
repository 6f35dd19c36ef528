"""Questions of CONTRACT.md to the template; each question can be seen to fail."""

from typing import Any

import pytest
from support.policies import rights
from support.stack import Stack, changed, load
from support.template_alarms import calls, late, pages, rollbacks
from support.template_parts import functions, promises
from support.template_rights import (
    copies,
    deletes,
    objects,
    others,
    plain_http,
    service_roles,
    wildcards,
)

DOCUMENT = load()
QUESTIONS = (
    *(objects, deletes, copies, others, wildcards, plain_http, service_roles),
    *(promises, functions, calls, late, rollbacks, pages),
)
API = {
    "EnableApi": "true",
    "ApiTokenIssuer": "https://id.example.com/",
    "ApiTokenKeysUrl": "https://id.example.com/keys.json",
}
SECRET = "arn:aws:secretsmanager:ap-northeast-2:111122223333:secret:external-AbCdEf"
EVERYTHING = {
    **API,
    "AlarmEmail": "operator@example.com",
    "ApiExternalSecretArn": SECRET,
    "NotifySubnetIds": "subnet-0123456789abcdef0",
    "NotifySecurityGroupIds": "sg-0123456789abcdef0",
    "ServerRoleName": "server",
    "Tracing": "Active",
}
SHORTEST = str(DOCUMENT["Parameters"]["DeploymentIntervalMinutes"]["MinValue"])
STACKS: dict[str, dict[str, str]] = {
    "defaults": {},
    "everything": EVERYTHING,
    "the API without an external server": API,
    "a bucket that exists": {"ExistingBucketName": "mine"},
    "one prefix": {"AllowedPrefixes": "a/"},
    "six prefixes": {"AllowedPrefixes": "a/,b/,c/,d/,e/,f/g/"},
    "report": {"DedupeMode": "report"},
    "off": {"DedupeMode": "off"},
    "an operator's rollback": {"RollBackOnAlarms": "false"},
    "the shortest move": {"DeploymentIntervalMinutes": SHORTEST},
}
INLINE = "Properties/Policies/0/PolicyDocument/Statement"
POLICY = "Properties/PolicyDocument/Statement"
MOVES = "Machine/Properties/DeploymentPreference"
COPIED = "s3:x-amz-copy-source"
DELETE = {
    "Effect": "Allow",
    "Action": "s3:DeleteObject",
    "Resource": "Bucket.Arn/audio/*",
}
PREVIEWS = {
    "Effect": "Allow",
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::Bucket/previews/*",
}
POLICY_OF_PREVIEWS = {"PolicyDocument": {"Statement": [PREVIEWS]}}
BREAKS: list[tuple[Any, str, Any]] = [
    (objects, f"WaveformRole/{INLINE}/0/Resource", "arn:aws:s3:::Bucket/mixed/*"),
    (objects, f"MixRole/{INLINE}/0/Resource", "arn:aws:s3:::Bucket/*"),
    (objects, f"WaveformRole/{INLINE}/1/Resource", "arn:aws:s3:::Bucket/prev/*"),
    (objects, f"WaveformRole/{INLINE}/1/Action", "s3:GetObject"),
    (objects, f"WaveformRole/{INLINE}/2/Condition", {}),
    (objects, f"MixRole/{INLINE}/2", ...),
    (objects, f"MixRole/{INLINE}/3/Condition/StringLikeIfExists/s3:prefix/1", "x/*"),
    (objects, f"CompareRole/{INLINE}/0/Action", ["s3:GetObject", "s3:PutObject"]),
    (objects, f"CompareRole/{INLINE}/1/Resource", "arn:aws:s3:::Bucket/mixed/*"),
    (objects, f"ServerPolicy/{POLICY}/5/Resource/3", ...),
    (objects, "MusicRole/Properties/Policies", [POLICY_OF_PREVIEWS]),
    (objects, f"HashRole/{INLINE}/0", PREVIEWS),
    (objects, f"ApiRole/{INLINE}/4/Resource/2", ...),
    (objects, f"ApiRole/{INLINE}/4/Action", ["s3:GetObject", "s3:PutObject"]),
    (objects, f"ServerPolicy/{POLICY}/5/Resource/2", ...),
    (objects, f"ReadUploads/{POLICY}/0/Resource", "Bucket.Arn/*"),
    (objects, f"ReadUploads/{POLICY}/1/Condition", {}),
    (objects, f"HashRole/{INLINE}/0", {"Effect": "Allow", **DELETE}),
    (objects, f"ApiRole/{INLINE}/3/Resource", "Bucket.Arn/users/*"),
    (deletes, f"DedupeDeleteRole/{INLINE}/5/Fn::If/1/Condition", ...),
    (copies, f"DedupeDeleteRole/{INLINE}/4/Condition", ...),
    (copies, f"DedupeDeleteRole/{INLINE}/4/Condition", {"StringLike": {COPIED: "*"}}),
    (deletes, f"BucketPolicy/{POLICY}/1/Condition/Null", {}),
    (deletes, f"BucketPolicy/{POLICY}/1/Condition/ArnEquals/aws:PrincipalArn", []),
    (deletes, f"BucketPolicy/{POLICY}/2/Resource", "Bucket.Arn/audio/*"),
    (others, f"HashRole/{INLINE}/0/Action", "secretsmanager:GetSecretValue"),
    (others, f"NotifyRole/{INLINE}/0/Action", "secretsmanager:PutSecretValue"),
    (others, f"NotifyRole/{INLINE}/0/Resource", "ApiSecret"),
    (others, f"ServerPolicy/{POLICY}/2/Resource", "ApiSecret"),
    (others, f"ApiRole/{INLINE}/6/Resource/0", "WebhookSecret"),
    (others, f"ApiRole/{INLINE}/6/Resource/1", "WebhookSecret"),
    (others, f"ApiRole/{INLINE}/6/Resource/1/Fn::If/1", "arn:aws:secretsmanager:*"),
    (others, f"NotifyClosesTokens/{POLICY}/0/Resource", "arn:aws:states:::*"),
    (others, f"ServerPolicy/{POLICY}/0/Action", "sqs:PurgeQueue"),
    (wildcards, f"HashRole/{INLINE}/0/Action", "s3:*"),
    (wildcards, f"PipeRole/{INLINE}/0/Resource", "*"),
    (wildcards, f"AlarmTopicPolicy/{POLICY}/0/Principal", "*"),
    (wildcards, f"AlarmTopicPolicy/{POLICY}/0/Condition", ...),
    (wildcards, f"LogAndTrace/{POLICY}/1/Fn::If/1/Action", "xray:DeleteGroup"),
    (plain_http, f"BucketPolicy/{POLICY}/0/Condition", ...),
    (plain_http, "QueuePolicy/Properties/Queues", ["Queue"]),
    (service_roles, "HashRole/Properties/Tags/0/Value", "mix"),
    (service_roles, f"LogAndTrace/{POLICY}/0/Resource", "*"),
    (service_roles, "MixFunction/Properties/Role", "HashRole.Arn"),
    (service_roles, f"NotifyRole/{INLINE}/1", ...),
    (service_roles, f"NotifyCodeLeavesSubnetsAlone/{POLICY}/0/Condition", ...),
    (promises, "Bucket/Properties/VersioningConfiguration/Status", "Suspended"),
    (promises, "Bucket/Properties/LifecycleConfiguration/Rules/0/Prefix", "audio/"),
    (promises, "Bucket/Properties/LifecycleConfiguration/Rules/2/Prefix", "audio/"),
    (promises, "Bucket/Properties/BucketEncryption", ...),
    (promises, "Bucket/DeletionPolicy", "Delete"),
    (promises, "WebhookSecret/DeletionPolicy", "Retain"),
    (promises, "DeadLetterQueue/UpdateReplacePolicy", "RetainExceptOnCreate"),
    (promises, "Queue/Properties/RedrivePolicy/maxReceiveCount", 5),
    (promises, "ApiFunction/Properties/ReservedConcurrentExecutions", ...),
    (promises, "ApiUploadsAreRead/Properties/AllowedPattern", "audio/"),
    (promises, "Queue/Properties/RedrivePolicy", ...),
    (promises, "ApiSecret/Properties/GenerateSecretString", ...),
    (promises, "Machine/Properties/Logging/IncludeExecutionData", True),
    (promises, "Pipe/Properties/Target", "Machine"),
    (functions, "NotifyFunction/Properties/Timeout", ...),
    (functions, "MusicFunction/Properties/Timeout", 900),
    (functions, "ApiFunction/Properties/Timeout", 900),
    (functions, "MixFunction/Properties/EphemeralStorage/Size", 512),
    (functions, "ApiLogGroup/Properties/RetentionInDays", ...),
    (calls, "DeadLettersAlarm/Properties/Dimensions/0/Value", "Queue.QueueName"),
    (calls, "ErrorRateAlarm/Properties/Metrics/1/Expression", "FILL(e0, 0)"),
    (calls, "CompareErrorRateAlarm/Properties/Metrics/1/Expression", "FILL(errors, 0)"),
    (
        calls,
        "CompareErrorRateAlarm/Properties/Metrics/3/MetricStat/Metric/Dimensions/1",
        ...,
    ),
    (rollbacks, f"{MOVES}/Alarms/Fn::If/1/1", ...),
    (calls, "ToldFailuresFilter/Properties/LogGroupName", "HashLogGroup"),
    (calls, "ApiThrottlesAlarm/Properties/MetricName", "Errors"),
    (late, "ErrorRateAlarm/Properties/EvaluationPeriods", 1),
    (late, "CompareErrorRateAlarm/Properties/EvaluationPeriods", 1),
    (rollbacks, f"{MOVES}/Alarms", ["ErrorRateAlarm"]),
    (rollbacks, f"{MOVES}/Interval", 10),
    (pages, "NoPageAlarm", DOCUMENT["Resources"]["DefectsAlarm"]),
    (pages, "DefectsAlarm/Properties/OKActions", ...),
    (pages, "QueueAgeAlarm/Properties/Period", 86_400),
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("parameters", STACKS.values(), ids=STACKS)
def test_the_template_answers(question: Any, parameters: dict[str, str]):
    """A stack of any parameters must not be less safe than the default stack."""
    assert [*question(Stack(DOCUMENT, **parameters))] == []


@pytest.mark.parametrize(
    ("question", "way", "value"), BREAKS, ids=[way for _, way, _ in BREAKS]
)
def test_a_question_is_seen_to_fail(question: Any, way: str, value: Any):
    """A question about the template that cannot fail would guard nothing."""
    broken = Stack(changed(DOCUMENT, f"Resources/{way}", value), **EVERYTHING)

    assert [*question(broken)] != []


def test_every_question_is_failed_by_some_break():
    """A new question must be seen to fail before anybody relies on its answer."""
    assert {question for question, *_ in BREAKS} == {*QUESTIONS}


def test_the_api_is_off_by_default():
    """An operator who deploys the pipeline must get no public URL unasked."""
    made = {name for name in Stack(DOCUMENT).resources if name.startswith("Api")}

    assert made == set()


def test_the_api_reads_no_secret_of_others():
    """Whoever breaks into the API must not sign webhooks in the platform's name."""
    reads = "secretsmanager:GetSecretValue"

    def readable(**parameters: str) -> set[str]:
        stack = Stack(DOCUMENT, **parameters)
        return {
            place
            for holder, action, place, _ in rights(stack)
            if (holder, action) == ("ApiRole", reads)
        }

    assert readable() == set()
    assert readable(**API) == {"ApiSecret"}
    assert readable(**EVERYTHING) == {"ApiSecret", SECRET}
