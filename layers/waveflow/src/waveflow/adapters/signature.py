"""Sign webhooks by Standard Webhooks 1.0.0.

Source: https://github.com/standard-webhooks/standard-webhooks, spec 1.0.0.
"""

import base64
import hashlib
import hmac

from waveflow.errors import InternalError

_PREFIX = "whsec_"


def signature_headers(
    body: bytes, *, webhook_id: str, timestamp: int, secrets: tuple[str, ...]
) -> dict[str, str]:
    """Return the Standard Webhooks headers, signed with every secret in rotation."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    signatures = [_signature(signed, secret) for secret in secrets]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _signature(signed: bytes, secret: str) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError as exc:
        raise InternalError("A webhook secret is not base64.") from exc
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
