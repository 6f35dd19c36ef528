"""Races of hashing from S3, and of a stage's start until its first byte."""

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from contest import PYTHON, python, race, run, say, warm
from inputs import Course
from programs import BARE, S3, STAGE
from rows import Cost, Goal, cell, median, memory, ratio, table, times_faster

BUCKET, KEY = "bucket", "audio/a.wav"
RECEIVE_BYTES, SEED_BYTES = 1 << 20, 8192
# Goal and limit of CPU, the stage's start : a bare boto3 client's.
START_GOALS = {"hash": (1.0, 0.8), "waveform": (1.2, 0.8), "mix": (1.2, 0.8)}


@contextlib.contextmanager
def served(path: Path) -> Iterator[Any]:
    """Serve one file by an S3 on loopback, in a separate process."""
    server = subprocess.Popen(
        [PYTHON, "-c", S3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(server.stdout.readline())}",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BUCKET_NAME": BUCKET,
        "ALLOWED_PREFIXES": "audio/",
    }
    client = boto3.client("s3")
    client.create_bucket(
        Bucket=BUCKET,
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"},
    )
    client.put_object(Bucket=BUCKET, Key=KEY, Body=path.read_bytes())
    try:
        yield client
    finally:
        server.stdin.close()
        server.wait()


def hashed(course: Course) -> str:
    """Compare the stage's hash with receiving and hashing apart, and seed 001's way."""
    path = course.file(course.seconds)
    data = path.read_bytes()
    say(f"hash of {path.name} from S3")
    with served(path) as client:

        def body() -> Any:
            return client.get_object(Bucket=BUCKET, Key=KEY)["Body"]

        def receive() -> None:
            stream = body()
            while stream.read(RECEIVE_BYTES):
                pass

        def seed() -> None:
            digest, stream = hashlib.sha256(), body()
            while block := stream.read(SEED_BYTES):
                digest.update(block)

        costs = race(
            {
                "receive": lambda: warm(receive),
                "memory": lambda: warm(lambda: hashlib.sha256(data).digest()),
                "ours": lambda: warm(_stage()),
                "blocks": lambda: warm(seed),
            },
            2 * course.rounds - 1,
        )
    apart = median(costs["receive"].cpu) + median(costs["memory"].cpu)
    costs["apart"] = Cost(cpu=[apart], wall=[apart])
    row = [
        f"{len(data) >> 20} MiB",
        cell(costs, "receive", "cpu", 3),
        cell(costs, "memory", "cpu", 3),
        cell(costs, "ours", "cpu", 3),
        ratio(costs, "ours", "apart", "cpu", goal=course.goal(1.15)),
        cell(costs, "blocks", "cpu", 3),
        times_faster(costs, "ours", "blocks"),
    ]
    head = ["object", "receive alone, CPU s", "SHA-256 in memory, CPU s"]
    head += ["hash stage, CPU s", "ratio to the sum", "8 KiB reads, CPU s"]
    return table("Hash from S3, warm", [*head, "ours is faster"], [row])


def _stage() -> Any:
    from waveflow.bootstrap import Services
    from waveflow.ports import StoredObject
    from waveflow.stages.hash import sha256_of

    objects = Services(os.environ).objects
    stored = objects.find(KEY)
    if stored is None:
        raise RuntimeError("The local S3 has lost its object.")
    # S3 may know the hash already; this race measures an object without a checksum.
    bare = StoredObject(key=KEY, etag=stored.etag, size=stored.size, last_modified="")
    return lambda: sha256_of(bare, objects=objects)


def started(course: Course) -> str:
    """Compare each stage's start, until its first byte, with a bare boto3 client's."""
    contestants: dict[str, Any] = {"bare": lambda: run(python(BARE))}
    for stage in START_GOALS:
        contestants[stage] = lambda stage=stage: run(python(STAGE, stage))
    say("start of a process to the first byte")
    with served(course.file(5)):
        costs = race(contestants, 4 * course.rounds - 1)
    rows = [
        [
            name,
            cell(costs, name, "cpu"),
            cell(costs, name, "wall"),
            ratio(costs, name, "bare", "cpu", goal=_start_goal(course, name)),
            memory(costs, name),
        ]
        for name in costs
    ]
    head = ["process", "CPU s", "wall s", "CPU, to bare boto3", "MB"]
    return table("Start of a process, to the first byte of an object", head, rows)


def _start_goal(course: Course, name: str) -> Goal | None:
    return course.goal(*START_GOALS[name]) if name in START_GOALS else None
