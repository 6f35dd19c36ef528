"""Tokens of the configured issuer, good and bad."""

import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from waveflow.api.adapters.bearer import BearerTokens
from waveflow.api.errors import IssuerUnavailableError, UnauthorizedError

PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = json.loads(ECAlgorithm.to_jwk(PRIVATE.public_key())) | {"kid": "k1"}
TOKENS = BearerTokens(
    json.dumps({"keys": [PUBLIC]}), issuer="https://id", audience="wf"
)


def token(key=PRIVATE, algorithm="ES256", kid="k1", **changed):
    """Return a valid token, but for the claims in `changed`."""
    claims = {"iss": "https://id", "aud": "wf", "sub": "kim", "exp": time.time() + 60}
    kept = {k: v for k, v in (claims | changed).items() if v is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers={"kid": kid})


def test_a_valid_token_names_its_owner():
    """A wrong subject would show an owner's jobs to another."""
    assert TOKENS.owner(token()) == "kim"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a.b.c",
        token(exp=time.time() - 3600),
        token(exp=None),
        token(sub=None),
        token(iss="https://other"),
        token(aud="other"),
        token(kid="k2"),
        token(sub=""),
        token(sub="x" * 256),
        token(sub="kim\nlee"),
        token(sub="\ud800"),
        token(key=ec.generate_private_key(ec.SECP256R1())),
        token(key="x" * 32, algorithm="HS256"),
        token(key=None, algorithm="none"),
    ],
)
def test_any_other_token_is_refused(bad):
    """A token that chose its algorithm could use a public key as a secret."""
    with pytest.raises(UnauthorizedError):
        TOKENS.owner(bad)


def test_keys_that_cannot_be_read_are_no_reason_to_refuse_a_token():
    """A client that is told 401 throws its good token away."""
    tokens = BearerTokens(
        "https://127.0.0.1:9/keys.json", issuer="https://id", audience="wf"
    )

    with pytest.raises(IssuerUnavailableError):
        tokens.owner(token())
    with pytest.raises(UnauthorizedError):
        tokens.owner("no token")
