"""Issue job ids that nobody can guess and that we know again.

An id is a UUID of version 8: 60 bits that follow from what the job is about, and
62 bits that prove that we issued them. So the same request is the same job, and
an id whose execution is forgotten can be told from one that never was, without a
database. An execution that is there needs no proof: ids outlive their secret.
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

_VERSION = 0x80
_VARIANT = 0x80
_HALF = 8


class Seal:
    """Derives and checks everything that must not be made elsewhere."""

    def __init__(self, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._secrets = secrets

    def job_id(self, *parts: str) -> str:
        """Return the id of the job that `parts` describe."""
        key = self._secrets()[0]
        seed = bytearray(_mac(key, "seed", "\n".join(parts).encode())[:_HALF])
        seed[6] = _VERSION | (seed[6] & 0x0F)
        return str(uuid.UUID(bytes=bytes(seed) + _proof(key, bytes(seed))))

    def issued(self, job_id: str) -> bool:
        """Tell whether we issued an id."""
        if not is_job_id(job_id):
            return False
        value = uuid.UUID(job_id).bytes
        seed, proof = value[:_HALF], value[_HALF:]
        return any(
            hmac.compare_digest(_proof(key, seed), proof) for key in self._secrets()
        )

    def close(self, content: Mapping[str, Any]) -> str:
        """Return `content` as text that fits a URL and cannot be changed."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        body = _encode(text.encode())
        return f"{body}.{_encode(_mac(self._secrets()[0], 'ticket', body.encode()))}"

    def open(self, sealed: str) -> dict[str, Any] | None:
        """Return what `close` was given, or None for anything else."""
        body, _, proof = sealed.partition(".")
        if not sealed.isascii() or not any(
            hmac.compare_digest(_encode(_mac(key, "ticket", body.encode())), proof)
            for key in self._secrets()
        ):
            return None
        content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
        return content


def is_job_id(text: str) -> bool:
    """Tell whether a text has the form of a job's id."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _proof(key: str, seed: bytes) -> bytes:
    proof = bytearray(_mac(key, "proof", seed)[:_HALF])
    proof[0] = _VARIANT | (proof[0] & 0x3F)
    return bytes(proof)


def _mac(key: str, purpose: str, content: bytes) -> bytes:
    return hmac.new(
        key.encode(), f"waveflow {purpose}\n".encode() + content, hashlib.sha256
    ).digest()


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
