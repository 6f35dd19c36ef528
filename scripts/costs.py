"""Work out what 1,000 uploads, mixes and comparisons cost; print it as Markdown.

Prices are list prices of Seoul (ap-northeast-2), without free tier, in USD, as of
the date below; look them up again before you rely on them. The times of hash and
waveform are those of a 30 s WAV in docs/benchmarks.md, over each function's share
of a vCPU, and so is that of a cold start, from ADR 76; the times of outputs are CPU
seconds beyond drawing four minutes of stereo, from ADR 81, and that of a comparison is
of one pair of such files; the times of mix, of the server and of a result, and the
share of cold starts, are assumptions. So are the lines that Lambda, Step Functions and
the pipe add. Give your own:

    costs.py --waveform-s 0.72 --cold-share 0.01
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from waveflow.api.jobs.feed import LIFE_S
from waveflow_local.engine.template import read_document
from waveflow_local.ops.prices import (
    COLD_SHARE,
    GB_SECOND,
    GET,
    INVOCATION,
    PRICES_AS_OF,
    PUT,
    SQS_REQUEST,
    TIMES,
    TRANSITION,
    Job,
    Stage,
    backfill_job,
)

PROVISIONED_GB_SECOND = {"x86_64": 0.0000041667, "arm64": 0.0000033334}
ALARM_METRIC = 0.10
CUSTOM_METRIC = 0.30
SECRET = 0.40
# Metrics of one success: 25 of the seven stages, 2 of the alarm of `compare`, 3 of the
# stack, 2 of the machine's log.
# Each other outcome adds 3 or more in each hour in which it occurs.
CUSTOM_METRICS = 32
# Assumed: five pollers of the pipe that wait 20 s each.
POLLS_A_MONTH = 5 * 3 * 60 * 730
TEMPLATE = Path(__file__).parents[1] / "template.yaml"
C7I_LARGE_HOUR = 0.1008
HOURS_A_MONTH = 730
# Megabytes of one environment for each stage that an upload waits for.
KEPT_WARM = {"hash": 1024, "notify": 512, "waveform": 1769}


def jobs(args: argparse.Namespace) -> tuple[Job, ...]:
    """Return the jobs with the measured times and the share of cold starts."""
    cold = args.cold_share * args.cold_s
    asked = Stage(512, args.webhook_s + cold)
    hashed = Stage(1024, args.hash_s + cold)
    drawn = Stage(1769, args.waveform_s + cold, tmp_mb=2048)
    deleted = Stage(1024, args.hash_s + cold)
    mixed = Stage(1769, args.mix_s + cold, tmp_mb=10_240)
    compared = Stage(1769, args.compare_s + cold, tmp_mb=10_240)
    return (
        Job("upload, new", 6, (hashed, asked, drawn, asked), puts=1, gets=4),
        Job("upload, duplicate", 6, (hashed, asked, deleted, asked), puts=1, gets=6),
        Job("mix", 3, (mixed, asked), puts=2, gets=4),
        Job("comparison", 3, (compared, asked), puts=1, gets=5),
        backfill_job(hashed=hashed, drawn=drawn, told=asked),
    )


def within(least: float, most: float) -> Callable[[str], float]:
    """Return a reader of numbers within bounds; NaN lies within none."""

    def number(text: str) -> float:
        if not least <= float(text) <= most:
            detail = f"{text} is not from {least:g} to {most:g}"
            raise argparse.ArgumentTypeError(detail)
        return float(text)

    return number


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments; the module explains the defaults."""
    made = argparse.ArgumentParser(description=__doc__)
    seconds = within(0, 86_400)
    made.add_argument("--architecture", choices=sorted(GB_SECOND), default="x86_64")
    for name, default in TIMES.items():
        made.add_argument(f"--{name}-s", type=seconds, default=default)
    made.add_argument("--cold-share", type=within(0, 1), default=COLD_SHARE)
    made.add_argument("--ec2-busy-s", type=within(0.001, 86_400), default=0.17)
    return made


