"""Options of simulated messages, and the outputs that each job may then write."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import msgspec
from waveflow.audio.preview.encoder import Preview
from waveflow.audio.stream import Block
from waveflow.events.messages import Job
from waveflow.ports import Policy
from waveflow.stages import _optional

from support.simulation.bucket import Bucket

LEVELS = ([], [64], [64, 128], [64, 256, 512])
PREVIEWS = ([], ["opus"], ["mp3"], ["mp3", "opus"])
CODES = {
    "zoom_levels": "ZOOM_FAILED",
    "audio_id": "AUDIO_ID_UNKNOWN",
    "previews": "PREVIEW_FAILED",
}


def options(random: Random) -> dict[str, Any]:
    """Return options of a message; half of the messages have none."""
    if random.random() < 0.5:
        return {}
    asked: dict[str, Any] = {}
    if random.random() < 0.5:
        asked["waveform"] = {"zoom_levels": random.choice(LEVELS)}
    if random.random() < 0.5:
        asked["previews"] = random.choice(PREVIEWS)
    if random.random() < 0.5:
        asked["audio_id"] = random.random() < 0.8
    return asked


class Asked:
    """Outputs that a job asks for, read from the message without the stages' help."""

    def __init__(self, job: Job, policy: Policy) -> None:
        message: dict[str, Any] = msgspec.to_builtins(job.message)
        asked = message.get("waveform", {}).get("zoom_levels")
        by_default = policy.zoom_levels if "stemId" in message else ()
        self.levels = list(by_default if asked is None else asked)
        self.previews = set(message.get("previews", []))
        self.audio_id = message.get("audio_id", policy.audio_id)
        self._name = message.get("stemId") or f"mixed/{message['stageId']}"
        self._ts = job.ts

    def outputs(self) -> set[str]:
        """Return every key that the job may write for an option."""
        zoom = f"waveforms/{self._name}_zoom_{self._ts}"
        return {f"{zoom}/{level}.dat" for level in self.levels} | {
            f"previews/{self._name}_{self._ts}.{form}" for form in self.previews
        }

    def faults(self, result: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with the places of a job's result."""
        yield from self._misplaced(result)
        drawn = result.get("zoom_levels") or []
        if drawn and [level["samples_per_pixel"] for level in drawn] != self.levels:
            yield "other zoom levels"
        codes = {CODES[name] for name in CODES if _is_missing(result.get(name, {}))}
        if codes != set(CODES.values()) & set(result["warnings"]):
            yield f"the codes of {sorted(codes)}"

    def _misplaced(self, result: Mapping[str, Any]) -> Iterator[str]:
        wanted = {"zoom_levels": self.levels, "audio_id": self.audio_id}
        wanted["previews"] = self.previews
        for name, asked in wanted.items():
            if bool(asked) != (name in result):
                yield f"the place of {name}"
        if self.previews and self.previews != set(result.get("previews", [])):
            yield "the places of previews"


def _is_missing(place: Any) -> bool:
    return place is None or (isinstance(place, dict) and None in place.values())


def files_of(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every file that a result names for an option."""
    yield from told.get("zoom_levels") or []
    yield from filter(None, (told.get("previews") or {}).values())


def untrue(
    told: Mapping[str, Any], bucket: Bucket, *, sources: Iterable[str]
) -> Iterator[str]:
    """Yield the paths in a result that name no object, or an object of other bytes."""
    for file in files_of(told):
        current = bucket.current(file["path"])
        if current is None or current.metadata["waveflow-source"] not in sources:
            yield file["path"]


class FastEncoder:
    """Preview encoder that writes other bytes in each run, as other processors do."""

    def __init__(
        self, path: Path, _kind: str, *, number: int, fails: Callable[[], bool]
    ) -> None:
        self._path, self._number, self._fails = path, number, fails
        self._seconds = 0.0

    @property
    def written_bytes(self) -> int:
        """Return the size of the file so far."""
        return self._path.stat().st_size if self._path.exists() else 0

    def add(self, block: Block) -> None:
        """Count the time of a block of samples."""
        self._seconds += len(block.samples) / block.sample_rate

    def finish(self) -> Preview:
        """Write the file, or fail."""
        self._path.write_bytes(b"x" * (1 + self._number % 50) + b"%d" % self._number)
        if self._fails():
            raise RuntimeError("The encoder gave up.")
        return Preview(self._path, self.written_bytes, self._seconds, frozenset())

    def abandon(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


@contextmanager
def encoding(number: int, fails: Callable[[], bool]) -> Iterator[None]:
    """Let the stages encode previews with the fast encoder of one processor."""

    def encoder(path: Path, kind: str) -> FastEncoder:
        return FastEncoder(path, kind, number=number, fails=fails)

    with patch.object(_optional, "PreviewEncoder", encoder):
        yield
