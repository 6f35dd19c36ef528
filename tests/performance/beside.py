"""Send uploads beside a back-fill, and tell how long each waits for its execution.

Run by `.venv/bin/python tests/performance/beside.py [UPLOADS] [STEMS]`. The same stems
are then sent as messages through the queue, which is what a back-fill avoids.
"""

import io
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile
from waveflow_local.engine.handlers import functions_log
from waveflow_local.engine.pipeline import Pipeline, Settings
from waveflow_local.ops.backfill.job import Backfill
from waveflow_local.ops.backfill.run import Limits
from waveflow_local.ops.stack import local_stack
from waveflow_local.standin.server import StandIn

NUMBERS = [int(word) for word in sys.argv[1:]]
UPLOADS, STEMS = NUMBERS or (20, 100)
EVERY_S = 0.5
AT_ONCE = 2
RATE = 8_000
TIME = "2026-01-01T00:00:00Z"


class Trial:
    """Pipeline whose messages' starts are timed; `begun` has each, by message."""

    def __init__(
        self, pipeline: Pipeline, standin: StandIn, begun: dict[str, float]
    ) -> None:
        self.pipeline, self.standin, self.begun = pipeline, standin, begun

    def put(self, stem: str, seed: int) -> dict[str, str]:
        """Store a stem of one second, and return the fields of its message."""
        sound = np.random.default_rng(seed).standard_normal(RATE) * 0.1
        file, key = io.BytesIO(), f"audio/{stem}.wav"
        soundfile.write(file, sound, RATE, format="WAV")
        self.pipeline.clients.s3.put_object(
            Bucket=self.pipeline.deployment.bucket, Key=key, Body=file.getvalue()
        )
        names = {"userId": "u", "trackId": "t", "stemId": stem, "filepath": key}
        return {**names, "timestamp": TIME, "original_filename": "a.wav"}

    def uploads(self, phase: str) -> dict[str, float]:
        """Send uploads at a steady pace, and return the medians of their waits."""
        sent: dict[str, tuple[str, float]] = {}
        for number in range(UPLOADS):
            stem = f"{phase}-{number}"
            fields = self.put(stem, hash(stem) % 2**32)
            began = time.monotonic()
            message = self.pipeline.send(json.dumps(fields))
            sent[message] = stem, began
            time.sleep(EVERY_S)
        waits = []
        for message, (stem, began) in sent.items():
            while not self.standin.archive.about(stem, "completion"):
                time.sleep(0.02)
            waits.append(self.begun[message] - began)
        return {
            "wait_in_queue_s": round(statistics.median(waits), 3),
            "longest_wait_s": round(max(waits), 3),
        }


def main() -> int:
    """Run the three phases, and print their figures."""
    out = sys.__stdout__
    with (
        tempfile.TemporaryDirectory() as name,
        functions_log(Path(name, "log")),
        StandIn() as standin,
    ):
        figures = trial_of(standin, Path(name))
    assert out is not None
    out.write(json.dumps(figures, indent=2) + "\n")
    return 0


def trial_of(standin: StandIn, folder: Path) -> dict[str, dict[str, float]]:
    """Return the figures of uploads alone, beside a back-fill, and behind messages."""
    begun: dict[str, float] = {}

    def on_start(message_id: str, _arn: str) -> None:
        begun[message_id] = time.monotonic()

    with Pipeline(Settings(webhook_url=standin.url), on_start) as pipeline:
        pipeline.warm()
        standin.answers.clients = pipeline.clients
        standin.answers.queue_url = pipeline.deployment.queue_url
        trial = Trial(pipeline, standin, begun)
        trial.uploads("warm")
        alone = trial.uploads("alone")
        lines = [trial.put(f"old-{n}", n) for n in range(STEMS)]
        manifest = folder / "stems.jsonl"
        manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        job = Backfill(
            local_stack(pipeline.endpoint), str(manifest), {}, stack_name="local"
        )
        limits = Limits(at_once=AT_ONCE, tolerate=5)
        filling = threading.Thread(target=job.run, args=(limits, folder / "journal"))
        filling.start()
        beside = trial.uploads("beside")
        filling.join()
        for number in range(STEMS):
            fields = {
                **trial.put(f"queued-{number}", number + STEMS),
                "audio_hash": None,
            }
            task = {"task": "process_audio_analysis", "kwargs": fields, "args": []}
            pipeline.send(json.dumps(task))
        behind = trial.uploads("behind")
    return {"alone": alone, "beside a back-fill": beside, "behind messages": behind}


if __name__ == "__main__":
    sys.exit(main())
