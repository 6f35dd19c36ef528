"""Send 200 uploads through the local engine, and tell where its time goes.

Run by `.venv/bin/python tests/performance/executions.py [UPLOADS] [--profile]`. It runs
what `waveflow up` runs, looks at the executions as `up` does, and prints executions for
each second and CPU seconds for each execution; `--profile` adds each package's share
of the CPU by cProfile in every thread, which makes the other figures much worse.
"""

import cProfile
import io
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile
from waveflow_local.console.up import ExecutionLog
from waveflow_local.engine.handlers import functions_log
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.standin.server import StandIn

UPLOADS = int(next((word for word in sys.argv[1:] if word.isdigit()), "200"))
PROFILED = "--profile" in sys.argv
LOOK_EVERY_S = 0.2
ENDS_WITHIN_S = 600
RATE = 8_000
MOST = 12


def main() -> int:
    """Send the uploads, wait for their completions, and print the figures."""
    with tempfile.TemporaryDirectory() as name, functions_log(Path(name, "log")):
        folder = Path(name)
        out, log = sys.__stdout__, ExecutionLog(io.StringIO())
        with StandIn(data=folder) as standin:
            settings = Settings(webhook_url=standin.url)
            with Pipeline(settings, log.started) as pipeline:
                pipeline.warm()
                standin.answers.clients = pipeline.clients
                standin.answers.queue_url = pipeline.deployment.queue_url
                upload(pipeline, -1)
                until(standin, 1, look=lambda: log.look(pipeline))
                figures = measure(pipeline, standin, log)
    out.write(json.dumps(figures, indent=2) + "\n")
    return 0


def measure(pipeline: Pipeline, standin: StandIn, log: ExecutionLog) -> dict:
    """Return the engine's figures over all uploads."""
    profiles = profile_threads() if PROFILED else []
    wall, cpu = time.monotonic(), time.process_time()
    for number in range(UPLOADS):
        upload(pipeline, number)
    until(standin, UPLOADS + 1, look=lambda: log.look(pipeline))
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    figures = {
        "uploads": UPLOADS,
        "executions_per_s": round(UPLOADS / wall, 2),
        "cpu_s_per_execution": round(cpu / UPLOADS, 3),
    }
    return {**figures, "share": shares(profiles)} if PROFILED else figures


def upload(pipeline: Pipeline, number: int) -> None:
    """Put a sound of its own into the bucket, and send the message for its hash."""
    sound = np.random.default_rng(number + 1).standard_normal(RATE) * 0.1
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format="WAV")
    key, stem = f"audio/{number}.wav", f"stem-{number}"
    pipeline.clients.s3.put_object(
        Bucket=pipeline.deployment.bucket, Key=key, Body=file.getvalue()
    )
    names = {"userId": "u1", "trackId": "t1", "stemId": stem, "filepath": key}
    stamp = {"timestamp": "2026-01-01T00:00:00Z", "original_filename": "a.wav"}
    pipeline.send(json.dumps({"task": "generate_hash_and_webhook", **names, **stamp}))


def until(standin: StandIn, count: int, *, look) -> None:
    """Look at the executions, as `up` does, until so many completions have come."""
    ends = time.monotonic() + ENDS_WITHIN_S
    while sum(each.event == "completion" for each in standin.archive.all()) < count:
        if time.monotonic() > ends:
            sys.exit("Not every upload was completed.")
        time.sleep(LOOK_EVERY_S)
        look()


def profile_threads() -> list[cProfile.Profile]:
    """Profile every thread that starts from now on, by the thread's own CPU time."""
    profiles: list[cProfile.Profile] = []

    def start(_frame: object, _event: str, _argument: object) -> None:
        sys.setprofile(None)
        profiles.append(cProfile.Profile(time.thread_time))
        profiles[-1].enable()

    threading.setprofile(start)
    return profiles


def shares(profiles: list[cProfile.Profile]) -> dict[str, str]:
    """Return the share of CPU time that each package's own functions take."""
    spent = Counter()
    for profile in profiles:
        profile.create_stats()
        for (filename, _, _), figures in profile.stats.items():
            spent[package(filename)] += figures[2]
    total = sum(spent.values())
    return {name: f"{each / total:.0%}" for name, each in spent.most_common(MOST)}


def package(filename: str) -> str:
    """Return the library that a source file belongs to."""
    parts = Path(filename).parts if filename != "~" else ()
    for mark in ("site-packages", "src"):
        if mark in parts:
            return parts[parts.index(mark) + 1]
    return "Python's own" if parts else "built in"


if __name__ == "__main__":
    sys.exit(main())
