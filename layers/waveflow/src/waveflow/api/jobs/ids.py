"""Issue job ids that nobody can guess, and upload tickets that nobody can change.

An id is a UUID of version 8: 60 bits follow from what the job is about, and 62 bits
prove that the API issued the id. The same request is therefore the same job, and an id
whose execution is forgotten can be told from an invented one without a database. An
execution that is there needs no proof: ids outlive their secret.

Each purpose has a key of its own, derived from the API's secret by HKDF (RFC 5869).
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waveflow.api.schemas import JsonObject

_VERSION = 0x80
_VARIANT = 0x80
_HALF = 8
_ALGORITHM = "HS256"
_KEY_BYTES = 32
# PyJWS signs bytes as they are; `jwt.encode` would write Hangul as \uXXXX, and a
# ticket with the longest names must fit 4,096 characters of a URL.
_jws = jwt.PyJWS()


class Seal:
    """Signer of job ids and upload tickets, keyed by the API's own secret.

    The newest secret signs; while secrets rotate, every current secret verifies.
    """

    def __init__(self, secrets: Callable[[], tuple[str, ...]]) -> None:
        self._secrets = secrets

    def job_id(self, *parts: str) -> str:
        """Return the job id, a signed UUID, that follows from `parts`."""
        secret = self._secrets()[0]
        about = json.dumps(parts).encode()
        seed = bytearray(_mac(purpose_key(secret, "job seed"), about)[:_HALF])
        seed[6] = _VERSION | (seed[6] & 0x0F)
        return str(uuid.UUID(bytes=bytes(seed) + _proof(secret, bytes(seed))))

    def is_issued(self, job_id: str) -> bool:
        """Tell whether the API issued a job id, by the signature inside the id."""
        if not is_job_id(job_id):
            return False
        value = uuid.UUID(job_id).bytes
        seed, proof = value[:_HALF], value[_HALF:]
        return any(
            hmac.compare_digest(_proof(secret, seed), proof)
            for secret in self._secrets()
        )

    def close(self, content: Mapping[str, object]) -> str:
        """Return `content` as a ticket: signed text that fits a URL."""
        payload = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        key = purpose_key(self._secrets()[0], "ticket")
        return _jws.encode(payload.encode(), key, algorithm=_ALGORITHM)

    def open(self, ticket: str) -> JsonObject | None:
        """Return the content of a signed ticket, or None for any other text."""
        for secret in self._secrets():
            key = purpose_key(secret, "ticket")
            try:
                payload = _jws.decode(ticket, key, [_ALGORITHM])
            except jwt.InvalidTokenError:
                continue
            content: JsonObject = json.loads(payload)
            return content
        return None


def is_job_id(text: str) -> bool:
    """Tell whether a text has the form of a job id: a UUID in lower case."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _proof(secret: str, seed: bytes) -> bytes:
    proof = bytearray(_mac(purpose_key(secret, "job proof"), seed)[:_HALF])
    proof[0] = _VARIANT | (proof[0] & 0x3F)
    return bytes(proof)


def purpose_key(secret: str, purpose: str) -> bytes:
    """Return the key of one purpose, from which no other purpose's key follows."""
    info = f"waveflow api {purpose}".encode()
    derivation = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info)
    return derivation.derive(secret.encode())


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()
