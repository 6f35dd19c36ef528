"""Accept the signed webhooks in which an external analysis server reports results."""

import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from waveflow.api.errors import BadSignatureError
from waveflow.api.jobs.service import Jobs
from waveflow.api.schemas import Json, JsonObject, NotedBody
from waveflow.errors import InternalError, InvalidMessageError

TOLERANCE_S = 300  # the tolerance of Standard Webhooks
PREFIX = "whsec_"
MIN_LENGTH = 32  # base64 of 24 bytes, the least of Standard Webhooks
STAMP_DIGITS = 12  # seconds, until the year 33658
_SUCCESS = {"success", "completed"}
_log = logging.getLogger("waveflow.api")

Sign = Callable[..., dict[str, str]]


class _SignedReport(msgspec.Struct, frozen=True):
    """Body of an external server's webhook; the signature covers `job_id` too."""

    job_id: str
    status: Literal["success", "completed", "failed", "failure", "error"]
    result: Json = None
    message: Json = None
    error: Json = None

    def kept(self) -> JsonObject:
        """Return the report as S3 keeps it, with status `success` or `failed`."""
        if self.status in _SUCCESS:
            return {"status": "success", "result": self.result}
        message = self.message or self.error
        return {"status": "failed", "message": str(message) if message else None}


class ExternalServer:
    """Receiver of the webhooks that an external analysis server sends about jobs.

    `secrets` returns the keys given for that server; without a key nobody may report.
    """

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
        report = _read_report(body, job_id=job_id)
        counts = self._jobs.keep_report(job_id, report)
        return NotedBody(
            message="웹훅을 받았습니다.",
            job_id=job_id,
            status="completed" if counts["status"] == "success" else "failed",
            # 1 and True are equal in Python, and are two results in JSON.
            changed=msgspec.json.encode(counts) == msgspec.json.encode(report),
        )

    def _verify(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Check the three Standard Webhooks headers against every secret."""
        secrets = self._secrets()
        if not secrets:
            raise BadSignatureError("No key of an external analysis server is set.")
        if any(len(each.removeprefix(PREFIX)) < MIN_LENGTH for each in secrets):
            raise InternalError("The external server's key is too short.")
        number, stamp = _id_and_time(headers)
        if abs(stamp - self._clock()) > TOLERANCE_S:
            raise BadSignatureError("The webhook's signature is too old or too new.")
        signed = self._sign(body, webhook_id=number, timestamp=stamp, secrets=secrets)
        expected = signed["webhook-signature"].split()
        given = headers.get("webhook-signature", "").encode().split()
        pairs = [hmac.compare_digest(g, e.encode()) for g in given for e in expected]
        if not any(pairs):
            raise BadSignatureError("The signature is not the external server's.")


def _id_and_time(headers: Mapping[str, str]) -> tuple[str, int]:
    """Return a webhook's id and time, in seconds; raise where the headers lack one."""
    number = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= STAMP_DIGITS):
        raise BadSignatureError("The webhook is not signed.")
    # Full stops part id, time and body, so an id with one could hide another time.
    if not number or "." in number:
        raise BadSignatureError("The webhook's id is missing, or has a full stop.")
    return number, int(stamp)


def _read_report(body: bytes, *, job_id: str) -> JsonObject:
    """Return a signed webhook's report, if the signed body names this very job."""
    try:
        said = msgspec.json.decode(body, type=_SignedReport)
        kept = said.kept()
    except (ValueError, msgspec.DecodeError, RecursionError):
        detail = "The webhook is no JSON, or has no job_id or no valid status."
        raise _refusal(detail) from None
    if said.job_id != job_id:
        raise _refusal("The webhook's body names another job.")
    return kept


def _refusal(detail: str) -> InvalidMessageError:
    """Log one line about a signed report, without its content; return the refusal."""
    line = {
        "level": "WARNING",
        "service": "waveflow",
        "status": 422,
        "code": InvalidMessageError.code,
        "detail": detail,
    }
    _log.warning(json.dumps(line))
    return InvalidMessageError(detail)
