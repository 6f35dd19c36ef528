"""Make the messages of a busy platform: uploads, twins, mixes and nonsense."""

import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.simulation.system import System

USERS = ("ann", "bob")
BROKEN: list[Any] = [
    "not json",
    7,
    None,
    {},
    {"task": "unknown", "stemId": "s"},
    {"task": "app.tasks.generate_hash_and_webhook", "stemId": "s-broken"},
    {"stemId": "a b", "userId": "ann"},
    {"stem_paths": [], "stageId": "empty"},
    {"stem_paths": ["audio/gone.wav"], "stageId": "gone"},
    {"task": "x", "id": "y", "args": [1], "kwargs": {"stemId": "s-args"}},
]


@lru_cache(maxsize=4096)
def tiny_wav(seed: int) -> bytes:
    """Return a valid WAV of 40 frames, another for each seed."""
    data = struct.pack(
        "<40h", *((seed * 7919 + i * 613) % 60_000 - 30_000 for i in range(40))
    )
    head = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16_000, 2, 16)
    size = struct.pack("<I", 36 + len(data))
    body = b"WAVEfmt " + head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + size + body


class Traffic:
    """Sends messages into one system."""

    def __init__(self, system: "System") -> None:
        self._system = system
        self._faults = system.faults
        self._random = system.faults.random
        self._uploads: list[tuple[str, bytes, str]] = []
        self._count = 0

    def send(self, messages: int) -> None:
        """Spread messages over some minutes."""
        for _ in range(messages):
            self._system.later(self._random.random() * 300, self._one)

    def _one(self) -> None:
        self._count += 1
        if self._faults.strikes("message broken"):
            self._system.send(self._faults.choose(BROKEN))
        elif self._random.random() < 0.03 and self._uploads:
            self._mix()
        elif self._faults.strikes("twins uploaded at once"):
            body = tiny_wav(self._random.randrange(1 << 20))
            user = self._faults.choose(list(USERS))
            for _ in range(2):
                self._upload(body, user)
        else:
            self._upload(*self._content())

    def _content(self) -> tuple[bytes, str]:
        """Return a new content or a known one, good or bad, and whose it is."""
        user = self._faults.choose(list(USERS))
        if self._uploads and self._random.random() < 0.4:
            _, body, owner = self._faults.choose(self._uploads)
            return body, owner if self._random.random() < 0.9 else user
        if self._random.random() < 0.03:
            return self._faults.choose([b"", b"no audio", b"fLaC" + b"\0" * 60]), user
        return tiny_wav(self._random.randrange(1 << 20)), user

    def _upload(self, body: bytes, user: str) -> None:
        self._count += 1
        stem = f"stem{self._count}"
        folder = f"users/{user}" if self._random.random() < 0.3 else "audio"
        key = f"{folder}/{stem}.wav"
        self._system.bucket.put(key, body, checksummed=self._random.random() < 0.5)
        self._uploads.append((key, body, user))
        self._system.send(self._message(stem, key, user))

    def _message(self, stem: str, key: str, user: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "userId": user,
            "trackId": "track",
            "stemId": stem,
            "filepath": key,
            "timestamp": "2026-01-01T10:00:00Z",
            "original_filename": "노래.wav",
            "num_peaks": 8,
            "roomId": 7,
        }
        if self._count % 3 == 0:
            return fields
        task = "app.tasks.generate_hash_and_webhook"
        if self._count % 3 == 1:
            return {"task": task, **fields}
        return {"task": task, "id": f"job-{stem}", "args": [], "kwargs": fields}

    def _mix(self) -> None:
        count = min(len(self._uploads), 1 + self._random.randrange(3))
        keys = [key for key, _, _ in self._random.sample(self._uploads, count)]
        fields = {"stageId": f"stage{self._count}", "stem_paths": keys}
        self._system.send({"task": "mix_stems_and_upload", **fields})
