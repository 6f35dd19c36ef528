"""A stand-in for CloudWatch: metrics of logged events, and alarms that ring."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from support.stack import Stack

# Sets of dimensions of the metrics in each namespace.
DIMENSIONS = {
    "AWS/States": [["StateMachineArn"]],
    "AWS/SQS": [["QueueName"]],
    "AWS/Lambda": [["FunctionName"]],
    "WaveFlow": [["service"], ["service", "stage"]],
    "WaveFlow/stack": [[]],
}


def counted(stack: Stack, events: dict[str, float]) -> dict[str, float]:
    """Return the metrics of events, with the metrics of the machine's log filters."""
    found = dict(events)
    for own in stack.of_type("AWS::Logs::MetricFilter").values():
        [made] = own["MetricTransformations"]
        [event] = re.findall(r'{ \$\.type = "(\w+)" }', own["FilterPattern"])
        seen = events.get(event, 0) if own["LogGroupName"] == "MachineLogGroup" else 0
        found[made["MetricName"]] = seen * int(made["MetricValue"])
    return found


def rings(own: dict[str, Any], periods: Sequence[dict[str, float]]) -> bool:
    """Tell whether an alarm rings: each of its periods, the latest first, breaches."""
    looked_at = periods[: own["EvaluationPeriods"]]
    return all(_breaches(own, metrics) for metrics in looked_at)


def _breaches(own: dict[str, Any], metrics: dict[str, float]) -> bool:
    """Tell whether one period is beyond the threshold, by CloudWatch's metric math."""
    values: dict[str, float | None] = {}
    words: dict[str, Any] = {
        "FILL": lambda value, otherwise: otherwise if value is None else value,
        "IF": lambda holds, value, otherwise: value if holds else otherwise,
        "SUM": lambda every: sum(each or 0 for each in every),
        "METRICS": lambda start: [v for k, v in values.items() if k.startswith(start)],
    }
    rows = own.get("Metrics", [{"Id": "m", "MetricStat": {"Metric": own}}])
    for row in (each for each in rows if "MetricStat" in each):
        named = row["MetricStat"]["Metric"]
        sides = {each["Name"]: each["Value"] for each in named.get("Dimensions", [])}
        fits = [*sides] in DIMENSIONS.get(named["Namespace"], [])
        key = " ".join([named["MetricName"], *sides.values()])
        values[row["Id"]] = metrics.get(key) if fits else None
    for row in (each for each in reversed(rows) if "Expression" in each):
        with suppress(ZeroDivisionError):  # CloudWatch drops such a value too
            # The expression is template.yaml's, and its words are the functions above.
            values[row["Id"]] = eval(row["Expression"], words, values)  # noqa: S307
    value = next((values.get(r["Id"]) for r in rows if r.get("ReturnData", True)), None)
    at_least = own["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    return at_least and value is not None and value >= float(own["Threshold"])


def looks(own: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Yield statistic, period in seconds and name of each metric of an alarm."""
    for row in own.get("Metrics", []):
        if each := row.get("MetricStat"):
            yield each["Stat"], each["Period"], each["Metric"]["MetricName"]
    if "MetricName" in own:
        yield own["Statistic"], own["Period"], own["MetricName"]
