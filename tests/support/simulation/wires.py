"""Faults at the outside calls of one invocation, and reports of its effects."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from waveflow.errors import WebhookRejectedError, WebhookUnavailableError
from waveflow.events import flow
from waveflow.events.messages import DuplicateMessage
from waveflow.events.normalise import Entry, read_job

from support.simulation.bucket import is_optional
from support.simulation.checks import BrokenPromiseError
from support.simulation.mixes import fields_in, muted_in
from support.simulation.options import Asked
from support.simulation.server import Answer

if TYPE_CHECKING:
    from support.simulation.system import Run, System

# Calls of a usual invocation of each function: faults are armed for one of them.
CALLS = {
    "Hash": 3,
    "DedupeDelete": 11,
    "Waveform": 9,
    "Mix": 20,
    "Compare": 8,
    "Notify": 2,
}
DOWN_S = 10_000.0
LONG_S = 400.0  # longer than the storage retries of most stages


class KilledError(BaseException):
    """End of the stage's process: no code of the stage may catch it."""


class Wires:
    """Tripwires, webhook and task tokens of one invocation."""

    def __init__(
        self, system: "System", run: "Run", request: Any, armed: dict[str, int]
    ) -> None:
        self._system = system
        self._run = run
        self._request = request
        self._armed = armed
        self._calls = 0
        self._since = system.ledger.steps
        self._read: dict[str, str] = {}
        self.struck: set[str] = set()
        self.last_key = ""

    def before(self, call: str, key: str) -> None:
        """Let users act, other executions run, or the process die before a call."""
        self._calls += 1
        self.last_key = key
        if call not in {"post", "succeed"}:
            self._check_asked(key)
            self._check_audible(key)
            self._system.ledger.stage_called(call, key, user_id=self._run.user_id)
            self._let_users_act(key)
        if self.strikes("another execution in between"):
            self._system.interleave()
        if self.strikes("retried while it still runs"):
            self._system.retry_beside(self._run)
        if self.strikes("killed before a call"):
            raise KilledError

    def after(self, call: str, key: str) -> None:
        """Check the call's effect, or let the process die before the call's answer."""
        if call == "delete":
            self._report_delete(key)
        drawn = isinstance(self._request, flow.WaveformRequest)
        if call == "publish" and drawn and not is_optional(key):
            job, source = self._request.job, self._request.source
            self._system.ledger.our_drawing(job, key, source)
        if isinstance(self._request, flow.MixRequest | flow.CompareRequest):
            self._report_mix(call, key)
        if self.strikes("killed after a call"):
            raise KilledError

    def strikes(self, kind: str) -> bool:
        """Return whether an armed fault applies to this call."""
        due = self._armed.get(kind)
        if due is None or due > self._calls - 1:
            return False
        del self._armed[kind]
        self.struck.add(kind)
        self._system.faults.counts[kind] += 1
        return True

    def post(self, path: str, payload: Mapping[str, Any], *, webhook_id: str) -> bytes:
        """Deliver a webhook to the model of the server."""
        server, faults = self._system.server, self._system.faults
        self.before("post", path)
        if faults.rate and faults.random.random() < faults.rate / 50:
            faults.counts["server down for hours"] += 1
            server.down_until = self._system.now + DOWN_S
        if self._system.now < server.down_until and faults.rate:
            raise WebhookUnavailableError("The server gave no whole answer.")
        if self.strikes("webhook unavailable"):
            raise WebhookUnavailableError("The server answered 503.")
        if self.strikes("webhook rejected"):
            raise WebhookRejectedError("The server answered 400.")
        if path != "hash-check":
            self._system.telling.told(payload, self._run)
        body = server.receive(path, payload, webhook_id=webhook_id)
        if path != "hash-check":
            self._run.told.append(payload["status"])
        self.after("post", path)
        if self.strikes("webhook answer lost"):
            raise WebhookUnavailableError("The server gave no answer in time.")
        return body

    def succeed(self, token: str, output: Mapping[str, Any]) -> None:
        """Close a waiting task with an answer."""
        self.before("succeed", token)
        self._system.answer(token, Answer(0.0, dict(output)))
        self.after("succeed", token)
        if self.strikes("token answer lost"):
            raise WebhookUnavailableError("Step Functions did not answer.")

    def _check_asked(self, key: str) -> None:
        """Raise for an optional output that the job's own message does not ask for."""
        if not is_optional(key):
            return
        request = self._request
        job = read_job(request) if isinstance(request, Entry) else request.job
        faults = self._system.faults
        if faults.rate and faults.random.random() < faults.rate / 10:
            faults.counts["optional outputs down for long"] += 1
            self._system.bucket.refuses_until = self._system.now + LONG_S
        if key not in Asked(job, self._system.policy).outputs():
            raise BrokenPromiseError(f"{job.job_id} did not ask for {key}.")

    def _check_audible(self, key: str) -> None:
        """Raise for a look at a stem that the mix's own message mutes."""
        if isinstance(self._request, flow.MixRequest):
            name = self._request.name
            if key in muted_in(fields_in(self._request.record)):
                raise BrokenPromiseError(f"{name} touched {key}, which is muted.")

    def _report_mix(self, call: str, key: str) -> None:
        """Keep which bytes of a stem were read, and check what was written."""
        if call == "read":
            self._read[key] = self._system.bucket.versions[key][-1].sha256
        elif call == "publish" and not is_optional(key):
            stems = None if "S3 bit flipped" in self.struck else self._read
            self._system.claims.written(self._request, key, stems=stems)

    def _let_users_act(self, key: str) -> None:
        if not key.startswith(("audio/", "users/")):
            return
        bucket = self._system.bucket
        current = bucket.current(key)
        if current is None or current.body is None:
            return
        body = current.body
        if self.strikes("object replaced"):
            bucket.put(key, body[:-2] + self._system.faults.random.randbytes(2))
        elif self.strikes("object deleted"):
            bucket.delete(key)
        elif self.strikes("object uploaded again"):
            bucket.put(key, body)
        else:
            return
        self._system.ledger.user_touched(key)

    def _report_delete(self, key: str) -> None:
        request = self._request
        verdict = self._run.execution.variables.get("verdict")
        self._system.ledger.our_delete(
            request.job,
            key,
            since=self._since,
            verdict=verdict,
            justified=self._justified(verdict),
        )

    def _justified(self, verdict: Any) -> bool:
        """Return whether the server itself gave this verdict, by answer or message."""
        job = self._request.job
        if not isinstance(verdict, dict) or verdict.get("verdict") != "duplicate":
            return False
        if isinstance(job.message, DuplicateMessage):
            named = msgspec.to_builtins(job.message.duplicate_of)
            return bool(verdict["duplicate_of"] == named)
        said = self._system.server.said[f"{job.subject_id}_{job.ts}"]
        return verdict in said
