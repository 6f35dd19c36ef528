"""Say what is wrong with what a template watches: alarms, filters, dashboard."""

import json
import re
from collections.abc import Iterator
from typing import Any

from support.stack import ROOT, Stack
from support.template_checks import STAGES

MACHINE = {"StateMachineArn": "Machine"}
NOTIFY = {"FunctionName": "NotifyFunction"}
DEAD = {"QueueName": "DeadLetterQueue.QueueName"}
WAITING = {"QueueName": "Queue.QueueName"}
API = {"FunctionName": "AnalysisFunction"}
SERVICE = {"service": "stack"}
OWN = "WaveFlow/stack"
AGE = "ApproximateAgeOfOldestMessage"
VISIBLE = "ApproximateNumberOfMessagesVisible"
# Namespace, metric, dimensions, statistic, seconds, times, threshold: as a number, or
# as the name of its parameter.
WATCHED: dict[str, tuple[str, str, dict[str, str], str, int, int, int | str]] = {
    "RefusedJobsAlarm": (
        *(OWN, "ToldFailures", {}),
        *("Sum", 300, 1, "RefusedJobsThreshold"),
    ),
    "ExecutionsTimedOutAlarm": (
        *("AWS/States", "ExecutionsTimedOut", MACHINE),
        *("Sum", 300, 1, 1),
    ),
    "ExecutionsAbortedAlarm": (
        *("AWS/States", "ExecutionsAborted", MACHINE),
        *("Sum", 300, 1, 1),
    ),
    "DeadLettersAlarm": ("AWS/SQS", VISIBLE, DEAD, "Maximum", 300, 1, 1),
    "QueueAgeAlarm": (
        *("AWS/SQS", AGE, WAITING),
        *("Maximum", 60, 3, "QueueAgeThresholdSeconds"),
    ),
    "WebhookFailuresAlarm": (
        *("AWS/Lambda", "Errors", NOTIFY),
        *("Sum", 300, 1, "WebhookFailuresThreshold"),
    ),
    "DefectsAlarm": ("WaveFlow", "defects", SERVICE, "Sum", 60, 1, 1),
    "AnalysisErrorsAlarm": ("AWS/Lambda", "Url5xxCount", API, "Sum", 300, 1, 1),
}
Query = dict[str, Any]


def _query(id_: str, namespace: str, metric: str, dimensions: dict[str, str]) -> Query:
    named = {"Namespace": namespace, "MetricName": metric}
    if dimensions:
        named["Dimensions"] = _pairs(dimensions)
    stat = {"Metric": named, "Stat": "Sum", "Period": 300}
    return {"Id": id_, "ReturnData": False, "MetricStat": stat}


def _pairs(dimensions: dict[str, str]) -> Any:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _of_functions(letter: str, metric: str) -> list[Query]:
    return [
        _query(
            f"{letter}{n}", "AWS/Lambda", metric, {"FunctionName": f"{stage}Function"}
        )
        for n, stage in enumerate(STAGES)
    ]


RATE = (
    "IF(FILL(served, 0) + unexpected >= 20, "
    "100 * unexpected / (FILL(served, 0) + unexpected), 0)"
)
# The expression that is watched, those it uses, the metrics, times, threshold.
COMPUTED: dict[str, tuple[str, dict[str, str], list[Query], int, int | str]] = {
    "UntoldFailuresAlarm": (
        "FILL(failed, 0) - FILL(told, 0)",
        {},
        [
            _query("failed", OWN, "FailedExecutions", {}),
            _query("told", OWN, "ToldFailures", {}),
        ],
        *(1, 1),
    ),
    "ErrorRateAlarm": (
        RATE,
        {
            "unexpected": "FILL(e0, 0) + FILL(e1, 0) + FILL(e2, 0) + FILL(e3, 0) "
            "+ FILL(e4, 0) + FILL(e5, 0) - FILL(refused, 0)"
        },
        [
            *_of_functions("e", "Errors"),
            _query("served", "WaveFlow", "served", SERVICE),
            _query("refused", "WaveFlow", "refused", SERVICE),
        ],
        *(1, "ErrorRateThresholdPercent"),
    ),
    "ThrottlesAlarm": ("SUM(METRICS('t'))", {}, _of_functions("t", "Throttles"), 3, 1),
}
FILTERS = {
    "FailedExecutionsFilter": ("ExecutionFailed", "FailedExecutions"),
    "ToldFailuresFilter": ("FailStateEntered", "ToldFailures"),
}
# By which dimension a namespace's metrics are told apart.
DIMENSIONS = {
    "AWS/States": "StateMachineArn",
    "AWS/SQS": "QueueName",
    "AWS/Lambda": "FunctionName",
    "WaveFlow": "service",
}
SEARCH = re.compile(
    r"SEARCH\('\{WaveFlow,service,stage,outcome\} service=\"stack\" "
    r"MetricName=\"(\w+)\"', '\w+', 300\)"
)


