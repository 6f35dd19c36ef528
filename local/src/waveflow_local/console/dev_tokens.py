"""Sign bearer tokens for developers, with a key that everybody may know."""

import base64
import json
import time

ISSUER = "waveflow-local"
KEY_ID = "development"
LIFETIME_S = 30 * 24 * 3600
_KEY = b"waveflow-local-development-only!"  # 32 bytes; guards loopback only


def key_set() -> str:
    """Return the key for development tokens as a JWK set."""
    encoded = base64.urlsafe_b64encode(_KEY).decode().rstrip("=")
    return json.dumps({"keys": [{"kty": "oct", "kid": KEY_ID, "k": encoded}]})


def development_token(owner: str) -> str:
    """Return a bearer token for `owner` that is valid for 30 days."""
    import jwt

    now = int(time.time())
    claims = {"iss": ISSUER, "sub": owner, "iat": now, "exp": now + LIFETIME_S}
    return jwt.encode(claims, _KEY, algorithm="HS256", headers={"kid": KEY_ID})
