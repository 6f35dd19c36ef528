"""The analysis API in the template: off by default, and little it may do."""

import copy
from typing import Any

import pytest
from support import template_alarms as watch
from support import template_checks as checks
from support.stack import Stack, load

ON = {
    "EnableApi": "true",
    "ApiTokenIssuer": "https://id.example.com/",
    "ApiTokenKeysUrl": "https://id.example.com/keys.json",
    "Tracing": "Active",
}
RESOURCES = {
    *("AnalysisRole", "AnalysisLogGroup", "AnalysisFunction"),
    "AnalysisErrorsAlarm",
}
EXECUTIONS = "arn:aws:states:ap-northeast-2:111122223333:execution:Machine.Name:*"
UPLOADS, FOUND = {"Bucket.Arn/audio/*"}, {"Bucket.Arn/analysis/*"}
RESULTS = {"Bucket.Arn/waveforms/*", "Bucket.Arn/mixed/*"}
GRANTS = {
    "states:StartExecution": {"Machine"},
    "states:DescribeExecution": {EXECUTIONS},
    "states:GetExecutionHistory": {EXECUTIONS},
    "s3:PutObject": UPLOADS | FOUND,
    "s3:GetObject": UPLOADS | FOUND | RESULTS,
    "s3:AbortMultipartUpload": UPLOADS,
    "s3:ListMultipartUploadParts": UPLOADS,
    "s3:ListBucket": {"Bucket.Arn"},
    "secretsmanager:GetSecretValue": {"WebhookSecret"},
    "logs:CreateLogStream": {"AnalysisLogGroup.Arn"},
    "logs:PutLogEvents": {"AnalysisLogGroup.Arn"},
}


def faults(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with the API when it is on."""
    stack = Stack(document, **ON)
    found = [*checks.wildcards(stack), *watch.alarms(stack)]
    allowed = stack.allowed("AnalysisRole")
    beyond = {a: r for a, r in allowed.items() if a not in checks.NO_RESOURCE}
    if beyond != GRANTS:
        found.append(f"AnalysisRole may do {beyond}")
    own = stack.properties("AnalysisFunction")
    if own.get("Role") != "AnalysisRole.Arn" or own.get("PackageType") != "Image":
        found.append("AnalysisFunction runs as somebody else")
    streams = {"AuthType": "NONE", "InvokeMode": "RESPONSE_STREAM"}
    if own.get("FunctionUrlConfig") != streams:
        found.append("AnalysisFunction does not stream")
    if "WAVEFLOW_LOCAL" in own["Environment"]["Variables"]:
        found.append("AnalysisFunction lets everybody in")
    if "RetentionInDays" not in stack.properties("AnalysisLogGroup"):
        found.append("AnalysisLogGroup keeps logs for ever")
    return found


def test_the_api_is_off_by_default():
    """Whoever deploys the pipeline gets no public URL unasked."""
    assert not RESOURCES & set(Stack(load()).resources)
    assert set(Stack(load(), **ON).resources) >= RESOURCES


def test_the_api_may_do_what_it_must():
    """It starts, reads and stores uploads; it deletes nothing."""
    assert faults(load()) == []


@pytest.mark.parametrize(
    ("name", "way", "value"),
    [
        (
            "AnalysisRole",
            ("Policies", 0, "PolicyDocument", "Statement", 0, "Resource"),
            "*",
        ),
        ("AnalysisFunction", ("FunctionUrlConfig", "InvokeMode"), "BUFFERED"),
        ("AnalysisFunction", ("Environment", "Variables", "WAVEFLOW_LOCAL"), "1"),
        ("AnalysisLogGroup", ("RetentionInDays",), None),
        ("AnalysisErrorsAlarm", ("MetricName",), "Url4xxCount"),
        ("AnalysisErrorsAlarm", ("AlarmActions",), None),
    ],
)
def test_a_broken_resource_is_noticed(name, way, value):
    """A check that cannot fail guards nothing."""
    document = copy.deepcopy(load())
    place = document["Resources"][name]["Properties"]
    for step in way[:-1]:
        place = place[step]
    if value is None:
        del place[way[-1]]
    else:
        place[way[-1]] = value

    assert faults(document) != []
