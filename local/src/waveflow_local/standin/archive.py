"""Keep every webhook that the stand-in received, exactly as received."""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class Received:
    """Hold one webhook as received, its signature's check, and the status answered."""

    event: str
    headers: dict[str, str]
    body: object
    verified: bool
    repeated: bool = False
    answered: int = 0
    number: int = 0
    received_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    @property
    def fields(self) -> Mapping[str, object]:
        """Return the fields of the webhook's JSON body; none for any other body."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def subject(self) -> str:
        """Return the id of the stem or stage that the webhook is about."""
        return str(self.fields.get("stemId") or self.fields.get("stageId") or "")

    @property
    def webhook_id(self) -> str:
        """Return the webhook-id header, which a repeated webhook repeats."""
        return self.headers.get("webhook-id", "")


class Archive:
    """Keep received webhooks in memory, and in files where a folder is given."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._received: list[Received] = []
        self._ids: set[str] = set()
        self._arrived = threading.Condition()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def add(self, received: Received) -> None:
        """Keep a received webhook, with its number and whether it is a repeat."""
        with self._arrived:
            received.number = len(self._received) + 1
            received.repeated = received.webhook_id in self._ids
            self._ids.add(received.webhook_id)
            self._received.append(received)
            self._arrived.notify_all()

    def write(self, received: Received) -> None:
        """Write a received webhook to its file, once it has been answered."""
        if self._folder is None:
            return
        told = str(received.fields.get("status", ""))
        status = told if received.subject else "unreadable"
        parts = [f"{received.number:03}", received.event, received.subject, status]
        name = _UNSAFE.sub("-", "_".join(part for part in parts if part)) + ".json"
        text = json.dumps(asdict(received), ensure_ascii=False, indent=2)
        # A lone surrogate is no UTF-8, but its escape is JSON.
        raw = f"{text}\n".encode(errors="backslashreplace")
        (self._folder / name).write_bytes(raw)

    def all(self) -> list[Received]:
        """Return every received webhook in the order of arrival."""
        with self._arrived:
            return list(self._received)

    def about(self, subject: str, event: str | None = None) -> list[Received]:
        """Return the received webhooks about one stem or stage."""
        return [
            r for r in self.all() if r.subject == subject and event in {None, r.event}
        ]

    def wait_for(
        self, subject: str, event: str, *, count: int = 1, timeout_s: float = 10
    ) -> list[Received]:
        """Wait until `count` webhooks about a stem or stage came; return them."""
        with self._arrived:
            self._arrived.wait_for(
                lambda: len(self._matching(subject, event)) >= count, timeout_s
            )
            return self._matching(subject, event)

    def _matching(self, subject: str, event: str) -> list[Received]:
        return [r for r in self._received if (r.subject, r.event) == (subject, event)]
