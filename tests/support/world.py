"""A running pipeline with its stand-in server, driven as the platform drives it."""

import io
import itertools
import json
import wave
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from waveflow_local.engine.history import ExecutionSeen, see
from waveflow_local.engine.pipeline import Pipeline
from waveflow_local.standin.behaviours import Rule
from waveflow_local.standin.server import StandIn

from support.processes import eventually

UPLOAD_STATES = ["Route", "Hash", "Ask", "Verdict", "Waveform", "Tell"]
_numbers = itertools.count(1)


def wav(seconds: float = 0.2, *, seed: int = 0, sample_rate: int = 8000) -> bytes:
    """Return a mono 16-bit WAV whose bytes are new with every seed."""
    count = int(seconds * sample_rate)
    noise = np.random.default_rng(seed).integers(-9000, 9000, count, dtype=np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes(noise.tobytes())
    return file.getvalue()


@dataclass
class World:
    """Pipeline with its stand-in server; `started` finds executions by message."""

    pipeline: Pipeline
    standin: StandIn
    started: dict[str, list[str]] = field(default_factory=dict)

    def new_stem(self, **fields: Any) -> dict[str, Any]:
        """Return a valid upload message about a stem that no test has used."""
        number = next(_numbers)
        return {
            "userId": f"user{number}",
            "trackId": "track1",
            "stemId": f"stem{number:04}",
            "filepath": f"audio/stem{number:04}.wav",
            "timestamp": "2024-01-01T10:00:00Z",
            "original_filename": "노래.wav",
            **fields,
        }

    def put(self, key: str, body: bytes) -> None:
        """Upload a file as a musician's browser does."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def run(self, message: Any) -> ExecutionSeen:
        """Send one message, and return its execution once it has ended."""
        body = message if isinstance(message, str) else json.dumps(message)
        message_id = self.pipeline.send(body)
        arns = eventually(lambda: self.started.get(message_id))

        def ended() -> ExecutionSeen | None:
            seen = see(self.pipeline.clients.sfn, arns[0])
            return None if seen.running else seen

        return eventually(ended)

    def upload(self, body: bytes | None = None, **fields: Any) -> tuple[Any, Any]:
        """Upload a new stem, run its message, and return message and execution."""
        message = self.new_stem(**fields)
        self.put(message["filepath"], wav() if body is None else body)
        return message, self.run(message)

    def behave(self, behaviour: Any, subject: str, **rule: Any) -> None:
        """Make the server behave in one way about one stem."""
        self.standin.script.add(Rule(behaviour, subject=subject, **rule))

    def told(self, subject: str, event: str) -> list[dict[str, Any]]:
        """Return the webhooks that the server got about a stem or stage."""
        return [
            received.body for received in self.standin.archive.about(subject, event)
        ]

    def keys(self, part: str) -> list[str]:
        """Return the keys of live objects that contain `part`."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [entry["Key"] for entry in listed if part in entry["Key"]]

    def read(self, key: str) -> bytes:
        """Return the bytes of an object."""
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def versions(self, key: str) -> list[tuple[str, str]]:
        """Return every version and delete marker of a key, as (kind, id)."""
        listed = self.s3.list_object_versions(Bucket=self.bucket, Prefix=key)
        return [
            (kind, entry["VersionId"])
            for kind in ("Versions", "DeleteMarkers")
            for entry in listed.get(kind, [])
            if entry["Key"] == key
        ]

    @property
    def s3(self) -> Any:
        """Return the S3 client."""
        return self.pipeline.clients.s3

    @property
    def bucket(self) -> str:
        """Return the bucket's name."""
        return self.pipeline.deployment.bucket


def names(seen: ExecutionSeen) -> list[str]:
    """Return the states that an execution entered."""
    return [state.name for state in seen.states]


def ended(world, subject, event="completion"):
    """Return the only end that the server was told about a subject."""
    [told] = world.told(subject, event)
    return told
