"""Take webhooks as the platform's server does, and answer them; without HTTP."""

import json
from collections.abc import Mapping
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

from waveflow_local import paths
from waveflow_local.standin.answers import Answers, VerdictMode, verdict_for
from waveflow_local.standin.archive import Archive, Received
from waveflow_local.standin.behaviours import Rule, Script
from waveflow_local.standin.table import StemTable

_SIMPLE_FAULTS = {"unavailable": 500, "reject": 400, "redirect": 302}
_SILENT = ("silence", "ask-me", "body-verdict")


class PlatformServer:
    """Play the platform's server: verify webhooks, keep stems, give verdicts."""

    def __init__(
        self,
        *,
        secret: str = paths.WEBHOOK_SECRET,
        data: Path | None = None,
        mode: VerdictMode = "callback",
    ) -> None:
        if data is not None:
            data.mkdir(parents=True, exist_ok=True)
        self.archive = Archive(data / "webhooks" if data else None)
        self.table = StemTable(data / "server.sqlite" if data else None)
        self.script = Script()
        self.answers = Answers(mode=mode)
        self._complete = {
            "completion": self.table.complete,
            "mixing-complete": self.table.complete_mix,
            "comparison-complete": self.table.complete_comparison,
        }
        self._verifier = Webhook(secret)

    def receive(
        self, event: str, headers: dict[str, str], raw: bytes
    ) -> tuple[int, object]:
        """Keep one received webhook, and return its response's status and body."""
        received = Received(event, headers, *self._open(headers, raw))
        # Choose the rule first: a test that sees a webhook changes later webhooks only.
        rule = self.script.next(event, received.subject)
        self.archive.add(received)
        status, body = self._respond(received, rule)
        received.answered = status
        self.archive.write(received)
        return status, body

    def _open(self, headers: dict[str, str], raw: bytes) -> tuple[object, bool]:
        try:
            self._verifier.verify(raw, headers)
            verified = True
        except WebhookVerificationError:
            verified = False
        try:
            return json.loads(raw), verified
        except ValueError:
            return raw.decode(errors="replace"), verified

    def _respond(self, received: Received, rule: Rule) -> tuple[int, object]:
        if not received.verified:
            return 401, {"message": "The signature is not ours."}
        if rule.behaviour in _SIMPLE_FAULTS:
            return _SIMPLE_FAULTS[rule.behaviour], {"message": rule.behaviour}
        if rule.behaviour == "error-body":
            return 201, {"status": "error", "message": "swallowed"}
        if received.event == "hash-check":
            return 201, self._answer_question(received.fields, rule)
        changed = self._complete[received.event](received.fields)
        return 201, {"status": "ok", "changed": changed}

    def _answer_question(self, event: Mapping[str, object], rule: Rule) -> object:
        verdict = verdict_for(rule, self.table.remember(event))
        if rule.behaviour not in _SILENT:
            self.answers.give_soon(event, rule, verdict)
        return verdict if rule.behaviour == "body-verdict" else {"status": "received"}

    def answer(self, stem_id: str, output: object) -> bool:
        """Send a verdict on a stem's newest /hash-check; return False if refused."""
        questions = self.archive.about(stem_id, "hash-check")
        if not questions:
            return False
        return self.answers.give(questions[-1].fields, output).refused is None
