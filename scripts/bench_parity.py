"""Measure the seed's table of times again, within its worker's 2 CPUs and 4 GB.

Where the stage images and a container engine are, they are measured by compose's
profile `ec2-parity`; elsewhere the handlers run in a process bound to two CPUs with
four gigabytes of address space. The table is printed; with `--write` it also goes to
docs/benchmarks.md, but figures of processes never replace figures of the images there.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import wave
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from parity_stages import Figures
    from waveflow_local.engine.pipeline import Pipeline

Runs = dict[str, list["Figures"]]
ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- parity: make bench-parity -->", "<!-- /parity -->"
ENVIRONMENT = ROOT / "out" / "parity.env"
SECONDS = (5, 10, 30, 300)
RATE = 44_100
MINUTE_S = 60
TIMES = ("hash", "notify", "waveform", "total", "dedupe_delete", "mix")
HEAD = [*(f"{name}, s" for name in TIMES), "memory, MB"]
WARM_RUNS = 5
IN_IMAGES = "in the stage images, 2 CPUs and 4 GB each (compose profile ec2-parity)"
IN_PROCESSES = "without a container engine, in processes bound to 2 CPUs and 4 GB"
# Seconds for hash, waveform and both, and megabytes: seed 001, section 9.
SEED = {
    5: (0.8, 4.2, 6.55, 250),
    10: (1.6, 7.5, 11.98, None),
    30: (4.8, 22.1, 34.35, 450),
}
PASSED = (
    *("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED", "NO_PROXY", "no_proxy"),
    *("WAVEFLOW_LOCAL", "BUCKET_NAME", "ALLOWED_PREFIXES", "MAX_FILE_SIZE_MB"),
    *("DEDUPE_MODE", "VERDICT_MODE", "WEBHOOK_URL", "WEBHOOK_SECRET_ARN"),
    *("WEBHOOK_ALLOWED_CIDRS", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"),
)


def measure(seconds: int, pipeline: "Pipeline", *, images: bool) -> Runs:
    """Measure jobs of one file: cold, warm, and warm beside a second worker."""
    from parity_stages import at_once, machine

    bucket, s3 = pipeline.deployment.bucket, pipeline.clients.s3
    names = [f"parity-{seconds}-{letter}" for letter in "ab"]
    for number, name in enumerate(names):
        s3.put_object(
            Bucket=bucket, Key=f"audio/{name}.wav", Body=_music(seconds, seed=number)
        )
    with (
        machine(names[0], s3, bucket=bucket, images=images) as first,
        machine(names[1], s3, bucket=bucket, images=images) as second,
    ):
        cold = first.job()
        warm = [first.job() for _ in range(WARM_RUNS)]
        second.job()
        return {
            "cold": [cold],
            "warm": warm,
            "two": at_once([first, second], WARM_RUNS),
        }


def _music(seconds: int, *, seed: int) -> bytes:
    """Return stereo WAV of noise that swells and fades."""
    frames = seconds * RATE
    swell = 0.5 + 0.5 * np.sin(np.arange(frames) / RATE)[:, None]
    noise = np.random.default_rng(seed).standard_normal((frames, 2)) * 5_000 * swell
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.clip(noise, -32_768, 32_767).astype("<i2").tobytes())
    return out.getvalue()


@contextlib.contextmanager
def running() -> Iterator["Pipeline"]:
    """Start the engine for the workers, and give the workers its addresses."""
    from waveflow_local.engine.pipeline import Pipeline, Settings
    from waveflow_local.standin.behaviours import Rule
    from waveflow_local.standin.server import StandIn

    with StandIn() as standin, Pipeline(Settings(webhook_url=standin.url)) as pipeline:
        standin.script.add(Rule("silence"))  # no verdict: no machine waits here
        ENVIRONMENT.parent.mkdir(exist_ok=True)
        lines = [f"{name}={os.environ.get(name, '')}\n" for name in PASSED]
        ENVIRONMENT.write_text("".join(lines), "utf-8")
        yield pipeline


def table(measured: dict[int, Runs], where: str) -> str:
    """Return the table of our figures beside the seed's."""
    load = os.getloadavg()[0]
    rows = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} by `make bench-parity` on {_cpu()},",
        f"{os.cpu_count()} CPUs, shared (load average {load:.1f}), {where}.",
        "The seed's figures are those of its section 9, for a c7i.large.",
        f"Cold is the first run of new processes; warm the median of {WARM_RUNS}.",
        "Two is each of two jobs at the same time on the same CPUs, as the seed's two",
        "workers ran them. Cold includes every import, read from the disk with images.",
        "Files are stereo 16-bit WAV; S3 and the server are on the same machine.",
        "notify is question and completion; total is hash, notify and waveform,",
        "without Step Functions. mix is four stems; memory is the largest stage's.",
        "",
        f"| audio | run | {' | '.join(HEAD)} |",
        f"| --- | --- |{' ---: |' * len(HEAD)}",
    ]
    for seconds, runs in measured.items():
        name = f"{seconds} s" if seconds % MINUTE_S else f"{seconds // MINUTE_S} min"
        if seconds in SEED:
            hashed, drawn, total, memory = SEED[seconds]
            cells = [hashed, "", drawn, total, "", "", memory or ""]
            rows.append(f"| {name} | seed | {' | '.join(map(str, cells))} |")
        for run, jobs in runs.items():
            median = {k: statistics.median(job[k] for job in jobs) for k in jobs[0]}
            rows.append(f"| {name} | {run} | {_figures(median)} |")
    return "\n".join(rows)


def _figures(run: dict[str, float]) -> str:
    times = " | ".join(f"{run[key]:.3f}" for key in TIMES)
    return f"{times} | {run['memory_mb']:.0f}"


def _cpu() -> str:
    text = Path("/proc/cpuinfo").read_text("utf-8")
    names = {
        line.partition(":")[2].strip()
        for line in text.splitlines()
        if "model name" in line
    }
    return ", ".join(sorted(names)) or "an unnamed CPU"


def have_images() -> bool:
    """Tell whether the images can be run."""
    if shutil.which("docker") is None:
        return False
    from parity_stages import STAGES

    images = [f"{stage.replace('_', '')}function:{stage}" for stage in STAGES]
    command = ["docker", "image", "inspect", *images]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def refusal(page: str, *, images: bool) -> str | None:
    """Return why the page keeps the present table, or None."""
    if IN_IMAGES in page and not images:
        return f"{PAGE.name} holds figures of the images, which cannot be run here."
    return None


def with_table(page: str, text: str) -> str:
    """Return the page with its table replaced, or with a first table."""
    if BEGIN not in page:
        page += f"\n## The seed's table again\n\n{BEGIN}\n{END}\n"
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument(
        "--write", action="store_true", help="put the table into docs/benchmarks.md"
    )
    return made


def main() -> None:
    """Measure and print the table; with `--write` put the table into the page."""
    asked, images = parser().parse_args(), have_images()
    page = PAGE.read_text("utf-8") if PAGE.exists() else "# Benchmarks\n"
    refused = refusal(page, images=images) if asked.write else None
    with running() as pipeline:
        measured = {s: measure(s, pipeline, images=images) for s in SECONDS}
    text = table(measured, IN_IMAGES if images else IN_PROCESSES)
    sys.stdout.write(text + "\n")
    if refused:
        sys.exit(f"Not written: {refused}")
    if asked.write:
        PAGE.write_text(with_table(page, text), "utf-8")


if __name__ == "__main__":
    main()
