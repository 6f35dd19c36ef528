"""Questions to a template: which alarm rings, and who is called."""

import re
from collections.abc import Iterator
from typing import Any

from support.cloudwatch import counted, looks, rings
from support.policies import ROLES
from support.stack import ROOT, Stack

STAGES = [f"{role.removesuffix('Role')}Function" for role in ROLES.values()]
DEAD = "ApproximateNumberOfMessagesVisible DeadLetterQueue.QueueName"
ERRORS, COMPARE = "Errors CompareFunction", "SERVICE compare"
# Metrics of one period, and the name of the one alarm that they ring, or "".
CALLS: list[tuple[str, dict[str, float]]] = [
    ("", {"served SERVICE": 99, "ExecutionFailed": 9, "FailStateEntered": 9}),
    ("", {"refused SERVICE": 90, "Errors HashFunction": 95, "served SERVICE": 90}),
    ("", {"Errors HashFunction": 19}),  # too few to be a share
    ("", {"Errors CompareFunction": 4}),
    ("", {f"refused {COMPARE}": 90, ERRORS: 95, f"served {COMPARE}": 90}),
    # Refusals of the other stages must not hide comparisons that fail.
    ("CompareErrorRateAlarm", {ERRORS: 5, "served SERVICE": 99, "refused SERVICE": 5}),
    ("UntoldFailuresAlarm", {"ExecutionFailed": 3, "FailStateEntered": 2}),
    ("RefusedJobsAlarm", {"ExecutionFailed": 99, "FailStateEntered": 99}),
    ("ExecutionsTimedOutAlarm", {"ExecutionsTimedOut Machine": 1}),
    ("ExecutionsAbortedAlarm", {"ExecutionsAborted Machine": 1}),
    ("DeadLettersAlarm", {DEAD: 1}),
    ("QueueAgeAlarm", {"ApproximateAgeOfOldestMessage Queue.QueueName": 999}),
    ("WebhookFailuresAlarm", {"Errors NotifyFunction": 15}),
    ("DefectsAlarm", {"defects SERVICE": 1}),
    ("ApiErrorsAlarm", {"Url5xxCount ApiFunction": 1}),
    ("ApiThrottlesAlarm", {"Throttles ApiFunction": 1}),
    *(("ThrottlesAlarm", {f"Throttles {each}": 1}) for each in STAGES),
    ("CompareErrorRateAlarm", {ERRORS: 30, f"served {COMPARE}": 70}),
    *(
        ("ErrorRateAlarm", {f"Errors {each}": 30})
        for each in STAGES
        if each not in ("NotifyFunction", "CompareFunction")
    ),
]

# Metrics of one period while the machine is well, once those from logs have come.
QUIET = {"served SERVICE": 95, "refused SERVICE": 90, "Errors HashFunction": 90}
QUIET |= {f"served {COMPARE}": 95, f"refused {COMPARE}": 90, ERRORS: 90}
FROM_LOGS = ("served", "refused", "defects")  # Lambda's own metrics come earlier
PERIODS = 3  # no alarm looks at more


def calls(stack: Stack) -> Iterator[Any]:
    """Yield events that ring a wrong alarm, and alarms that roll no release back."""
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    yield from {*alarms} - {name for name, _ in CALLS}
    service = stack.globals["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    for wanted, events in CALLS:
        named = {key.replace("SERVICE", service): n for key, n in events.items()}
        periods = [counted(stack, named)] * PERIODS
        ringing = {name for name, own in alarms.items() if rings(own, periods)}
        if ringing != {wanted} & {*alarms}:
            yield wanted, events, ringing


def late(stack: Stack) -> Iterator[str]:
    """Yield alarms that ring because metrics of the latest period are not there yet."""
    service = stack.globals["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    whole = {key.replace("SERVICE", service): n for key, n in QUIET.items()}
    latest = {key: n for key, n in whole.items() if not key.startswith(FROM_LOGS)}
    periods = [latest, *[whole] * PERIODS]
    for name, own in stack.of_type("AWS::CloudWatch::Alarm").items():
        if rings(own, periods):
            yield name


def rollbacks(stack: Stack) -> Iterator[Any]:
    """Yield alarms that roll no release back, too late, or against an operator."""
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    back = {name for name, own in alarms.items() if "rolls back" in str(own)}
    release = stack.properties("Machine").get("DeploymentPreference", {})
    asked = stack.parameters.get("RollBackOnAlarms", "true") == "true"
    yield from (back if asked else set()) ^ {*release.get("Alarms", [])}
    for name in back:
        span_s = max(period for _, period, _ in looks(alarms[name]))
        span_s *= alarms[name]["EvaluationPeriods"]
        if span_s >= 60 * int(release.get("Interval", 99)):
            yield f"{name} looks at {span_s} s, longer than a release moves"


def pages(stack: Stack) -> Iterator[Any]:
    """Yield alarms that look too late, send no mail, or lack a page in the runbook."""
    page = (ROOT / "docs/runbook.md").read_text("utf-8")
    topics = [*stack.of_type("AWS::SNS::Topic")]
    for name, own in stack.of_type("AWS::CloudWatch::Alarm").items():
        told = own.get("AlarmActions") == own.get("OKActions") == topics != []
        if f"\n## {name}\n" not in page or "DatapointsToAlarm" in own or not told:
            yield name, own
        for stat, period, metric in looks(own):
            wanted = "Maximum" if metric.startswith("Approximate") else "Sum"
            if stat != wanted or period * own["EvaluationPeriods"] > 900:
                yield name, metric
        if own["TreatMissingData"] != "notBreaching":
            yield f"{name} rings for silence"
    mail = {own["Endpoint"] for own in stack.of_type("AWS::SNS::Subscription").values()}
    yield from mail ^ ({stack.parameters["AlarmEmail"]} - {""})
    body = stack.properties("Dashboard")["DashboardBody"]
    shown = {*STAGES, "Machine", "Queue.QueueName", "ToldFailures"}
    yield from shown - {*re.findall(r'"([\w.]+)"', body)}
