"""Run stages as the state machine would, in images or processes, and time each."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
STAGES = ("hash", "notify", "waveform", "dedupe_delete", "mix")
STEMS = 4
MEMORY_BYTES = 4 << 30
LOG = ROOT / "out" / "parity.log"
START_MS = 1_767_225_600_000  # 2026-01-01
Figures = dict[str, float]


class Worker:
    """Stage in a process or container, within the limits of the seed's worker."""

    def __init__(self, stage: str, *, images: bool) -> None:
        self._stage = stage
        with LOG.open("a") as log:
            self._process = subprocess.Popen(
                _in_image(stage) if images else _in_process(stage),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
            )

    def __enter__(self) -> Self:
        """Return the running worker."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close the worker's input, and wait for the worker's end."""
        self._process.communicate()

    def run(self, event: dict[str, Any]) -> dict[str, Any]:
        """Run one event; the first event pays for imports too."""
        assert self._process.stdin  # noqa: S101 - pipes were asked for
        assert self._process.stdout  # noqa: S101 - pipes were asked for
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"The stage {self._stage} failed; {LOG} tells why.")
        figures: dict[str, Any] = json.loads(line)
        return figures


def _in_image(stage: str) -> list[str]:
    compose = ["docker", "compose", "--profile", "ec2-parity"]
    return [*compose, "run", "--rm", "--no-TTY", "--quiet-pull", stage]


def _in_process(stage: str) -> list[str]:
    limits = ["taskset", "-c", "0,1", "prlimit", f"--as={MEMORY_BYTES}"]
    worker, app = "scripts/parity_worker.py", f"functions/{stage}/app.py"
    return [*limits, sys.executable, worker, app]


@dataclass
class Machine:
    """The state machine's steps for jobs of one file, by workers of every stage."""

    name: str  # of the stems, which no two machines share
    bucket: str
    s3: Any
    workers: dict[str, Worker]
    jobs: int = 0

    def job(self) -> Figures:
        """Upload, hash, ask, draw and tell; then delete a duplicate, and mix stems."""
        self.jobs += 1
        figures: Figures = {"memory_mb": 0.0}
        key = self._copy(f"{self.name}-{self.jobs}-a")
        pinned = self._hash(key, figures)
        token = {"task_token": "none", "execution_arn": "none", "verdict": None}
        self._step("notify", {"event": "hash-check", **pinned, **token}, figures)
        drawing = {**pinned, "num_peaks": None, "dedupe": None}
        outcome = self._step("waveform", drawing, figures)
        told = {"event": "outcome", "job": pinned["job"], "outcome": outcome}
        self._step("notify", told, figures)
        figures["total"] = sum(figures[name] for name in STAGES[:3])
        self._duplicate(key, figures)
        self._step("mix", self._record(self._mix()), figures)
        return figures

    def _hash(self, key: str, figures: Figures) -> dict[str, Any]:
        stem = Path(key).stem
        told = {"task": "generate_hash_and_webhook", "userId": "u1", "trackId": "t1"}
        named = {"stemId": stem, "filepath": key, "original_filename": "a.wav"}
        hashed = self._step("hash", self._record({**told, **named}), figures)
        return {name: hashed[name] for name in ("job", "source")}

    def _duplicate(self, key: str, figures: Figures) -> None:
        """Delete an upload with the bytes of an older one; its hash is not counted."""
        pinned = self._hash(self._copy(f"{self.name}-{self.jobs}-b"), {"memory_mb": 0})
        survivor = {"stemId": Path(key).stem, "filepath": key}
        self._step("dedupe_delete", {**pinned, "duplicate_of": survivor}, figures)

    def _mix(self) -> dict[str, Any]:
        stems = [self._copy(f"{self.name}-stem-{number}") for number in range(STEMS)]
        names = {"stageId": f"{self.name}-{self.jobs}", "upstreamId": "up"}
        return {"task": "mix_stems_and_upload", **names, "stem_paths": stems}

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        at = START_MS + self.jobs
        stamp = datetime.fromtimestamp(at / 1000, UTC).isoformat()
        body = {**message, "timestamp": stamp}
        record = {"messageId": "m1", "sentTimestamp": str(at), "body": body}
        return {"record": record, "start": "2026-01-01T00:00:00Z", "name": "parity"}

    def _copy(self, name: str) -> str:
        key = f"audio/{name}.wav"
        source = f"{self.bucket}/audio/{self.name}.wav"
        self.s3.copy_object(Bucket=self.bucket, Key=key, CopySource=source)
        return key

    def _step(self, stage: str, event: dict[str, Any], figures: Figures) -> Any:
        done = self.workers[stage].run(event)
        figures[stage] = figures.get(stage, 0.0) + done["seconds"]
        figures["memory_mb"] = max(figures["memory_mb"], done["memory_mb"])
        return done["result"]


@contextlib.contextmanager
def machine(name: str, s3: Any, *, bucket: str, images: bool) -> Iterator[Machine]:
    """Start a worker of every stage for jobs of the object `audio/NAME.wav`."""
    with contextlib.ExitStack() as stack:
        workers = {
            stage: stack.enter_context(Worker(stage, images=images)) for stage in STAGES
        }
        yield Machine(name, bucket, s3, workers)


def at_once(machines: list[Machine], jobs: int) -> list[Figures]:
    """Run jobs on every machine at the same time, as the seed's two workers did."""

    def several(one: Machine) -> list[Figures]:
        return [one.job() for _ in range(jobs)]

    with ThreadPoolExecutor(len(machines)) as pool:
        return [each for done in pool.map(several, machines) for each in done]
