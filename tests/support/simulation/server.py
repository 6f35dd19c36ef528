"""A model of the platform's server: its verdicts, and the outcomes it was told."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from waveflow.events.fields import epoch_ms

from support.simulation.bucket import Bucket
from support.simulation.faults import Faults
from support.simulation.options import options

FINAL = {"SUCCESS", "DUPLICATE"}
ANEW_NEW = 0.4  # share of `new` among the verdicts decided anew
GARBAGE: list[Any] = [
    None,
    "duplicate",
    ["duplicate"],
    {},
    {"duplicate": True},
    {"verdict": "DUPLICATE"},
    {"verdict": ["duplicate"]},
    {"verdict": True},
    {"verdict": "duplicate", "duplicate_of": None},
    {"verdict": "new", "num_peaks": "10"},
    {"verdict": "new", "num_peaks": 0},
    {"verdict": "new", "num_peaks": 1.5},
    {"verdict": "delete"},
]


def is_final(told: Mapping[str, Any] | None) -> bool:
    """Return whether the server must keep an outcome when a FAILURE follows."""
    return told is not None and told["status"] in FINAL


def rendition(payload: Mapping[str, Any]) -> str:
    """Return the rendition's name in output keys: stem and time."""
    return f"{payload['stemId']}_{epoch_ms(payload['timestamp'])}"


@dataclass(frozen=True)
class Answer:
    """Answer to a question, with its delay."""

    delay_s: float
    output: Any = None
    failure: str | None = None