def alarms(stack: Stack) -> Iterator[str]:
    """Watch what the runbook describes, and tell the topic when it rings and ends."""
    found = stack.of_type("AWS::CloudWatch::Alarm")
    declared = stack.document["Resources"]
    wanted = {
        name
        for name in (*WATCHED, *COMPUTED)
        if stack.holds(declared.get(name, {}).get("Condition"))
    }
    if set(found) != wanted:
        yield f"the alarms are {sorted(found)}"
    page = (ROOT / "docs/runbook.md").read_text("utf-8")
    for name in sorted(wanted & set(found)):
        own = dict(found[name])
        if not own.pop("AlarmDescription", None) or f"## {name}\n" not in page:
            yield f"{name} is not explained"
        rows = own.pop("Metrics", [])
        if own != _expected(stack, name) or _without_labels(rows) != _rows(name):
            yield f"{name} is another alarm: {own}"


def _expected(stack: Stack, name: str) -> dict[str, Any]:
    """Return the whole of an alarm, but for its sentence and its queries."""
    own: dict[str, Any] = {}
    if name in WATCHED:
        namespace, metric, dimensions, statistic, period, times, limit = WATCHED[name]
        own = {"Namespace": namespace, "MetricName": metric}
        own |= {"Statistic": statistic, "Period": period}
        own |= {"Dimensions": _pairs(dimensions)} if dimensions else {}
    else:
        *_, times, limit = COMPUTED[name]
    return own | {
        "EvaluationPeriods": times,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": stack.parameters[limit] if isinstance(limit, str) else limit,
        "TreatMissingData": "notBreaching",
        "AlarmActions": ["AlarmTopic"],
        "OKActions": ["AlarmTopic"],
    }


def _rows(name: str) -> list[Query]:
    if name in WATCHED:
        return []
    watched, used, queries, *_ = COMPUTED[name]
    own = [{"Expression": watched, "ReturnData": True}]
    others = [
        {"Id": id_, "Expression": each, "ReturnData": False}
        for id_, each in used.items()
    ]
    return [*own, *others, *queries]


def _without_labels(rows: list[Query]) -> list[Query]:
    """Leave out what only people read: every label, and the watched row's id."""
    return [
        {
            name: value
            for name, value in row.items()
            if name != "Label" and not (name == "Id" and row["ReturnData"])
        }
        for row in rows
    ]


def filters(stack: Stack) -> Iterator[str]:
    """Count the machine's failures in its log, told and all."""
    for name, (event, metric) in FILTERS.items():
        counted = {"MetricNamespace": OWN, "MetricName": metric}
        expected = {
            "LogGroupName": "MachineLogGroup",
            "FilterPattern": f'{{ $.type = "{event}" }}',
            "MetricTransformations": [
                {**counted, "MetricValue": "1", "DefaultValue": 0}
            ],
        }
        if stack.properties(name) != expected:
            yield f"{name} counts something else"


def dashboard(stack: Stack) -> Iterator[str]:
    """Show metrics of what the stack has."""
    body = json.loads(stack.properties("Dashboard")["DashboardBody"])
    known = set(stack.resources) | {*DEAD.values(), *WAITING.values(), "stack"}
    shown, searched = set(), set()
    for row in (r for w in body["widgets"] for r in w["properties"]["metrics"]):
        if "expression" in row[0]:
            found = SEARCH.fullmatch(row[0]["expression"])
            searched.add(found[1] if found else row[0]["expression"])
            continue
        namespace, _, *pair = row[:-1]
        shown.add(pair[1] if pair else namespace)
        if pair and (pair[0] != DIMENSIONS[namespace] or pair[1] not in known):
            yield f"Dashboard shows {row}"
    functions = {f"{name}Function" for name in STAGES}
    if not {"Machine", *WAITING.values(), OWN, "stack", *functions} <= shown:
        yield f"Dashboard shows only {shown}"
    if searched != {"duration_s", "retries"}:
        yield f"Dashboard searches {searched}"


def topic(stack: Stack) -> Iterator[str]:
    """Mail where an address is given."""
    if "AlarmTopic" not in stack.of_type("AWS::SNS::Topic"):
        yield "AlarmTopic is missing"
    address = stack.parameters["AlarmEmail"]
    mailed = {"TopicArn": "AlarmTopic", "Protocol": "email", "Endpoint": address}
    if stack.properties("AlarmSubscription") != (mailed if address else {}):
        yield "AlarmSubscription does not mail the alarms"
