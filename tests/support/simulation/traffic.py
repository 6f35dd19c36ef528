"""Messages of a busy platform: uploads, twins, mixes and nonsense."""

import hashlib
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from waveflow.events.fields import epoch_ms

from support.simulation.mixes import mix_options
from support.simulation.options import options

if TYPE_CHECKING:
    from support.simulation.api import Api
    from support.simulation.system import System

OPTIONS = ("waveform", "previews", "audio_id")
USERS = ("ann", "bob")
BY_THE_API = 0.1  # share of the uploads that come by the HTTP API
MIXED_AT = "2026-01-01T11:00:00Z"
COMPARED = 0.04  # share of the messages that ask for a comparison
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
    {
        "stageId": "muted",
        "stem_paths": ["audio/gone.wav"],
        "stems": [{"path": "audio/gone.wav", "mute": True}],
    },
    {
        "stageId": "panned",
        "stem_paths": ["audio/gone.wav"],
        "mix": {"channels": 1},
        "stems": [{"path": "audio/gone.wav", "pan": 0}],
    },
    {"task": "compare_mixes", "stageId": "no-pair", "pairs": [{}]},
    {"task": "compare_mixes", "stageId": "gone", "pairs": [{"after": "audio/gone"}]},
    {"task": "process_duplicate_file", "stemId": "s-no-option", "previews": []},
    {"stemId": "s-level", "waveform": {"zoom_levels": [63]}},
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


