"""Answer documents with an ETag and in gzip, and every HEAD as its GET."""

import gzip
import hashlib

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIN_GZIP_BYTES = 1024  # less becomes no smaller
GZIP_LEVEL = 6
STREAMS = "/tokens/analysis-progress"  # a stream has no length, and takes a seat


def document_response(
    request: Request,
    body: bytes,
    *,
    media_type: str,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a document, in gzip where the client takes it; 304 for a known ETag.

    The ETag is weak, since it names the document and not its encoding.
    """
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    told = {
        "ETag": etag,
        "Vary": "Accept-Encoding",
        "Cache-Control": "private,no-cache",
    }
    told |= headers or {}
    if _is_known(etag, request.headers.get("If-None-Match", "")):
        return Response(status_code=304, headers=told)
    if len(body) >= MIN_GZIP_BYTES and _takes_gzip(request):
        body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        told["Content-Encoding"] = "gzip"
    return Response(body, media_type=media_type, headers=told)


class HeadAsGet:
    """ASGI middleware that answers HEAD with the headers of GET, but for streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run a HEAD request as a GET request whose body is dropped."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        if not is_head or scope["path"].startswith(STREAMS):
            await self._app(scope, receive, send)
            return

        async def send_headers(message: Message) -> None:
            bodiless = message["type"] == "http.response.body"
            await send({**message, "body": b""} if bodiless else message)

        await self._app({**scope, "method": "GET"}, receive, send_headers)


def _is_known(etag: str, known: str) -> bool:
    """Tell whether If-None-Match names the ETag; weak and strong tags compare equal."""
    opaque = {each.strip().removeprefix("W/") for each in known.split(",")}
    return "*" in opaque or etag.removeprefix("W/") in opaque


def _takes_gzip(request: Request) -> bool:
    """Tell whether Accept-Encoding names gzip with a weight above zero."""
    for each in request.headers.get("Accept-Encoding", "").split(","):
        name, _, weight = each.replace(" ", "").partition(";q=")
        if name.lower() == "gzip":
            return weight not in {"0", "0.0", "0.00", "0.000"}
    return False