@dataclass
class Server:
    """Server that decides per job, keeps outcomes, and drops repeats by id.

    `said` holds every verdict about a rendition, given by answer or by message.
    """

    bucket: Bucket
    faults: Faults
    now: Callable[[], float]
    message_mode: bool = False
    known: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    decided: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    down_until: float = 0.0
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    follow_ups: list[dict[str, Any]] = field(default_factory=list)

    def receive(
        self, path: str, payload: Mapping[str, Any], *, webhook_id: str
    ) -> bytes:
        """Take one webhook, and return the body of the 2xx answer."""
        about = (path, payload["task_id"], payload["status"])
        if path != "hash-check":
            about = (*about, (payload.get("result") or {}).get("error_code", ""))
            if webhook_id not in self.seen:
                self._keep(payload)
            known = self.seen.setdefault(webhook_id, about)
            assert known == about, f"One id for two deliveries: {known}, {about}."
            return b"{}"
        assert webhook_id not in self.seen, "A question repeats an id."
        self.seen[webhook_id] = about
        return self._question(payload)

    def _keep(self, payload: Mapping[str, Any]) -> None:
        """Keep the last outcome, but no FAILURE after a final outcome."""
        before = self.told.get(payload["task_id"])
        if not (is_final(before) and payload["status"] == "FAILURE"):
            self.told[payload["task_id"]] = dict(payload)

    def _question(self, payload: Mapping[str, Any]) -> bytes:
        verdict = self._decision(payload)
        if self.message_mode:
            self.said[rendition(payload)].append(verdict)
            self._send_next(payload, verdict)
            return b'{"received":true}'
        token = payload["task_token"]
        verdict, wrong = self._perhaps_wrong(payload, verdict)
        self.said[rendition(payload)].append(verdict)
        strikes = self.faults.strikes
        if wrong is None and strikes("verdict in the body"):
            return json.dumps({"status": "ok", **verdict}).encode()
        if strikes("verdict missing"):
            return b""
        delay = 1_000.0 if strikes("verdict late") else 2.0
        if strikes("verdict a failure"):
            self.answers.append((token, Answer(delay, failure="NoIdeaError")))
        if strikes("verdict garbage"):
            self.answers.append((token, Answer(delay, self._garbage(verdict))))
        self.answers.append((token, Answer(delay + 0.1, verdict)))
        if strikes("verdict twice"):
            self.answers.append((token, Answer(delay + 0.2, {"verdict": "new"})))
        return b'{"received":true}'

    def _garbage(self, verdict: dict[str, Any]) -> Any:
        """Return a wrong answer; half of them name a survivor that would hold."""
        near = {**verdict, "verdict": "dup"}
        return self.faults.choose([*GARBAGE, *[near] * len(GARBAGE)])

    def _decision(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the verdict of a job, kept as a database keeps it."""
        if self.faults.strikes("verdict decided anew"):
            return self._decided_anew(payload)
        if payload["task_id"] in self.decided:
            return self.decided[payload["task_id"]]
        content = (payload["userId"], payload["audio_hash"])
        own = {"stemId": payload["stemId"], "filepath": payload["filepath"]}
        first = self.known.setdefault(content, own)
        verdict: dict[str, Any] = {"verdict": "new"}
        if first["stemId"] != own["stemId"]:
            verdict = {"verdict": "duplicate", "duplicate_of": first}
        if self.faults.strikes("verdict hold"):
            verdict = {"verdict": "hold"}
        self.decided[payload["task_id"]] = verdict
        return verdict

    def _decided_anew(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return a new verdict that names any older copy, or calls the stem new."""
        path = payload["filepath"]
        own, user = self.bucket.current(path), f"users/{payload['userId']}/"
        older = [
            key
            for key in self.bucket.versions
            if key.startswith(("audio/", user))
            and (copy := self.bucket.current(key)) is not None
            and own is not None
            and copy.sha256 == own.sha256
            and (copy.written, key) < (own.written, path)
        ]
        if not older or self.faults.random.random() < ANEW_NEW:
            return {"verdict": "new"}
        key = self.faults.choose(older)
        return {
            "verdict": "duplicate",
            "duplicate_of": {"stemId": f"of {key}", "filepath": key},
        }

    def _perhaps_wrong(
        self, payload: Mapping[str, Any], verdict: dict[str, Any]
    ) -> tuple[dict[str, Any], str | None]:
        """Return a verdict with a false survivor now and then, to try every guard."""
        path = payload["filepath"]
        claims = {
            "verdict names itself": self._itself(payload),
            "verdict names its own stem": self._copy(path),
            "verdict names a younger copy": self._copy(path, younger=True),
            "verdict names other bytes": self._copy(path, same=False),
            "verdict names nothing": "audio/nowhere.wav",
            "verdict names another user's copy": self._foreign(path, payload["userId"]),
        }
        for kind, claim in claims.items():
            if claim is not None and self.faults.strikes(kind):
                own = kind == "verdict names its own stem"
                stem = payload["stemId"] if own else f"of {claim}"
                survivor = {"stemId": stem, "filepath": claim}
                return {"verdict": "duplicate", "duplicate_of": survivor}, kind
        return verdict, None

    @staticmethod
    def _itself(payload: Mapping[str, Any]) -> str:
        return str(payload["filepath"])

    def _copy(
        self, path: str, *, same: bool = True, younger: bool = False
    ) -> str | None:
        own = self.bucket.current(path)
        if own is None:
            return None
        for key in reversed(self.bucket.versions):
            other = self.bucket.current(key)
            if other is None or key == path or not key.startswith("audio/"):
                continue
            if (other.sha256 == own.sha256) != same:
                continue
            if younger and (other.written, key) <= (own.written, path):
                continue
            return key
        return None

    def _foreign(self, path: str, user_id: str) -> str | None:
        own = self.bucket.current(path)
        for key in self.bucket.versions:
            other = self.bucket.current(key)
            foreign = key.startswith("users/") and not key.startswith(
                f"users/{user_id}/"
            )
            if own and other and foreign and other.sha256 == own.sha256:
                return key
        return None

    def _send_next(self, payload: Mapping[str, Any], verdict: dict[str, Any]) -> None:
        """Send the verdict as the next message, as seed 002's server does."""
        task = "process_audio_analysis"
        fields: dict[str, Any] = options(self.faults.random)
        if verdict["verdict"] == "duplicate":
            task = "process_duplicate_file"
            fields = {"duplicate_of": verdict["duplicate_of"]}
        names = ["userId", "trackId", "stemId", "filepath", "audio_hash"]
        if not self.faults.strikes("message without a time"):
            names.append("timestamp")
        self.follow_ups.append(
            {
                "task": f"app.tasks.{task}",
                "id": f"{task}-{payload['task_id']}",
                "args": [],
                "kwargs": {**{name: payload[name] for name in names}, **fields},
            }
        )
