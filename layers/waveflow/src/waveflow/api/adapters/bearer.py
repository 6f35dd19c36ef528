"""Read bearer tokens: JWTs of one issuer, by its public keys or one shared key."""

from typing import Any

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from waveflow.api.errors import IssuerUnavailableError, UnauthorizedError

# Algorithms by the kind of key: a token that chose could pass a public key off as
# a shared secret.
_ALGORITHMS = {
    "RSA": ["RS256", "RS384", "RS512"],
    "EC": ["ES256", "ES384"],
    "OKP": ["EdDSA"],
    "oct": ["HS256"],
}
LEEWAY_S = 30
KEYS_WITHIN_S = 5
MAX_SUBJECT = 255  # OpenID Connect's own limit; an upload's ticket carries the subject


class BearerTokens:
    """Verifier of the bearer tokens (JWTs) that one issuer signs for one audience."""

    def __init__(self, keys: str, *, issuer: str, audience: str | None) -> None:
        """Take the issuer's keys: a JWK set as JSON, or the https URL of a JWK set."""
        self._issuer = issuer
        self._audience = audience
        served = keys.startswith("https://")
        self._client = PyJWKClient(keys, timeout=KEYS_WITHIN_S) if served else None
        self._keys = [] if self._client else list(PyJWKSet.from_json(keys).keys)

    def owner(self, token: str) -> str:
        """Return the subject of a valid bearer token, or raise `UnauthorizedError`."""
        try:
            key = self._key(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS.get(str(key.key_type), []),
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "sub"]},
            )
        except jwt.PyJWTError as exc:
            raise UnauthorizedError("The token is not valid.") from exc
        return _subject(claims)

    def _key(self, token: str) -> PyJWK:
        if self._client is not None:
            return _served_key(self._client, token)
        named = jwt.get_unverified_header(token).get("kid")
        for key in self._keys:
            if named in {None, key.key_id}:
                return key
        raise jwt.InvalidKeyError


def _served_key(client: PyJWKClient, token: str) -> PyJWK:
    try:
        return client.get_signing_key_from_jwt(token)
    except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, ValueError) as exc:
        # A missing response, key set or JSON is the issuer's fault, not the token's.
        raise IssuerUnavailableError(
            "The issuer's keys cannot be read now; try again soon."
        ) from exc


def _subject(claims: dict[str, Any]) -> str:
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject.isprintable():
        raise UnauthorizedError("The token names nobody.")
    if not 0 < len(subject) <= MAX_SUBJECT:
        raise UnauthorizedError("The token's subject is too long, or empty.")
    return subject