def alarm_metrics() -> tuple[int, int]:
    """Count the template's alarms, and the metrics that they watch."""
    watched = [
        len([row for row in own.get("Metrics", [{}]) if "Expression" not in row])
        for own in (
            each["Properties"]
            for each in read_document(TEMPLATE)["Resources"].values()
            if each["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in each
        )
    ]
    return len(watched), sum(watched)


def per_thousand(args: argparse.Namespace) -> list[str]:
    """Return the table of jobs, and the c7i.large beside it."""
    rows = [
        (
            f"List prices of ap-northeast-2, {PRICES_AS_OF}, {args.architecture}, "
            "in USD per 1,000 jobs."
        ),
        "",
        "| job | transitions | compute | other | all |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    every = jobs(args)
    for job in every:
        parts = (
            job.states * TRANSITION,
            job.compute(args.architecture),
            job.other(),
            job.price(args.architecture),
        )
        figures = " | ".join(f"{part * 1000:.3f}" for part in parts)
        rows.append(f"| {job.name} | {figures} |")
    month = C7I_LARGE_HOUR * HOURS_A_MONTH
    even = month / every[0].price(args.architecture)
    capacity = 2 * 3600 * HOURS_A_MONTH / args.ec2_busy_s
    return [
        *rows,
        "",
        f"A c7i.large costs {month:.0f} USD a month, busy or idle.",
        f"For that, {even:,.0f} new uploads a month run here.",
        (
            f"With the same code its two CPUs could do {capacity:,.0f} a month, at "
            f"{month / capacity * 1000:.3f} USD per 1,000 if it never idled."
        ),
        f"Above {even:,.0f} uploads a month the instance is cheaper,",
        "below it and for bursts the functions are.",
    ]


def outputs(args: argparse.Namespace) -> list[str]:
    """Return what the options of one message add to the price of its upload."""
    upload = jobs(args)[0].price(args.architecture)
    rows = (
        ("three zoom levels", args.zoom_s, 3 * PUT),
        ("`audio_id`", args.identity_s, 0.0),
        ("Opus preview", args.opus_s, PUT + GET),
        ("MP3 preview", args.mp3_s, PUT + GET),
    )
    told = [
        "| output of four minutes of stereo | USD per 1,000 | of a new upload |",
        "| --- | ---: | ---: |",
    ]
    for name, seconds, requests in rows:
        compute = 1769 / 1024 * seconds * GB_SECOND[args.architecture]
        price = compute + requests
        told.append(f"| {name} | {price * 1000:.3f} | {price / upload:.0%} |")
    return told


def default_of(parameter: str) -> int:
    """Return the default of a numeric parameter of the template."""
    return int(read_document(TEMPLATE)["Parameters"][parameter]["Default"])


def api_second(args: argparse.Namespace) -> float:
    """Return the price of one second of the HTTP API, in USD."""
    return default_of("ApiMemoryMb") / 1024 * GB_SECOND[args.architecture]


def reading(args: argparse.Namespace) -> list[str]:
    """Return what it costs to read jobs over the HTTP API."""
    second = api_second(args)
    rows = (
        ("a result", args.result_s * second + INVOCATION),
        (f"a stream that its client left, at most {LIFE_S:.0f} s", LIFE_S * second),
        ("the mark of a job that was started", PUT),
    )
    return [
        f"| HTTP API of {default_of('ApiMemoryMb')} MB | USD per 1,000 |",
        "| --- | ---: |",
        *(f"| {name} | {price * 1000:.3f} |" for name, price in rows),
    ]


def fixed() -> list[str]:
    """Return what a stack costs a month without a single job."""
    alarms, metrics = alarm_metrics()
    parts = {
        f"{alarms} alarms on {metrics} metrics": metrics * ALARM_METRIC,
        f"{CUSTOM_METRICS} custom metrics": CUSTOM_METRICS * CUSTOM_METRIC,
        "the secret": SECRET,
        "the pipe's empty polls": POLLS_A_MONTH * SQS_REQUEST,
    }
    rows = [f"| {name} | {price:.2f} |" for name, price in parts.items()]
    return [
        "| fixed | USD a month |",
        "| --- | ---: |",
        *rows,
        f"| all | {sum(parts.values()):.2f} |",
    ]


def provisioned(args: argparse.Namespace) -> list[str]:
    """Return what it costs a month to keep stages warm, before any invocation."""
    price = PROVISIONED_GB_SECOND[args.architecture] * 3600 * HOURS_A_MONTH / 1024
    rows = [f"| {stage} | {mb * price:.2f} |" for stage, mb in KEPT_WARM.items()]
    return [
        "| provisioned concurrency of 1 | USD a month |",
        "| --- | ---: |",
        *rows,
        f"| all | {sum(KEPT_WARM.values()) * price:.2f} |",
    ]


def streams(args: argparse.Namespace) -> list[str]:
    """Return what open event streams of the HTTP API cost, up to its concurrency."""
    most, hour = default_of("ApiReservedConcurrency"), 3600 * api_second(args)
    all_ = most * hour
    return [
        "| event streams of the HTTP API, always open | USD an hour | USD a month |",
        "| --- | ---: | ---: |",
        f"| 1 | {hour:.2f} | {hour * HOURS_A_MONTH:.2f} |",
        f"| {most}, the most by default | {all_:.2f} | {all_ * HOURS_A_MONTH:,.2f} |",
    ]


def report(args: argparse.Namespace) -> str:
    """Return the whole report as Markdown."""
    parts = (
        *(per_thousand(args), outputs(args), reading(args)),
        *(fixed(), provisioned(args), streams(args)),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def main() -> None:
    """Print the tables of jobs, of the c7i.large, and of fixed costs."""
    sys.stdout.write(report(parser().parse_args()))


if __name__ == "__main__":
    main()
