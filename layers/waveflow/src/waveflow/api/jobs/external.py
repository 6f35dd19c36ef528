"""Accept the signed webhooks in which an external analysis server reports results."""

import hmac
import time
from collections.abc import Callable, Mapping

import msgspec

from waveflow.api.errors import BadSignatureError
from waveflow.api.jobs.service import Jobs
from waveflow.api.schemas import JsonObject, NotedBody
from waveflow.errors import InvalidMessageError

TOLERANCE_S = 300  # the tolerance of Standard Webhooks
STAMP_DIGITS = 12  # seconds, until the year 33658
_SUCCESS = {"success", "completed"}
_FAILURE = {"failed", "failure", "error"}

Sign = Callable[..., dict[str, str]]


class ExternalServer:
    """Receiver of the webhooks that an external analysis server sends about jobs."""

    def __init__(
        self,
        jobs: Jobs,
        *,
        secrets: Callable[[], tuple[str, ...]],
        sign: Sign,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs = jobs
        self._secrets = secrets
        self._sign = sign
        self._clock = clock

    def note(
        self, job_id: str, *, body: bytes, headers: Mapping[str, str]
    ) -> NotedBody:
        """Store the result or failure that a signed webhook reports about a job."""
        self._verify(body, headers)
        report = _read_report(body)
        changed = self._jobs.keep_report(job_id, report)
        return NotedBody(
            message="웹훅을 받았습니다.",
            job_id=job_id,
            status="completed" if report["status"] == "success" else "failed",
            changed=changed,
        )

    def _verify(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Check the three Standard Webhooks headers against every secret."""
        stamp = headers.get("webhook-timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= STAMP_DIGITS):
            raise BadSignatureError("The webhook is not signed.")
        if abs(int(stamp) - self._clock()) > TOLERANCE_S:
            raise BadSignatureError("The webhook's signature is too old or too new.")
        expected = self._sign(
            body,
            webhook_id=headers.get("webhook-id", ""),
            timestamp=int(stamp),
            secrets=self._secrets(),
        )["webhook-signature"].split()
        given = headers.get("webhook-signature", "").encode().split()
        pairs = [hmac.compare_digest(g, e.encode()) for g in given for e in expected]
        if not any(pairs):
            raise BadSignatureError("The webhook's signature is not ours.")


def _read_report(body: bytes) -> JsonObject:
    """Return the webhook's report, with its status as `success` or `failed`."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        said = None
    status = said.get("status") if isinstance(said, dict) else None
    if status in _SUCCESS:
        return {"status": "success", "result": said.get("result")}
    if status in _FAILURE:
        message = said.get("message") or said.get("error")
        return {"status": "failed", "message": str(message) if message else None}
    raise InvalidMessageError("The webhook has an invalid status.")
