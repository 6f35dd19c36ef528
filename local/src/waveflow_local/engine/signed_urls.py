"""Check the signature, the age and the signed headers of a presigned URL, as S3 does.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from werkzeug.wrappers import Request

from waveflow_local import paths

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"
_NAMED = ("X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature")
INCOMPLETE = "AuthorizationQueryParametersError"


def refusal_of(request: Request) -> str | None:
    """Return S3's error code for a presigned URL that does not fit its request.

    Requests without a signature in the query, or by another access key, pass unchecked.
    """
    path, _, query = request.environ["RAW_URI"].partition("?")
    named = dict(parse_qsl(query, keep_blank_values=True))
    access_key, _, scope = named.get("X-Amz-Credential", "").partition("/")
    if access_key != paths.ACCESS_KEY or named.get("X-Amz-Algorithm") != _ALGORITHM:
        return None
    if not all(named.get(name) for name in _NAMED):
        return INCOMPLETE
    signature = named.pop("X-Amz-Signature")
    signed = _canonical(request, path=path, named=named)
    expected = _signature(signed, scope=scope, at=named["X-Amz-Date"])
    if not hmac.compare_digest(expected, signature):
        return "SignatureDoesNotMatch"
    return "AccessDenied" if _is_over(named) else None


def _is_over(named: dict[str, str]) -> bool:
    signed_at = datetime.strptime(f"{named['X-Amz-Date']}+0000", "%Y%m%dT%H%M%SZ%z")
    life = timedelta(seconds=int(named["X-Amz-Expires"]))
    return signed_at + life < datetime.now(UTC)


def _canonical(request: Request, *, path: str, named: dict[str, str]) -> str:
    """Return the text that a request's signature covers, before hashing."""
    pairs = sorted((_encoded(n), _encoded(value)) for n, value in named.items())
    headers = named["X-Amz-SignedHeaders"]
    lines = [f"{n}:{request.headers.get(n, '')}" for n in headers.split(";")]
    query = "&".join("=".join(pair) for pair in pairs)
    return "\n".join(
        [request.method, path, query, *lines, "", headers, "UNSIGNED-PAYLOAD"]
    )


def _signature(canonical: str, *, scope: str, at: str) -> str:
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{paths.SECRET_KEY}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    return _mac(key, f"{_ALGORITHM}\n{at}\n{scope}\n{digest}").hex()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _encoded(text: str) -> str:
    return quote(text, safe=_UNRESERVED)