def _hash_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Traffic:
    """Source of messages for one simulated system."""

    def __init__(self, system: "System", api: "Api") -> None:
        self._system, self._api = system, api
        self._faults = system.faults
        self._random = system.faults.random
        self._uploads: list[tuple[str, bytes, str]] = []
        self._messages: list[dict[str, Any]] = []
        self._stages: list[dict[str, Any]] = []
        self._count = 0

    def send(self, messages: int) -> None:
        """Spread messages over five minutes."""
        for _ in range(messages):
            self._system.later(self._random.random() * 300, self._one)

    def argue(self, messages: int) -> None:
        """Send each copy's message three times at once."""
        for number in range(messages // 3):
            self._system.later(10.0 * number, self._argument)

    def _argument(self) -> None:
        user = self._faults.choose(list(USERS))
        body = tiny_wav(self._random.randrange(1 << 20))
        self._upload(body, user)
        self._system.now += 1
        message = self._upload(body, user)
        for _ in range(2):
            self._system.send(message, late_s=self._random.random())
        if self._random.random() < BY_THE_API:
            self._upload_by_api(body, user)
        if self._random.random() < 0.3:
            stage = self._timed_stage()
            for _ in range(3):
                self._send_mix(stage, self._some_keys())

    def _one(self) -> None:
        self._count += 1
        if self._faults.strikes("message broken"):
            self._system.send(self._faults.choose(BROKEN))
        elif self._uploads and self._faults.strikes("mix names a file elsewhere"):
            self._mix("private/x.wav")
        elif self._uploads and self._faults.strikes("message with another hash"):
            self._misled()
        elif self._messages and self._faults.strikes("message asks for other outputs"):
            self._change_mind()
        elif self._faults.strikes("message names another user's file"):
            self._stranger()
        elif self._random.random() < 0.03 and self._uploads:
            self._mix()
        elif self._random.random() < COMPARED and self._uploads:
            self._compare()
        elif self._stages and self._faults.strikes(
            "mix of another request at the same time"
        ):
            self._send_mix(self._faults.choose(self._stages), self._some_keys())
        else:
            self._some_upload()

    def _some_upload(self) -> None:
        """Upload one file by message or by the HTTP API, or the same file twice."""
        if self._faults.strikes("twins uploaded at once"):
            body = tiny_wav(self._random.randrange(1 << 20))
            user = self._faults.choose(list(USERS))
            for _ in range(2):
                self._upload(body, user)
        elif self._random.random() < BY_THE_API:
            self._upload_by_api(*self._content())
        else:
            self._upload(*self._content())

    def _content(self) -> tuple[bytes, str]:
        """Return new or known content, good or bad, with its owner."""
        user = self._faults.choose(list(USERS))
        if self._uploads and self._random.random() < 0.4:
            _, body, owner = self._faults.choose(self._uploads)
            return body, owner if self._random.random() < 0.7 else user
        if self._random.random() < 0.03:
            return self._faults.choose([b"", b"no audio", b"fLaC" + b"\0" * 60]), user
        return tiny_wav(self._random.randrange(1 << 20)), user

    def _upload(self, body: bytes, user: str) -> dict[str, Any]:
        self._count += 1
        stem = f"stem{self._count}"
        folder = f"users/{user}" if self._random.random() < 0.5 else "audio"
        key = f"{folder}/{stem}.wav"
        self._system.bucket.put(key, body, checksummed=self._random.random() < 0.5)
        self._uploads.append((key, body, user))
        message = self._message(stem, key, user)
        self._messages.append(message)
        self._system.send(message)
        return message

    def _upload_by_api(self, body: bytes, user: str) -> None:
        self._count += 1
        key = f"audio/by-api{self._count}.wav"
        self._system.bucket.put(key, body)
        self._uploads.append((key, body, user))
        platform = self._random.random() < 0.5
        self._api.start(key, owner=user, platform=platform)

    def _change_mind(self) -> None:
        """Send an earlier message again, with the same time and other options."""
        message = dict(self._faults.choose(self._messages))
        fields = message.get("kwargs", message)
        kept = {name: fields[name] for name in fields if name not in OPTIONS}
        asking = {**kept, **options(self._random)}
        self._system.send(
            {**message, "kwargs": asking} if "kwargs" in message else asking
        )

    def _fields(self, stem: str, key: str, user: str) -> dict[str, Any]:
        return {
            "userId": user,
            "trackId": "track",
            "stemId": stem,
            "filepath": key,
            "timestamp": "2026-01-01T10:00:00Z",
            "original_filename": "노래.wav",
            "num_peaks": 8,
            "roomId": 7,
            **options(self._random),
        }

    def _message(self, stem: str, key: str, user: str) -> dict[str, Any]:
        fields = self._fields(stem, key, user)
        if self._count % 3 == 0:
            return fields
        task = "app.tasks.generate_hash_and_webhook"
        if self._count % 3 == 1:
            return {"task": task, **fields}
        return {"task": task, "id": f"job-{stem}", "args": [], "kwargs": fields}

    def _misled(self) -> None:
        """Send a verdict about bytes that the key does not hold."""
        key, _, user = self._faults.choose(self._uploads)
        stem = key.rpartition("/")[2].removesuffix(".wav")
        other = tiny_wav(self._random.randrange(1 << 20))
        fields = self._fields(stem, key, user) | {"audio_hash": _hash_of(other)}
        task = self._faults.choose(["process_audio_analysis", "process_duplicate_file"])
        if task == "process_duplicate_file":
            fields = {name: fields[name] for name in fields if name not in OPTIONS}
            older = self._faults.choose(self._uploads)[0]
            fields["duplicate_of"] = {"stemId": f"of {older}", "filepath": older}
        fields["timestamp"] = "2026-01-02T10:00:00Z"
        self._system.send({"task": task, **fields})

    def _stranger(self) -> None:
        """Send a message of one user about a file of the other user."""
        key = f"users/bob/theirs{self._count}.wav"
        self._system.bucket.put(key, tiny_wav(self._random.randrange(1 << 20)))
        self._system.send(self._fields(f"stranger{self._count}", key, "ann"))

    def _mix(self, *elsewhere: str) -> None:
        stage = {"stageId": f"stage{self._count}"}
        if self._random.random() < 0.6:
            stage = self._timed_stage()
        self._send_mix(stage, [*self._some_keys(), *elsewhere])

    def _timed_stage(self) -> dict[str, Any]:
        """Return stage and time of a mix, where an older mix may lie already."""
        stage = {"stageId": f"stage{self._count}", "timestamp": MIXED_AT}
        self._stages.append(stage)
        if self._faults.strikes("mix of an older release"):
            key = f"mixed/{stage['stageId']}_mixed_{epoch_ms(MIXED_AT)}.wav"
            self._system.bucket.put(key, b"RIFF of an older release")
        return stage

    def _some_keys(self) -> list[str]:
        count = min(len(self._uploads), 1 + self._random.randrange(3))
        return [key for key, _, _ in self._random.sample(self._uploads, count)]

    def _compare(self) -> None:
        """Ask for a comparison of uploads, sometimes twice for one stage and time."""
        self._count += 1
        stage = f"compared{self._random.randrange(self._count + 1) // 20}"
        pairs = [
            {"before": self._random.choice([None, older]), "after": newer}
            for older, newer in zip(self._some_keys(), self._some_keys(), strict=False)
        ]
        fields = {"stageId": stage, "timestamp": MIXED_AT, "pairs": pairs}
        task = self._faults.choose(["compare_mixes", "app.tasks.compare_mixes"])
        for _ in range(1 + (self._random.random() < 0.3)):
            self._system.send({"task": task, "num_peaks": 8, **fields})

    def _send_mix(self, stage: dict[str, Any], paths: list[str]) -> None:
        self._count += 1
        fields = {**stage, "stem_paths": paths, **options(self._random)}
        fields |= mix_options(self._random, paths)
        message: dict[str, Any] = {"task": "mix_stems_and_upload", **fields}
        if self._count % 2:
            named = {"id": f"mix-{self._count}", "args": [], "kwargs": fields}
            message = {"task": "app.tasks.mix_stems_and_upload", **named}
        self._system.send(message, late_s=self._random.random())
